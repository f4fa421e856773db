"""Gets producers of other nodes: from their node, or in a large room from one that gets them itself (`cascade`).

Opening waits for the other node and the core. Closing and pausing follow the room's records, and what the other node
answers (`link_messages`).
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

import structlog

from hubbub_contracts import ids
from hubbub_contracts.bus.pipe import MAX_LINKS, OpenPipe, PipeOpened
from hubbub_contracts.bus.records import Placement
from hubbub_contracts.errors import ErrorCode, HubbubError
from hubbub_media_core import commands

from ..domain.entities import AnyProducer, Room, Router
from ..domain.incoming_links import IncomingLink, RemoteProducer
from ..domain.link_ends import new_end
from ..domain.negotiation import piped_parameters
from ..domain.pipe_specs import on_node_link, pipe_specs
from ..domain.pipes import CoreObject
from .context import NodeContext
from .node_links import make_end
from .pipes import create_end, producer_on, tell_core

_log = structlog.get_logger(__name__)

LINK_TIMEOUT: Final = 2.0
"""Seconds for which one waits for another one that makes a link from the same node: it may be dead."""


PATH_LINGER: Final = 10.0
"""Seconds for which a producer comes by the path by which it was opened, if that still works."""


class Wanted(NamedTuple):
    """A producer that is to be opened."""

    producer_id: str
    origin: Placement
    path: tuple[str, ...]
    """The nodes by which it comes; the last one is that of `origin`."""
    via: Sequence[str]
    """The nodes that wait for it."""


async def find_producer(
    context: NodeContext, router: Router, producer_id: str, origin: Placement | None
) -> AnyProducer:
    """A producer of any peer in the router's room. Gets it from its node if it is on another one.

    `origin` is that node, if the requester knows it: what this node has may be a copy of a standby. The room's record
    precedes it: the one of a producer that moves is the newest. Raises a retryable `not_found`: the requester's view of
    the room may be ahead of this node, or behind it. Raises what `open_remote` raises.
    """
    placed = router.room.view.producer(producer_id)
    if placed is not None and placed.placement is not None:
        origin = placed.placement
    if origin is not None and origin.node_id != context.lease.placement.node_id:
        return await open_remote(context, router, producer_id, origin)
    producer = context.entities.producers.get(producer_id)
    if producer is None or producer.room is not router.room:
        raise HubbubError(ErrorCode.NOT_FOUND, "this room has no such producer on this node", retryable=True)
    return producer


async def find_source(
    context: NodeContext, router: Router, producer_id: str, origin: Placement | None
) -> tuple[AnyProducer, int]:
    """A producer as `find_producer`, and its id in the core on the router, where it can be consumed now.

    Raises what `find_producer` and `producer_on` raise.
    """
    while True:
        producer = await find_producer(context, router, producer_id, origin)
        source = await producer_on(context, producer, router)
        if not producer.has_left:  # meanwhile
            return producer, source


async def open_remote(
    context: NodeContext, router: Router, producer_id: str, origin: Placement, via: Sequence[str] = ()
) -> RemoteProducer:
    """A producer of the node `origin`. Opens a pipe to `router` unless this node has the producer already.

    `via`: the nodes that wait for it. Raises a retryable `not_found` when the other node does not have it, and a
    retryable `unavailable`.
    """
    room = router.room
    async with context.pipe_locks.of(room.id, producer_id, origin):
        found = context.entities.incoming.find(room, producer_id, origin)
        if found is not None:
            return found
        # Of a node that was restarted, the newest incarnation.
        nodes = {node.node_id: node for node in sorted(room.view.other_nodes(), key=lambda node: node.epoch)}
        path = room.cascade.path(origin.node_id, nodes)
        wanted = Wanted(producer_id, origin, path, via)
        if len(path) > 1:
            try:
                return await _open_from(context, router, nodes[path[0]], wanted)
            except HubbubError as error:
                _log.info("a node does not pass a producer on", node_id=path[0], error=error.message)
                kept = context.entities.incoming.keep_direct(room, producer_id, origin, time.monotonic())
                if kept is not None:
                    return kept
        return await _open_from(context, router, origin, wanted._replace(path=(origin.node_id,)))


def follow_paths(context: NodeContext, room: Room, now: float) -> None:
    """Has the producers of other nodes replaced whose paths have changed. `now` is seconds of a monotonic clock.

    At once when a node on the way has left the room, or its incarnation that was asked. Otherwise a path is kept for
    `PATH_LINGER`: nodes come one after the other.
    """
    others: set[Placement] = set()
    nodes: set[str] | None = None
    paths: dict[str, tuple[str, ...]] = {}
    for remote in context.entities.incoming.of_room(room):
        if nodes is None:
            others = set(room.view.other_nodes())
            nodes = {node.node_id for node in others}
        if not nodes:
            return  # the room is not known at the moment
        origin = remote.origin.node_id
        if origin not in paths:
            paths[origin] = room.cascade.path(origin, nodes)
        is_broken = len(remote.path) > 1 and (remote.link.node not in others or not nodes.issuperset(remote.path[:-1]))
        if remote.has_left or (paths[origin] == remote.path and not is_broken):
            continue
        remote.is_misplaced = is_broken or now - remote.opened_at >= PATH_LINGER


def follow_records(context: NodeContext, room: Room, peer_ids: Collection[str]) -> None:
    """Pauses and closes the producers of other nodes as the records of these peers say, which have just changed."""
    for remote in context.entities.incoming.of_room(room):
        if not _learn(context, room, remote) and remote.owner in peer_ids:
            _close(context, remote)
    tell_core(context)


def tend_remote_producers(context: NodeContext, room: Room, now: float) -> None:
    """Closes those that the room's records, which must be complete, have lacked for long. Call it periodically.

    One was opened for a requester who knows more than this node, or the registry is behind.
    """
    for remote in context.entities.incoming.of_room(room):
        if _learn(context, room, remote):
            remote.missing_since = None
            continue
        remote.missing_since = now if remote.missing_since is None else remote.missing_since
        if now - remote.missing_since >= context.confirmation_timeout:
            _close(context, remote)
    tell_core(context)


def _close(context: NodeContext, remote: RemoteProducer) -> None:
    remote.origin_closed = True
    context.entities.incoming.close(remote)


def _learn(context: NodeContext, room: Room, remote: RemoteProducer) -> bool:
    """Takes over what the room's records say of a producer. False when they do not have it.

    One that they have on another node is handed over (`handover`).
    """
    placed = room.view.producer(remote.id)
    if placed is None:
        return False
    remote.owner, remote.stays = placed.peer_id, placed.is_speech and not room.is_idle
    if remote.paused != placed.record.paused:
        context.entities.incoming.set_paused(remote, paused=placed.record.paused)
        context.entities.pipes.origin_changed(remote)
    return True


async def _open_from(context: NodeContext, router: Router, node: Placement, wanted: Wanted) -> RemoteProducer:
    """Opens a pipe from a node. Asks it once more when the link that it chose was closed meanwhile."""
    for _ in range(2):
        remote = await _ask(context, router, node, wanted)
        if remote is not None:
            return remote
    raise HubbubError(ErrorCode.UNAVAILABLE, "the link was closed meanwhile", retryable=True)


async def _ask(context: NodeContext, router: Router, node: Placement, wanted: Wanted) -> RemoteProducer | None:
    """As `_open`. A pipe that needs a link makes it, and all others share it."""
    deadline = time.monotonic() + LINK_TIMEOUT
    async with context.pipe_locks.of(router.core_id, node.node_id, node.epoch):
        if time.monotonic() >= deadline:
            raise HubbubError(ErrorCode.UNAVAILABLE, "the producer's node does not answer", retryable=True)
        if not context.entities.incoming.links_from(router, node):
            return await _open(context, router, node, wanted)
    return await _open(context, router, node, wanted)


async def _open(context: NodeContext, router: Router, node: Placement, wanted: Wanted) -> RemoteProducer | None:
    """Opens a pipe over a link that is there, or a new one. None when that is closed before the answer."""
    incoming, own = context.entities.incoming, context.lease.placement
    link_id, ours = ids.mint(), new_end(context.link_ip(), context.core.addresses[router.worker][1])
    opened = await context.nodes.request(
        node,
        OpenPipe(
            room_id=router.room.id,
            producer_id=wanted.producer_id,
            node_id=own.node_id,
            epoch=own.epoch,
            link_id=link_id,
            offer=ours.described,
            links=[link.id for link in incoming.links_for(router, node, wanted.producer_id)][:MAX_LINKS],
            origin=None if wanted.origin == node else wanted.origin,
            via=list(wanted.via),
        ),
    )
    if context.entities.router_by_core_id(router.core_id) is not router:
        raise HubbubError(ErrorCode.NOT_FOUND, "the room left this worker", retryable=True)
    link = incoming.find_link(opened.link_id)
    if link is None:
        if opened.end is None or opened.link_id != link_id:
            return None
        transport = CoreObject(router.worker, context.entities.next_core_id())
        link = IncomingLink(
            id=link_id, router=router, node=node, transport=transport, ours=ours.described, theirs=opened.end
        )
        await make_end(context, incoming, link, ours)
    try:
        return await _add(context, link, wanted, opened)
    except BaseException:
        if not link.carried:
            incoming.close_link(link)
            tell_core(context)
        raise


async def _add(context: NodeContext, link: IncomingLink, wanted: Wanted, opened: PipeOpened) -> RemoteProducer:
    incoming = context.entities.incoming
    if opened.kind == "other":
        raise HubbubError(ErrorCode.UNSUPPORTED, "the producer is of a kind that this node does not know")
    parameters = piped_parameters(opened.rtp_parameters)
    consumable = piped_parameters(opened.consumable_rtp_parameters)
    specs = pipe_specs(opened.kind, parameters, paused=opened.paused, is_microphone=opened.is_microphone)
    spec = on_node_link(specs, consumable).producer
    core_id = context.entities.next_core_id()
    remote = RemoteProducer(
        id=wanted.producer_id,
        core_id=core_id,
        kind=opened.kind,
        spec=spec,
        consumable=consumable,
        type=opened.type,
        paused=opened.paused,
        link=link,
        origin=wanted.origin,
        path=wanted.path,
        opened_at=time.monotonic(),
        end=CoreObject(link.router.worker, core_id),
        wanted=(False,) * len(spec.encodings),
        told_paused=opened.paused,
    )
    incoming.add(link, remote)
    try:
        command = commands.CreateProducer(producer=core_id, transport=link.transport.core_id, spec=spec)
        await create_end(context, remote.end, command)
        if remote.closing:
            raise HubbubError(ErrorCode.NOT_FOUND, "the room left this worker", retryable=True)
    except BaseException:
        incoming.close(remote)
        tell_core(context)
        raise
    _learn(context, link.router.room, remote)
    tell_core(context)
    return remote

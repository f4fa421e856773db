"""Requests of other nodes for producers that this one has, or gets from another node.

In a large room a node gets a producer from one that gets it itself (`domain.cascade`). That one is then opened here
first.
"""

from __future__ import annotations

import time
from typing import Any, cast

from hubbub_contracts.bus.pipe import MAX_VIA, OpenPipe, PipeOpened, PipesWanted, WantPipes
from hubbub_contracts.bus.records import Placement
from hubbub_contracts.errors import ErrorCode, HubbubError
from hubbub_media_core import commands

from ..domain.entities import AnyProducer, Router
from ..domain.link_ends import new_end
from ..domain.outgoing_links import OutgoingLink, OutgoingPipe
from ..domain.pipe_specs import on_node_link, pipe_parameters, pipe_specs
from ..domain.pipes import CoreObject
from .context import NodeContext
from .node_links import make_end
from .pipes import create_end, tell_core
from .remote_producers import open_remote


async def open_pipe(context: NodeContext, request: OpenPipe) -> PipeOpened:
    """Makes a producer ready to be sent, over one of the links that the request names."""
    router = (await _find_or_open(context, request)).router
    async with context.pipe_locks.of(request.node_id, request.epoch, router.core_id):
        producer = _find(context, request.room_id, request.producer_id, request.origin)
        if producer is None or producer.router is not router:
            raise HubbubError(ErrorCode.NOT_FOUND, "the producer was closed meanwhile", retryable=True)
        link = context.entities.outgoing.choose([request.link_id, *request.links], producer)
        if link is None:
            link = await _accept(context, router, request)
        pipe = link.find(producer.id)
        if pipe is None:
            opened: PipeOpened | None = await _open(context, producer, link)
        else:
            pipe.named_at = time.monotonic()  # it may not have been wanted for a while
            opened = pipe.opened
        if opened is None:
            raise HubbubError(ErrorCode.UNAVAILABLE, "the pipe is being closed", retryable=True)
        end = link.ours if link.id == request.link_id else None
        return opened.model_copy(update={"end": end, "paused": producer.paused})


async def want_pipes(context: NodeContext, request: WantPipes) -> PipesWanted:
    """Sends what another node wants. Answers what cannot be sent."""
    entities = context.entities
    link = entities.outgoing.find_link(request.link_id)
    if link is not None and link.router.room.id == request.room_id:
        now = time.monotonic()
        entities.outgoing.want(link, request.wanted, request.sequence, now, request.relay, idle=request.idle)
        tell_core(context)
    sent = {} if link is None else {pipe.origin.id: pipe.origin for pipe in link.carried if not pipe.closing}
    absent = request.wanted.keys() - sent.keys()
    closed = {producer_id for producer_id in absent if not _has(context, request.room_id, producer_id)}
    named = [origin for producer_id, origin in sent.items() if producer_id in request.wanted]
    return PipesWanted(
        closed=sorted(closed),
        missing=sorted(absent - closed),
        scores={origin.id: origin.score for origin in named if origin.score is not None},
        cut_off=[origin.id for origin in named if origin.is_cut_off],
        replaced=[origin.id for origin in named if origin.is_misplaced],
    )


def _has(context: NodeContext, room_id: str, producer_id: str) -> bool:
    """Whether this node has a producer of a peer here, or any copy of one of another node."""
    if _find(context, room_id, producer_id, None) is not None:
        return True
    room = context.entities.rooms.get(room_id)
    return room is not None and any(each.id == producer_id for each in context.entities.incoming.of_room(room))


def _find(context: NodeContext, room_id: str, producer_id: str, origin: Placement | None) -> AnyProducer | None:
    """A producer of a peer here, or of the node `origin`, as this node gets it already."""
    if origin is None or origin.node_id == context.lease.placement.node_id:
        producer = context.entities.producers.get(producer_id)
        if producer is None or producer.room_id != room_id or producer.is_closing:
            return None
        return producer
    room = context.entities.rooms.get(room_id)
    return None if room is None else context.entities.incoming.find(room, producer_id, origin)


async def _find_or_open(context: NodeContext, request: OpenPipe) -> AnyProducer:
    """As `_find`. Gets a producer of another node from there first.

    Raises a retryable `not_found`: it may be about to move here, was just closed, or nobody of the room is here any
    more. Raises what `open_remote` raises.
    """
    producer = _find(context, request.room_id, request.producer_id, request.origin)
    if producer is not None:
        return producer
    own = context.lease.placement.node_id
    room = context.entities.rooms.get(request.room_id)
    if room is None or request.origin is None or request.origin.node_id == own:
        raise HubbubError(ErrorCode.NOT_FOUND, "this room has no such producer on this node", retryable=True)
    via = [*request.via, request.node_id]
    if own in via or len(via) > MAX_VIA:
        raise HubbubError(ErrorCode.UNAVAILABLE, "the nodes wait for each other", retryable=True)
    gateway = next(iter(room.routers.values()))
    return await open_remote(context, gateway, request.producer_id, request.origin, via=via)


async def _accept(context: NodeContext, router: Router, request: OpenPipe) -> OutgoingLink:
    """Makes our end of the link that another node offers."""
    outgoing = context.entities.outgoing
    if outgoing.find_link(request.link_id) is not None:
        raise HubbubError(ErrorCode.CONFLICT, "the link id is already in use")
    ours = new_end(context.link_ip(), context.core.addresses[router.worker][1])
    link = OutgoingLink(
        id=request.link_id,
        router=router,
        node=Placement(node_id=request.node_id, epoch=request.epoch),
        transport=CoreObject(router.worker, context.entities.next_core_id()),
        ours=ours.described,
        theirs=request.offer,
        heard_at=time.monotonic(),
    )
    return await make_end(context, outgoing, link, ours)


async def _open(context: NodeContext, producer: AnyProducer, link: OutgoingLink) -> PipeOpened:
    outgoing = context.entities.outgoing
    parameters = pipe_parameters(producer.spec, producer.consumable, link.ssrcs.block)
    specs = pipe_specs(producer.kind, parameters, paused=producer.paused, is_microphone=producer.spec.is_microphone)
    nothing = (False,) * len(producer.spec.encodings)
    pipe = OutgoingPipe(
        origin=producer,
        link=link,
        end=CoreObject(link.router.worker, context.entities.next_core_id()),
        wanted=nothing,
        told=nothing,
        named_at=time.monotonic(),
    )
    outgoing.add(link, pipe)
    command = commands.CreatePipeConsumer(
        consumer=pipe.end.core_id,
        transport=link.transport.core_id,
        producer=producer.core_id,
        spec=on_node_link(specs, producer.consumable).consumer,
    )
    try:
        await create_end(context, pipe.end, command)
        if pipe.closing:
            raise HubbubError(ErrorCode.NOT_FOUND, "the producer was closed", retryable=True)
    except BaseException as error:
        outgoing.close(pipe)
        tell_core(context)
        if isinstance(error, HubbubError) and error.code is ErrorCode.QUOTA_EXCEEDED:
            link.is_full = True  # the other node makes another link when it repeats this
            raise HubbubError(ErrorCode.UNAVAILABLE, "the link has no SSRCs left", retryable=True) from error
        raise
    pipe.opened = PipeOpened(
        link_id=link.id,
        kind=producer.kind,
        type=producer.type,
        paused=producer.paused,
        is_microphone=producer.spec.is_microphone,
        rtp_parameters=cast("dict[str, Any]", parameters),
        consumable_rtp_parameters=cast("dict[str, Any]", producer.consumable),
    )
    outgoing.changed(pipe)  # a microphone is sent at once
    tell_core(context)
    return pipe.opened

"""The part of a room on this node: the first transport there creates it, and a router on the worker of each peer."""

from __future__ import annotations

import time
from functools import partial

from hubbub_contracts.errors import ErrorCode, HubbubError
from hubbub_media_core import CoreError, commands

from ..domain.cascade import Cascade
from ..domain.codec_profiles import router_capabilities
from ..domain.confirmation_tracker import ConfirmationTracker
from ..domain.entities import Room, Router
from ..domain.room_view import RoomView
from ..domain.worker_selection import WorkerChoice
from .closing import close_departed
from .context import NodeContext
from .handover import tend_handovers
from .microphones import has_missing_microphones, share_microphones
from .mutes import pause_muted
from .remote_producers import follow_paths, follow_records
from .standbys import tend_standbys


def router_for(context: NodeContext, room_id: str, peer_id: str, codec_profile: str) -> Router:
    """The router for a peer's transports: all of them are on one worker, which its first one chooses.

    The caller adds a transport to it without an await in between. Raises `conflict` when the room has another codec
    profile.
    """
    room = context.entities.rooms.get(room_id) or _new_room(context, room_id, codec_profile)
    if room.codec_profile != codec_profile:
        raise HubbubError(ErrorCode.CONFLICT, "the room has another codec profile on this node")
    router = room.router_of(peer_id)
    if router is None:
        worker = _choose_worker(context, room)
        router = room.routers.get(worker) or _add_router(context, room, worker)
    return router


def _choose_worker(context: NodeContext, room: Room) -> int:
    entities = context.entities
    workers = WorkerChoice(
        cpu=context.loads.cpu(),
        rooms=entities.routers_per_worker(len(context.core.addresses)),
        turn=entities.routers_created,
    )
    peers = {router.worker: len(router.peer_ids()) for router in room.routers.values()}
    return workers.for_peer(peers, context.room_peers_per_worker)


def _new_room(context: NodeContext, room_id: str, codec_profile: str) -> Room:
    return Room(
        id=room_id,
        codec_profile=codec_profile,
        capabilities=router_capabilities(codec_profile),
        view=RoomView(
            context.lease.placement,
            partial(_on_departed, context, room_id),
            partial(_on_muted, context, room_id),
            partial(_on_changed, context, room_id),
        ),
        confirmations=ConfirmationTracker(context.confirmation_timeout),
        cascade=Cascade(context.lease.placement.node_id, context.room_fan_out),
    )


def _add_router(context: NodeContext, room: Room, worker: int) -> Router:
    """Creates a router, and with the first one starts a replica of the room."""
    router = Router(core_id=context.entities.next_core_id(), room=room, worker=worker)
    try:
        context.core.send(worker, commands.CreateRouter(router=router.core_id))
    except CoreError as error:
        raise HubbubError(ErrorCode.UNAVAILABLE, f"create_router: {error.code}", retryable=True) from error
    if not room.routers:
        context.replicas.follow(room.id, room.view)
    context.entities.add_router(router)
    if len(room.routers) > 1:
        context.tasks.spawn(share_microphones(context, room), "share-microphones")
    return router


def _on_departed(context: NodeContext, room_id: str, peer_ids: set[str]) -> None:
    """Closes peers that this node no longer hosts (docs/closures.md, rows 8 and 9)."""
    context.tasks.spawn(close_departed(context, room_id, peer_ids), "close-departed")


def _on_muted(context: NodeContext, room_id: str) -> None:
    """Pauses what a moderator muted."""
    context.tasks.spawn(pause_muted(context, room_id), "pause-muted")


def _on_changed(context: NodeContext, room_id: str, peer_ids: set[str]) -> None:
    """Lets peers go on whose standby this node was. Closes, pauses and hands over what peers of other nodes have
    closed, paused and replaced, and gets their new microphones."""
    room = context.entities.rooms.get(room_id)
    if room is not None:
        tend_standbys(context, room, peer_ids)  # first: they receive nothing until then
        follow_records(context, room, peer_ids)
        now = time.monotonic()
        follow_paths(context, room, now)
        tend_handovers(context, room, now)
        if has_missing_microphones(context, room):
            context.tasks.spawn(share_microphones(context, room), "share-microphones")

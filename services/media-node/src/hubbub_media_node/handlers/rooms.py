"""The part of a room on this node, which the first transport there creates."""

from __future__ import annotations

from functools import partial

from hubbub_contracts.errors import ErrorCode, HubbubError
from hubbub_media_core import CoreError, commands

from ..domain.codec_profiles import router_capabilities
from ..domain.confirmation_tracker import ConfirmationTracker
from ..domain.entities import Room
from ..domain.room_view import RoomView
from ..domain.worker_selection import least_loaded_worker
from .closing import close_departed
from .context import NodeContext
from .mutes import pause_muted


def room_for(context: NodeContext, room_id: str, codec_profile: str) -> Room:
    """The room, created if it is not here. The caller adds a transport to it without an await in between.

    Raises `conflict` when it has another codec profile.
    """
    room = context.entities.rooms.get(room_id)
    if room is None:
        return _add_room(context, room_id, codec_profile)
    if room.codec_profile != codec_profile:
        raise HubbubError(ErrorCode.CONFLICT, "the room has another codec profile on this node")
    return room


def _add_room(context: NodeContext, room_id: str, codec_profile: str) -> Room:
    """Creates a router on the least loaded worker and starts a replica of the room."""
    entities = context.entities
    capabilities = router_capabilities(codec_profile)
    rooms = entities.rooms_per_worker(len(context.core.addresses))
    room = Room(
        id=room_id,
        worker=least_loaded_worker(context.loads.cpu(), rooms, entities.rooms_created),
        router=entities.next_core_id(),
        codec_profile=codec_profile,
        capabilities=capabilities,
        view=RoomView(
            context.lease.placement, partial(_on_departed, context, room_id), partial(_on_muted, context, room_id)
        ),
        confirmations=ConfirmationTracker(context.confirmation_timeout),
    )
    try:
        context.core.send(room.worker, commands.CreateRouter(router=room.router))
    except CoreError as error:
        raise HubbubError(ErrorCode.UNAVAILABLE, f"create_router: {error.code}", retryable=True) from error
    entities.add_room(room)
    context.replicas.follow(room_id, room.view)
    return room


def _on_departed(context: NodeContext, room_id: str, peer_ids: set[str]) -> None:
    """Closes peers that this node no longer hosts (docs/closures.md, rows 8 and 9)."""
    context.tasks.spawn(close_departed(context, room_id, peer_ids), "close-departed")


def _on_muted(context: NodeContext, room_id: str) -> None:
    """Pauses what a moderator muted."""
    context.tasks.spawn(pause_muted(context, room_id), "pause-muted")

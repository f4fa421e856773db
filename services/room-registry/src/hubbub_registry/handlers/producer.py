"""`producer.add`, `producer.replace`, `producer.set-paused`, `producer.remove`.

Each change is one write of the peer's record.
"""

from __future__ import annotations

from functools import partial

from hubbub_contracts import ErrorCode, HubbubError, QuotaExceeded
from hubbub_contracts.bus.producer import AddProducer, Registered, RemoveProducers, ReplaceProducer, SetProducerPaused
from hubbub_contracts.bus.records import PeerRecord

from ..domain.producers import add_producer, remove_producers, replace_producer, set_producer_paused
from .context import RegistryContext
from .moderation import has_muted_running, is_muted, pause_muted
from .room_bytes import require_room_bytes
from .update_peer import Change, update_peer


async def add(context: RegistryContext, request: AddProducer) -> Registered:
    """Adds a producer; repeating the request changes nothing.

    Raises `room_not_found`, `not_found`, `invalid_state` when the peer was moved, `not_allowed` when it is hidden,
    `conflict`, `quota_exceeded`.
    """

    def change(peer: PeerRecord) -> PeerRecord | None:
        if peer.watches:
            raise HubbubError(ErrorCode.NOT_ALLOWED, "a peer in the audience cannot produce")
        if peer.hidden:
            raise HubbubError(ErrorCode.NOT_ALLOWED, "a hidden peer cannot produce")
        changed = add_producer(peer, request, context.limits.producers_per_peer)
        room = context.store.rooms.get(request.room_id)
        if changed is not None and room is not None:
            limit = context.limits.producers_per_room
            if sum(len(each.producer_kinds) for each in room.peers.values()) >= limit:
                raise QuotaExceeded("producersOfRoom", f"a room can have at most {limit} producers")
            require_room_bytes(context, room, changed.producers[-1])
        return changed

    added = await _update(context, request, change)
    await _require_place(context, request, added)
    return added if request.paused else await _settled(context, request, added)


async def _require_place(context: RegistryContext, request: AddProducer, added: Registered) -> None:
    """Removes the producer when the room has too many since that write. Two that come at once may both be refused."""
    await context.store.wait_for(added.revision)
    room, limit = context.store.rooms.get(request.room_id), context.limits.producers_per_room
    if room is None or sum(len(each.producer_kinds) for each in room.peers.values()) <= limit:
        return
    producers = frozenset({request.producer_id})
    await _update(context, request, partial(remove_producers, producer_ids=producers))
    raise QuotaExceeded("producersOfRoom", f"a room can have at most {limit} producers")


async def replace(context: RegistryContext, request: ReplaceProducer) -> Registered:
    """Moves a producer to its peer's new node; repeating the request changes nothing.

    A producer that is paused, or muted, stays so. Raises `room_not_found`, `not_found`, and `invalid_state` when the
    peer was moved.
    """

    def change(peer: PeerRecord) -> PeerRecord | None:
        replaced = replace_producer(peer, request)
        if replaced is not None and is_muted(context, peer, request.producer_id):
            # Before the others see it run for a moment.
            return set_producer_paused(replaced, request.producer_id, paused=True) or replaced
        return replaced

    settled = await _settled(context, request, await _update(context, request, change))
    paused = not request.paused and _is_paused(context, request)
    return settled.model_copy(update={"paused": paused})


async def set_paused(context: RegistryContext, request: SetProducerPaused) -> Registered:
    """Pauses or resumes a producer. Raises `room_not_found`, `not_found`, and `muted` when a moderator muted it."""

    def change(peer: PeerRecord) -> PeerRecord | None:
        if not request.paused and is_muted(context, peer, request.producer_id):
            raise _muted()  # before the others see it run for a moment
        return set_producer_paused(peer, request.producer_id, paused=request.paused)

    written = await _update(context, request, change)
    if request.paused:
        return written
    settled = await _settled(context, request, written)
    if settled.paused:
        raise _muted()
    return settled


async def remove(context: RegistryContext, request: RemoveProducers) -> Registered:
    """Removes producers and ignores unknown ids. Raises `room_not_found` and `not_found` for the peer."""
    return await _update(context, request, partial(remove_producers, producer_ids=frozenset(request.producer_ids)))


async def _settled(
    context: RegistryContext, request: AddProducer | ReplaceProducer | SetProducerPaused, written: Registered
) -> Registered:
    """What `written` is once the producer of a muted source, which runs since that write, is paused again."""
    await context.store.wait_for(written.revision)  # from here on, the copy contains every mute before the write
    if not has_muted_running(context, request.room_id, request.peer_id):
        return written
    revision = await pause_muted(context, request.room_id, request.peer_id)
    return Registered(revision=max(revision, written.revision), paused=_is_paused(context, request))


def _is_paused(context: RegistryContext, request: AddProducer | ReplaceProducer | SetProducerPaused) -> bool:
    """By the copy of the store."""
    peer = context.store.rooms.find_peer(request.room_id, request.peer_id)
    producers = [] if peer is None else peer.record.producers
    return any(each.producer_id == request.producer_id and each.paused for each in producers)


async def _update(
    context: RegistryContext,
    request: AddProducer | ReplaceProducer | SetProducerPaused | RemoveProducers,
    change: Change,
) -> Registered:
    return Registered(revision=await update_peer(context.store, request.room_id, request.peer_id, change))


def _muted() -> HubbubError:
    return HubbubError(ErrorCode.MUTED, "a moderator muted this source")

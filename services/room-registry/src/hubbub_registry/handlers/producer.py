"""`producer.add`, `producer.set-paused`, `producer.remove`. Each change is one write of the peer's record."""

from __future__ import annotations

from functools import partial

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.producer import AddProducer, Registered, RemoveProducers, SetProducerPaused
from hubbub_contracts.bus.records import PeerRecord

from ..domain.producers import add_producer, remove_producers, set_producer_paused
from .context import RegistryContext
from .room_bytes import require_room_bytes
from .update_peer import Change, update_peer


async def add(context: RegistryContext, request: AddProducer) -> Registered:
    """Adds a producer; repeating the request changes nothing.

    Raises `room_not_found`, `not_found`, `invalid_state` when the peer was moved, `not_allowed` when it is hidden,
    `conflict`, `quota_exceeded`.
    """

    def change(peer: PeerRecord) -> PeerRecord | None:
        if peer.hidden:
            raise HubbubError(ErrorCode.NOT_ALLOWED, "a hidden peer cannot produce")
        changed = add_producer(peer, request, context.limits.producers_per_peer)
        room = context.store.rooms.get(request.room_id)
        if changed is not None and room is not None:
            require_room_bytes(context, room, changed.producers[-1])
        return changed

    return await _update(context, request, change)


async def set_paused(context: RegistryContext, request: SetProducerPaused) -> Registered:
    """Pauses or resumes a producer. Raises `room_not_found` and `not_found`."""
    return await _update(
        context, request, partial(set_producer_paused, producer_id=request.producer_id, paused=request.paused)
    )


async def remove(context: RegistryContext, request: RemoveProducers) -> Registered:
    """Removes producers and ignores unknown ids. Raises `room_not_found` and `not_found` for the peer."""
    return await _update(context, request, partial(remove_producers, producer_ids=frozenset(request.producer_ids)))


async def _update(
    context: RegistryContext, request: AddProducer | SetProducerPaused | RemoveProducers, change: Change
) -> Registered:
    return Registered(revision=await update_peer(context.store, request.room_id, request.peer_id, change))

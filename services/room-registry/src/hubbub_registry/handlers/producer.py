"""Producers: what the room is told of them. Each change is one write of the peer's record."""

from __future__ import annotations

from hubbub_contracts.bus.producer import AddProducer, Registered, RemoveProducers, SetProducerPaused
from hubbub_contracts.bus.records import PeerRecord, ProducerRecord
from hubbub_registry.domain.limits import Limits
from hubbub_registry.domain.producers import added, paused, removed
from hubbub_registry.handlers.change_peer import change_peer
from hubbub_registry.handlers.store import RoomStore


class ProducerHandler:
    """Answers `producer.add`, `producer.set-paused` and `producer.remove`."""

    def __init__(self, store: RoomStore, limits: Limits) -> None:
        self._store = store
        self._limits = limits

    async def add(self, message: AddProducer) -> Registered:
        """Raises `not_found`, `invalid_state` when the peer moved, `quota_exceeded`, `conflict`."""

        def change(peer: PeerRecord) -> PeerRecord | None:
            return _with(peer, added(peer, message, self._limits.producers_per_peer))

        return Registered(revision=await change_peer(self._store, message.room_id, message.peer_id, change))

    async def set_paused(self, message: SetProducerPaused) -> Registered:
        """Raises `not_found`."""

        def change(peer: PeerRecord) -> PeerRecord | None:
            return _with(peer, paused(peer, message.producer_id, is_paused=message.paused))

        return Registered(revision=await change_peer(self._store, message.room_id, message.peer_id, change))

    async def remove(self, message: RemoveProducers) -> Registered:
        """Raises `not_found` when the peer is gone."""

        def change(peer: PeerRecord) -> PeerRecord | None:
            return _with(peer, removed(peer, frozenset(message.producer_ids)))

        return Registered(revision=await change_peer(self._store, message.room_id, message.peer_id, change))


def _with(peer: PeerRecord, producers: list[ProducerRecord] | None) -> PeerRecord | None:
    return None if producers is None else peer.model_copy(update={"producers": producers})

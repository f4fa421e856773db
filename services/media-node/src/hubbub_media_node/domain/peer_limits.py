"""Limits on the objects of one peer."""

from __future__ import annotations

from dataclasses import dataclass

from hubbub_contracts.errors import Limit, QuotaExceeded

from .entity_store import EntityStore


@dataclass(frozen=True, slots=True)
class PeerLimits:
    """The maximum number of objects per peer. Each check raises `quota_exceeded` when the maximum is reached."""

    transports: int = 8
    producers: int = 32
    consumers: int = 512

    def check_transports(self, entities: EntityStore, room_id: str, peer_id: str) -> None:
        """Checks whether the peer may create another transport."""
        count = len(entities.transports_of(room_id, peer_id))
        _check(count, self.transports, "transportsOfPeer", "transports")

    def check_producers(self, entities: EntityStore, room_id: str, peer_id: str) -> None:
        """Checks whether the peer may create another producer."""
        count = sum(len(transport.producers) for transport in entities.transports_of(room_id, peer_id))
        _check(count, self.producers, "producersOfPeer", "producers")

    def check_consumers(self, entities: EntityStore, room_id: str, peer_id: str) -> None:
        """Checks whether the peer may create another consumer."""
        count = sum(len(transport.consumers) for transport in entities.transports_of(room_id, peer_id))
        _check(count, self.consumers, "consumersOfPeer", "consumers")


def _check(count: int, limit: int, name: Limit, kind: str) -> None:
    if count >= limit:
        raise QuotaExceeded(name, f"this peer has reached the limit of {limit} {kind}")

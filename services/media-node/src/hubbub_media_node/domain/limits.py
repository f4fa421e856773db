"""How much one peer may hold here."""

from __future__ import annotations

from dataclasses import dataclass

from hubbub_contracts.errors import ErrorCode, HubbubError

from .tables import Tables


@dataclass(frozen=True, slots=True)
class Limits:
    """Per peer. Each check raises `quota_exceeded` when one more would be too many."""

    transports: int = 8
    producers: int = 32
    consumers: int = 512

    def check_transports(self, tables: Tables, room_id: str, peer_id: str) -> None:
        """May this peer have another transport?"""
        held = len(tables.transports_of(room_id, peer_id))
        _check(held, self.transports, "transports")

    def check_producers(self, tables: Tables, room_id: str, peer_id: str) -> None:
        """May this peer have another producer?"""
        held = sum(len(transport.producers) for transport in tables.transports_of(room_id, peer_id))
        _check(held, self.producers, "producers")

    def check_consumers(self, tables: Tables, room_id: str, peer_id: str) -> None:
        """May this peer have another consumer?"""
        held = sum(len(transport.consumers) for transport in tables.transports_of(room_id, peer_id))
        _check(held, self.consumers, "consumers")


def _check(held: int, limit: int, what: str) -> None:
    if held >= limit:
        raise HubbubError(ErrorCode.QUOTA_EXCEEDED, f"a peer may have {limit} {what}")

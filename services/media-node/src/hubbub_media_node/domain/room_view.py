"""A room as its feed shows it: which peers there are, where they are placed, and what they produce.

Rules
- The view is *fresh* once a snapshot was adopted, until a gap; only a fresh view says what is missing.
- A snapshot takes the place of all that came before its revision; changes with a higher sequence stand on top of it.
- A removed peer, and one that is placed elsewhere, is gone from here whatever else is known: stored changes are facts.
- A peer without a placement is left in peace: nobody else has it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hubbub_contracts.bus.records import PeerRecord, Placement

Key = tuple[str, str]
"""`("peer", id)` or `("producer", id)`."""


@dataclass(frozen=True, slots=True)
class Change:
    """A stored change of a peer; without a record it was removed."""

    sequence: int
    peer_id: str
    record: PeerRecord | None


class RoomView:
    """One room, as it concerns one life of this node."""

    def __init__(self, here: Placement) -> None:
        self._here = here
        self._peers: dict[str, PeerRecord] = {}
        self._since_gap: dict[str, Change] = {}
        self.fresh = False
        self.revision = 0
        """Of the last change or snapshot seen."""

    def gap(self) -> None:
        """Changes may have been missed."""
        self.fresh = False
        self._since_gap.clear()

    def change(self, change: Change) -> set[str]:
        """Takes a change in; the peers that are not ours any more."""
        if change.sequence <= self.revision:
            return set()
        self.revision = change.sequence
        if not self.fresh:
            self._since_gap[change.peer_id] = change
        self._apply(change)
        return {change.peer_id} if self._is_gone(change.record) else set()

    def saw(self, sequence: int) -> None:
        """A change of the room that concerns no peer."""
        self.revision = max(self.revision, sequence)

    def adopt(self, peers: Iterable[PeerRecord], revision: int) -> set[str]:
        """Takes a snapshot in; the peers that are not ours any more: removed since they were last seen, or moved.

        What an older snapshot than the last change lacks may only be too new for it.
        """
        before = set(self._peers) if revision >= self.revision else set[str]()
        self._peers = {record.peer_id: record for record in peers}
        for change in self._since_gap.values():
            if change.sequence > revision:
                self._apply(change)
        self._since_gap.clear()
        self.revision = max(self.revision, revision)
        self.fresh = True
        moved = {peer_id for peer_id, record in self._peers.items() if self._is_gone(record)}
        return (before - set(self._peers)) | moved

    def adopt_nothing(self) -> None:
        """There is no such room, says a registry that may be a little behind: nobody is shown, and patience decides."""
        self._peers.clear()
        self._since_gap.clear()
        self.fresh = True

    def shown(self) -> set[Key]:
        """Every peer and producer of the room."""
        keys: set[Key] = {("peer", peer_id) for peer_id in self._peers}
        return keys | {("producer", each.producer_id) for record in self._peers.values() for each in record.producers}

    def _apply(self, change: Change) -> None:
        if change.record is None:
            self._peers.pop(change.peer_id, None)
        else:
            self._peers[change.peer_id] = change.record

    def _is_gone(self, record: PeerRecord | None) -> bool:
        if record is None:
            return True
        there = record.placement
        if there is None:
            return False
        return there.node_id != self._here.node_id or there.epoch > self._here.epoch

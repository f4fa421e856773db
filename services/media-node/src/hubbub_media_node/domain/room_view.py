"""The registry's version of a room: its peers, their placement and their producers, and what they may not send.

A stored change that removes a peer, or places it on another node or on a newer incarnation of this one, takes effect
here even before the first snapshot. A peer without a placement is kept: no other node hosts it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

from hubbub_contracts.bus.moderation_records import UNMODERATED
from hubbub_contracts.bus.records import PeerRecord, Placement
from hubbub_room import FeedChange, RoomState, SettingsChanged

EntityKey = tuple[Literal["peer", "producer"], str]
"""The kind and id of an object that the registry confirms."""


class RoomView:
    """Projects a room replica for one incarnation of this node."""

    def __init__(
        self, placement: Placement, on_departed: Callable[[set[str]], None], on_muted: Callable[[], None]
    ) -> None:
        """`placement` is this incarnation's.

        `on_departed` gets the ids of peers that it no longer hosts. `on_muted` is called when a peer may have lost the
        right to send a source.
        """
        self._placement = placement
        self._on_departed = on_departed
        self._on_muted = on_muted
        self._rules = UNMODERATED
        self._peers: dict[str, PeerRecord] = {}
        self._revision = -1

    def apply(self, change: FeedChange) -> None:
        """See `hubbub_room.Projection`."""
        self._revision = change.sequence
        if isinstance(change, SettingsChanged):
            self._rules = UNMODERATED if change.record is None else change.record.rules
            self._report_muted(self._peers.values())
            return
        if change.record is None:
            self._peers.pop(change.peer_id, None)
        else:
            self._peers[change.peer_id] = change.record
            self._report_muted([change.record])
        if self._has_departed(change.record):
            self._on_departed({change.peer_id})

    def adopt(self, state: RoomState) -> None:
        """See `hubbub_room.Projection`.

        A peer that is missing from a state older than the last change may have joined after it. It is not reported:
        the confirmation timeout decides.
        """
        known = set(self._peers) if state.revision >= self._revision else set[str]()
        self._peers = dict(state.peers)
        self._revision = state.revision
        if state.room is not None:
            self._rules = state.room.rules
        self._report_muted(self._peers.values())
        moved = {peer_id for peer_id, record in self._peers.items() if self._has_departed(record)}
        departed = (known - self._peers.keys()) | moved
        if departed:
            self._on_departed(departed)

    def room_not_found(self) -> None:
        """See `hubbub_room.Projection`. The registry may be behind, so no peer is reported: the timeout decides."""
        self._peers.clear()

    def confirmed(self) -> set[EntityKey]:
        """Every peer and producer of the room."""
        keys: set[EntityKey] = {("peer", peer_id) for peer_id in self._peers}
        return keys | {("producer", each.producer_id) for record in self._peers.values() for each in record.producers}

    def is_muted(self, peer_id: str, source: str | None) -> bool:
        """Whether the peer may not send this source: a moderator muted it, or made its user a listener.

        False for a peer that is not known yet.
        """
        peer = self._peers.get(peer_id)
        return peer is not None and self._rules.withholds(peer.user_id, peer.room_role, source)

    def _report_muted(self, changed: Iterable[PeerRecord]) -> None:
        rules = self._rules
        if not (rules.muted or rules.roles or rules.listeners):
            return
        if any(
            rules.muted_sources(peer.user_id) or rules.withholds(peer.user_id, peer.room_role, None) for peer in changed
        ):
            self._on_muted()

    def _has_departed(self, record: PeerRecord | None) -> bool:
        if record is None:
            return True
        if record.placement is None:
            return False
        elsewhere = record.placement.node_id != self._placement.node_id
        return elsewhere or record.placement.epoch > self._placement.epoch

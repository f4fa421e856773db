"""The registry's version of a room: its peers, their placement and their producers, and what they may not send.

Peers on other nodes are in it as well: their producers are had from there (`handlers.remote_producers`). A peer that
moves has two homes, and each of its producers is on one of them (ADR 48). One with a standby has copies of its
producers there, which nobody gets, and consumers that get nothing, until the standby hosts it (ADR 51).

A stored change that removes a peer, or places it on another node or on a newer incarnation of this one, takes effect
here even before the first snapshot. A peer without a placement is kept: no other node hosts it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from hubbub_contracts.bus.moderation_records import UNMODERATED
from hubbub_contracts.bus.records import PeerRecord, Placement, ProducerRecord
from hubbub_room import FeedChange, RoomState, SettingsChanged


class PlacedProducer(NamedTuple):
    """A producer in the room's records."""

    record: ProducerRecord
    peer_id: str
    placement: Placement | None
    """Where it is."""
    home: Placement | None
    """Where its peer is, or moves to."""
    leaving: Placement | None = None
    """What its peer moves from."""
    standby: Placement | None = None
    """The node that hosts its peer when that of `home` dies."""

    @property
    def is_speech(self) -> bool:
        """Whether somebody speaks, as far as the records tell."""
        return self.record.kind == "audio" and self.record.shows != "screen-audio"


EntityKey = tuple[Literal["peer", "producer"], str]
"""The kind and id of an object that the registry confirms."""


class Movers(NamedTuple):
    """How many peers leave a node before it ends, and could (ADR 48)."""

    leaving: int = 0
    """They are making transports elsewhere."""
    staying: int = 0
    """Their clients could, and were not asked to."""
    coming: int = 0
    """Those of them that are still leaving another node, and move on afterwards."""


class RoomView:
    """Projects a room replica for one incarnation of this node."""

    def __init__(
        self,
        placement: Placement,
        on_departed: Callable[[set[str]], None],
        on_muted: Callable[[], None],
        on_changed: Callable[[set[str]], None] = lambda _: None,
    ) -> None:
        """`placement` is this incarnation's.

        `on_departed` gets the ids of peers that it no longer hosts. `on_muted` is called when a peer may have lost the
        right to send a source. `on_changed` gets the ids of peers whose records, or their absence, are new and certain.
        """
        self._placement = placement
        self._on_departed = on_departed
        self._on_muted = on_muted
        self._on_changed = on_changed
        self._home: Placement | None = None
        self._producers: dict[str, PlacedProducer] = {}
        self._rules = UNMODERATED
        self._peers: dict[str, PeerRecord] = {}
        self._revision = -1
        self.leaving: set[str] = set()
        """The ids of the peers that move from this node to another one, and still have something here."""
        self.standing_by: set[str] = set()
        """The ids of the peers whose standby this incarnation is."""
        self._hosted: set[str] = set()
        """The ids of the peers whose records place them here."""

    def apply(self, change: FeedChange) -> None:
        """See `hubbub_room.Projection`."""
        self._revision = change.sequence
        if isinstance(change, SettingsChanged):
            self._rules = UNMODERATED if change.record is None else change.record.rules
            self._home = None if change.record is None else change.record.placement
            self._report_muted(self._peers.values())
            return
        self._forget(self._peers.pop(change.peer_id, None))
        if change.record is not None:
            self._remember(change.record)
            self._report_muted([change.record])
        if self._has_departed(change.record):
            self._on_departed({change.peer_id})
        self._on_changed({change.peer_id})

    def adopt(self, state: RoomState) -> None:
        """See `hubbub_room.Projection`.

        A peer that is missing from a state older than the last change may have joined after it. It is not reported:
        the confirmation timeout decides.
        """
        is_newer = state.revision >= self._revision
        known = set(self._peers) if is_newer else set[str]()
        self._clear()
        for record in state.peers.values():
            self._remember(record)
        self._revision = state.revision
        if state.room is not None:
            self._rules, self._home = state.room.rules, state.room.placement
        self._report_muted(self._peers.values())
        moved = {peer_id for peer_id, record in self._peers.items() if self._has_departed(record)}
        departed = (known - self._peers.keys()) | moved
        if departed:
            self._on_departed(departed)
        if is_newer:
            self._on_changed(known | self._peers.keys())

    def room_not_found(self) -> None:
        """See `hubbub_room.Projection`. The registry may be behind, so no peer is reported: the timeout decides."""
        self._clear()

    def confirmed(self) -> set[EntityKey]:
        """The peers that have something on this incarnation, or on no node, and the producers but those that are on
        another node and have no copy here."""
        keys: set[EntityKey] = {
            ("peer", each) for each, record in self._peers.items() if not self._has_departed(record)
        }
        here = (key for key, each in self._producers.items() if not self._is_elsewhere(each.placement))
        standbys = (self._peers[peer_id].standby for peer_id in self.standing_by)
        copies = (producer_id for each in standbys if each is not None for producer_id in each.producers)
        return keys | {("producer", producer_id) for producer_id in (*here, *copies)}

    def is_muted(self, peer_id: str, source: str | None) -> bool:
        """Whether the peer may not send this source: a moderator muted it, or made its user a listener.

        False for a peer that is not known yet.
        """
        peer = self._peers.get(peer_id)
        return peer is not None and self._rules.withholds(peer.user_id, peer.room_role, source)

    def producer(self, producer_id: str) -> PlacedProducer | None:
        """A producer of the room, on any node. None when it is not known."""
        return self._producers.get(producer_id)

    def is_elsewhere(self, producer_id: str) -> bool:
        """Whether the room has a producer on another node: this one has it too while its peer moves."""
        placed = self._producers.get(producer_id)
        return placed is not None and self._is_elsewhere(placed.placement)

    def has_left(self, producer_id: str, node: Placement | None = None) -> bool:
        """Whether the room has a producer on another node than `node`, by default this one, for good.

        False for one that is about to be there, because its peer moves to that node, or has its standby there.
        """
        placed = self._producers.get(producer_id)
        if placed is None or placed.placement is None:
            return False
        if node is None or node.node_id == self._placement.node_id:
            is_coming = not self._is_elsewhere(placed.home) or placed.standby == self._placement
            return self._is_elsewhere(placed.placement) and not is_coming
        return node not in (placed.placement, placed.home, placed.standby)

    def has_lost(self, producer_id: str, node: Placement) -> bool:
        """Whether a producer's peer has left `node` without a move: that node is dead, and delivers nothing more."""
        placed = self._producers.get(producer_id)
        return placed is not None and self.has_left(producer_id, node) and placed.leaving != node

    def holds(self, peer_id: str) -> bool:
        """Whether a peer's consumers here get nothing: the room has the peer on another node, and it does not leave
        this one.

        This node is its standby then, even if the record does not say so yet. False for a peer that is not known yet.
        """
        peer = self._peers.get(peer_id)
        return peer is not None and self._is_elsewhere(peer.placement) and not self._leaves_here(peer)

    def knows(self, peer_id: str) -> bool:
        """Whether the room has such a peer, as far as is known."""
        return peer_id in self._peers

    def has_listeners(self) -> bool:
        """Whether the room has peers on this node: for good, or until they have moved."""
        return bool(self._hosted or self.leaving)

    def is_homeless(self, peer_id: str) -> bool:
        """Whether no node hosts a peer, as far as is known. What it has here works on."""
        peer = self._peers.get(peer_id)
        return peer is not None and peer.placement is None

    @property
    def counted_elsewhere(self) -> set[str]:
        """The ids of the peers that have something here which no quota counts: they are on another node, too."""
        return self.leaving | self.standing_by

    def hosts(self, peer_id: str) -> bool:
        """Whether the room has a peer on this incarnation: for good, or until it has moved."""
        record = self._peers.get(peer_id)
        return record is not None and record.placement is not None and not self._has_departed(record)

    def movers(self) -> Movers:
        """Whom a drain of this node waits for."""
        able = [peer for peer in self._peers.values() if peer.make_before_break and peer.placement == self._placement]
        return Movers(len(self.leaving), len(able), sum(peer.leaving is not None for peer in able))

    def remote_speech(self) -> list[PlacedProducer]:
        """The producers on other nodes with which somebody speaks."""
        return [each for each in self._producers.values() if each.is_speech and self._is_elsewhere(each.placement)]

    def other_nodes(self) -> list[Placement]:
        """The other nodes that the room is on, each once. One that all its peers leave is not among them: it ends.
        Neither is one that is only a standby: it passes nothing on."""
        placements = (peer.placement for peer in self._peers.values())
        return list(dict.fromkeys(each for each in placements if each is not None and self._is_elsewhere(each)))

    def reports_speakers(self) -> bool:
        """Whether this node tells the room who speaks: every node of the room knows, and one tells.

        It is the room's home if a microphone is there, else the node of the first peer's microphone.
        """
        speaking = {each.peer_id: each.placement for each in self._producers.values() if each.is_speech}
        placements = {placement for placement in speaking.values() if placement is not None}
        if not placements or self._home in placements:
            return not placements or self._home == self._placement
        first = min(speaking, key=lambda peer_id: (self._peers[peer_id].joined_at, peer_id))
        return speaking[first] == self._placement

    def _remember(self, peer: PeerRecord) -> None:
        self._peers[peer.peer_id] = peer
        for peer_ids, contains in (
            (self.leaving, self._leaves_here(peer)),
            (self.standing_by, self._stands_by_here(peer)),
            (self._hosted, peer.placement is not None and not self._is_elsewhere(peer.placement)),
        ):
            if contains:
                peer_ids.add(peer.peer_id)
        leaving = None if peer.leaving is None else peer.leaving.placement
        standby = None if peer.standby is None else peer.standby.placement
        for each in peer.producers:
            placement = peer.placement_of(each)
            placed = PlacedProducer(each, peer.peer_id, placement, peer.placement, leaving, standby)
            self._producers[each.producer_id] = placed

    def _forget(self, peer: PeerRecord | None) -> None:
        if peer is None:
            return
        for peer_ids in (self.leaving, self.standing_by, self._hosted):
            peer_ids.discard(peer.peer_id)
        for each in peer.producers:
            self._producers.pop(each.producer_id, None)

    def _clear(self) -> None:
        self._peers.clear()
        self._producers.clear()
        for peer_ids in (self.leaving, self.standing_by, self._hosted):
            peer_ids.clear()

    def _is_elsewhere(self, placement: Placement | None) -> bool:
        return placement is not None and placement.node_id != self._placement.node_id

    def _report_muted(self, changed: Iterable[PeerRecord]) -> None:
        rules = self._rules
        if not (rules.muted or rules.roles or rules.listeners):
            return
        if any(
            rules.muted_sources(peer.user_id) or rules.withholds(peer.user_id, peer.room_role, None) for peer in changed
        ):
            self._on_muted()

    def _leaves_here(self, peer: PeerRecord) -> bool:
        return peer.leaving is not None and peer.leaving.placement == self._placement

    def _stands_by_here(self, peer: PeerRecord) -> bool:
        return peer.standby is not None and peer.standby.placement == self._placement

    def _has_departed(self, record: PeerRecord | None) -> bool:
        if record is None:
            return True
        if record.placement is None or self._leaves_here(record) or self._stands_by_here(record):
            return False
        return self._is_elsewhere(record.placement) or record.placement.epoch > self._placement.epoch

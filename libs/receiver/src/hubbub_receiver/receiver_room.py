"""What a receiver knows of its room, and which producers are in it. Implements `hubbub_room.Projection`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hubbub_contracts.bus.records import PeerRecord, ProducerRecord
from hubbub_room import FeedChange, RoomState, SettingsChanged


class ReceiverRoom:
    """The peers of the room."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self.peers: dict[str, PeerRecord] = {}
        self.codec_profile = ""
        self.is_open = True
        """False: the room was closed."""

    def apply(self, change: FeedChange) -> None:
        """See `hubbub_room.Projection`."""
        if isinstance(change, SettingsChanged):
            self.is_open = change.record is not None
            if change.record is not None:
                self.codec_profile = change.record.codec_profile
        elif change.record is None:
            self.peers.pop(change.peer_id, None)
        else:
            self.peers[change.peer_id] = change.record
        self._on_change()

    def adopt(self, state: RoomState) -> None:
        """See `hubbub_room.Projection`."""
        self.peers = dict(state.peers)
        self.is_open = state.room is not None
        if state.room is not None:
            self.codec_profile = state.room.codec_profile
        self._on_change()

    def room_not_found(self) -> None:
        """See `hubbub_room.Projection`."""
        self.peers.clear()
        self.is_open = False
        self._on_change()

    def producers(self) -> Iterator[tuple[PeerRecord, ProducerRecord]]:
        """Every producer with its peer."""
        return ((peer, producer) for peer in self.peers.values() for producer in peer.producers)

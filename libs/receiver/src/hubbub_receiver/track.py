"""What a receiver tells its owner. All methods are called from the event loop, and must not block."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from hubbub_contracts.bus.records import PeerRecord, ProducerRecord
from hubbub_rtp import EncodedFrame


@dataclass(frozen=True, slots=True)
class ReceivedTrack:
    """A producer that is received. After a media node died, its client produces again: that is another track."""

    peer_id: str
    user_id: str
    display_name: str
    producer_id: str
    kind: str
    """`audio` or `video`."""
    app_data: dict[str, Any]
    """Of the producer. The page's `source` is `microphone`, `camera`, `screen` or `screen-audio`."""
    codec: str
    """As `EncodedFrame.codec`."""
    clock_rate: int
    paused: bool
    """Whether the producer was paused when its reception started."""
    request_key_frame: Callable[[], None]
    """Requests a key frame, within the bounds of all such requests."""


class TrackSink(Protocol):
    """Takes what is received of one track."""

    def on_frame(self, frame: EncodedFrame) -> None:
        """The next frame, in order."""

    def on_sender_report(self, timestamp: int, sent_at: float, arrived_at: float) -> None:
        """The sender's clock.

        Arguments:
            timestamp: as `EncodedFrame.timestamp`.
            sent_at: the wall clock of the sender then, in seconds. It may be wrong; the tracks of a peer share it.
            arrived_at: as `EncodedFrame.received_at`.
        """

    def on_paused(self, paused: bool) -> None:
        """The producer was paused or resumed."""

    def on_closed(self) -> None:
        """The track ended. Nothing follows."""


class ReceiverListener(Protocol):
    """The owner of a receiver."""

    def wants(self, peer: PeerRecord, producer: ProducerRecord) -> bool:
        """Whether to receive a producer. Asked once for each."""

    def on_track(self, track: ReceivedTrack) -> TrackSink:
        """A track is about to be received."""

    def on_room_lost(self) -> None:
        """The room was closed. Every track has ended, and the receiver is to be closed."""

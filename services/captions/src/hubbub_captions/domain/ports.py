"""The ports of the service."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from hubbub_contracts.bus.captions import CaptionEvent
from hubbub_contracts.transcript import Transcript
from hubbub_rtp import EncodedFrame

from .transcriber import Segment

OnSegments = Callable[[Sequence[Segment]], None]


class VoiceDetector(Protocol):
    """Whether frames are voice. One for each track."""

    def is_voice(self, frame: bytes) -> bool:
        """Whether this frame of 20 ms is. It depends on the frames before."""


class PcmDecoder(Protocol):
    """Opus to the audio of a transcriber. One for each track."""

    def decode(self, frame: EncodedFrame) -> bytes:
        """The audio of the next frame. Empty for an invalid one."""


class Utterance(Protocol):
    """An utterance that is being transcribed."""

    def add(self, audio: bytes) -> bool:
        """Adds audio. False: the transcriber is too far behind, and the utterance has ended."""

    def finish(self) -> None:
        """Ends it. Its last segments follow."""


class Transcribers(Protocol):
    """The transcribers of this instance, each of which takes one utterance at a time."""

    def begin(self, on_segments: OnSegments, on_end: Callable[[], None]) -> Utterance | None:
        """Begins an utterance. None: all transcribers are in use, or cannot be loaded.

        Arguments:
            on_segments: gets the segments that have changed, on the event loop.
            on_end: called once, after the last segment.
        """


class CaptionPublisher(Protocol):
    """Tells the signaling instances what is said."""

    def publish(self, room_id: str, event: CaptionEvent) -> None:
        """Queues an event. Events of a room are sent in order."""


class TranscriptStore(Protocol):
    """Where transcripts are kept. Methods block, and raise OSError."""

    def save(self, transcript: Transcript) -> None:
        """Replaces the transcript."""

    def save_summary(self, transcript: Transcript, text: str) -> None:
        """Keeps its summary with it."""


class CaptionedRooms(Protocol):
    """The rooms to which this instance gives captions, and the hidden peers by which all instances are in rooms."""

    def __contains__(self, room_id: str) -> bool:
        """Whether this instance is in the room."""

    async def open(self, room_id: str) -> None:
        """Enters the room. Raises HubbubError."""

    async def close(self, room_id: str) -> None:
        """Leaves the room, after the last segments."""

    async def servers(self, room_id: str) -> list[str]:
        """The instances that are in the room, the first one first. Raises HubbubError."""

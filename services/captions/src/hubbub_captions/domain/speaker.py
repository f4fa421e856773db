"""One microphone: from encoded frames to captions.

Rules
- Silence costs nothing: frames that the sender reports as quiet are not decoded, but a few are kept, because speech may
  begin in them. Of the others, only what is voice is transcribed.
- An utterance that no transcriber takes has no captions, and the room is told so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from hubbub_contracts.bus.captions import CaptionChanged
from hubbub_rtp import EncodedFrame

from .ports import PcmDecoder, Transcribers, Utterance, VoiceDetector
from .transcriber import BYTES_PER_SECOND, Segment
from .utterance_detector import FRAME, FRAME_BYTES, HANGOVER, Began, Ended, Heard, UtteranceDetector

QUIET = 60
"""The audio level of a quiet frame, in -dBov (RFC 6464): speech is 15 to 45, the noise of a room 60 to 80."""
KEPT_FRAMES = 15
"""Quiet frames that are kept: 0.3 s."""
JUMP = 0.06
"""Seconds between the times of two frames, beyond their audio, that are a hole and not a rounding."""


class Speaker:
    """The speech of one track."""

    def __init__(
        self,
        peer_id: str,
        decoder: PcmDecoder,
        voice: VoiceDetector,
        transcribers: Transcribers,
        on_caption: Callable[[CaptionChanged], None],
        on_refused: Callable[[], None],
        on_ended: Callable[[], None],
        new_id: Callable[[], str],
        to_unix_ms: Callable[[float], int],
    ) -> None:
        """
        Arguments:
            on_refused: called when an utterance gets no captions, or no more.
            on_ended: called after the last segment of an utterance.
            new_id: a new id for an utterance.
            to_unix_ms: Unix milliseconds of a time on the monotonic clock.
        """
        self._peer_id = peer_id
        self._decoder = decoder
        self._voice = voice
        self._transcribers = transcribers
        self._on_caption = on_caption
        self._on_refused = on_refused
        self._on_ended = on_ended
        self._new_id = new_id
        self._to_unix_ms = to_unix_ms
        self._detector = UtteranceDetector()
        self._quiet: deque[EncodedFrame] = deque(maxlen=KEPT_FRAMES)
        self._audio = bytearray()
        self._at = 0.0
        """When `_audio` begins, on the track's clock."""
        self._offset = 0.0
        """The monotonic clock minus the track's."""
        self._heard_at = 0.0
        """When the last frame arrived, on the monotonic clock."""
        self._utterance: Utterance | None = None
        self._running = 0

    @property
    def pending(self) -> bool:
        """Whether segments may still come."""
        return self._running > 0

    def add(self, frame: EncodedFrame) -> None:
        """Takes the next frame."""
        self._heard_at = frame.received_at
        if frame.audio_level is not None and frame.audio_level >= QUIET and not self._detector.speaking:
            self._quiet.append(frame)
            return
        while self._quiet:
            self._decode(self._quiet.popleft())
        self._decode(frame)

    def poll(self, now: float) -> None:
        """Ends the utterance of a microphone that sends nothing any more: one that was muted."""
        if self._detector.speaking and now - self._heard_at >= HANGOVER:
            self.end()

    def end(self) -> None:
        """The track has ended or was paused. The last segments follow."""
        if self._detector.end():
            self._end_utterance()

    def _decode(self, frame: EncodedFrame) -> None:
        at = frame.timestamp / frame.clock_rate
        if abs(at - self._at - len(self._audio) / BYTES_PER_SECOND) > JUMP:
            self._audio.clear()
            self._at = at
        self._offset = frame.received_at - at
        self._audio += self._decoder.decode(frame)
        while len(self._audio) >= FRAME_BYTES:
            piece = bytes(self._audio[:FRAME_BYTES])
            del self._audio[:FRAME_BYTES]
            at, self._at = self._at, self._at + FRAME
            for event in self._detector.add(at, piece, voiced=self._voice.is_voice(piece)):
                match event:
                    case Began(at):
                        self._begin_utterance(at)
                    case Heard(audio):
                        self._hear(audio)
                    case Ended():
                        self._end_utterance()

    def _begin_utterance(self, at: float) -> None:
        utterance_id, began = self._new_id(), self._to_unix_ms(at + self._offset)

        def on_segments(segments: Sequence[Segment]) -> None:
            for segment in segments:
                self._on_caption(
                    CaptionChanged(
                        peer_id=self._peer_id,
                        segment_id=f"{utterance_id}-{segment.index}",
                        text=segment.text,
                        final=segment.final,
                        start=began + round(1000 * segment.start),
                        end=began + round(1000 * segment.end),
                    )
                )

        self._utterance = self._transcribers.begin(on_segments, self._ended)
        if self._utterance is None:
            self._on_refused()
        else:
            self._running += 1

    def _hear(self, audio: bytes) -> None:
        if self._utterance is not None and not self._utterance.add(audio):
            self._utterance = None
            self._on_refused()

    def _end_utterance(self) -> None:
        utterance, self._utterance = self._utterance, None
        if utterance is not None:
            utterance.finish()

    def _ended(self) -> None:
        self._running -= 1
        self._on_ended()

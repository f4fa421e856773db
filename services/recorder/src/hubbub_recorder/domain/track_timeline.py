"""The timestamps of one track's files, and its gaps. All times are milliseconds since the start of the recording."""

from __future__ import annotations

from hubbub_contracts.recording import Gap, GapCause
from hubbub_rtp import EncodedFrame

from .track_clock import TrackClock

SILENCE = 1000
"""A longer time without a frame is a gap."""
MAX_GAPS = 1000
"""Of one track. Further ones are not listed; the file shows them."""


class TrackTimeline:
    """One track."""

    def __init__(self, clock: TrackClock, started_at: float, *, paused: bool) -> None:
        """`started_at` is the start of the recording on the recorder's clock, in seconds. `paused`: it starts so."""
        self._clock = clock
        self._started_at = started_at
        self._paused = paused
        self._was_paused = False
        self._last: int | None = None
        self.gaps: list[Gap] = []

    @property
    def last(self) -> int | None:
        """The time of the last frame."""
        return self._last

    def pause(self, *, paused: bool) -> None:
        """The sender paused or resumed the track."""
        self._paused = paused
        self._was_paused |= paused

    def place(self, frame: EncodedFrame) -> int:
        """The time of a frame: not before that of the frame before it."""
        captured = self._clock.time(frame.timestamp, frame.received_at)
        at = max(round((captured - self._started_at) * 1000), 0 if self._last is None else self._last)
        if self._last is not None:
            self._note_gap(self._last, at, lost=frame.discontinuous)
        self._last = at
        self._was_paused = self._paused
        return at

    def _note_gap(self, last: int, at: int, *, lost: bool) -> None:
        if at - last < SILENCE and not lost:
            return
        cause: GapCause = "paused" if self._was_paused else "lost" if lost else "silent"
        if len(self.gaps) < MAX_GAPS:
            self.gaps.append(Gap(start=last, end=at, cause=cause))

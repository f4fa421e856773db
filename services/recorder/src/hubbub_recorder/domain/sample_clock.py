"""Where the decoded frames of an audio lane are placed in a continuous sound.

Rules
- Frames that follow each other are joined without a gap, although their times are rounded to milliseconds.
- A hole, or a jump of more than JUMP, is kept: silence is heard there.
- The recorder corrects the clock of a track slowly (`track_clock.py`). Stretched frames make up for a difference of
  more than DEADBAND, by at most SLEW of their length.
"""

from __future__ import annotations

JUMP = 480
"""Samples: 10 ms."""
DEADBAND = 240
"""Samples: 5 ms."""
SLEW = 0.005


class SampleClock:
    """One lane. All positions are samples since the start of the recording."""

    def __init__(self) -> None:
        self._expected = 0
        """The time at which the next frame begins if nothing is missing."""
        self._end = 0
        """Up to where the lane is placed."""
        self._has_begun = False

    def place(self, at: int, count: int) -> tuple[int, int]:
        """Where a frame of `count` samples with the time `at` is placed: its position, and its length there."""
        if not self._has_begun or abs(at - self._expected) > JUMP:
            self._end = max(self._end, at)
        self._has_begun = True
        self._expected = at + count
        drift = at - self._end
        most = int(count * SLEW)
        length = count + (max(-most, min(most, drift)) if abs(drift) > DEADBAND else 0)
        position = self._end
        self._end += length
        return position, length

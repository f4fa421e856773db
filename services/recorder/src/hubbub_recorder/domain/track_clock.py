"""When a frame was captured, on the recorder's clock.

Three clocks differ: the sampling clock of a track, which its RTP timestamps count; the wall clock of the sender, which
its sender reports relate to that; and the clock of the recorder. They drift by up to 100 ppm, 360 ms in an hour.

Rules
- A track starts on arrival time: its first frame is captured when it arrives, and RTP timestamps count from there at
  their nominal rate. Nothing waits for a sender report, so a late or missing one delays nothing.
- Sender reports correct that slowly. The regression over the last reports gives the sender's wall clock at a timestamp.
  The smallest difference of arrival and wall clock over all tracks of a peer, the one with the least delay, gives the
  recorder's clock. So all tracks of a peer get the same error, and stay synchronized.
- A correction is applied at SLEW seconds per second, and only beyond DEADBAND: a jump would be heard.
- A timestamp that contradicts the arrival by more than JUMP starts anew on arrival time. Phones, after a call, go on
  counting where they stopped.
"""

from __future__ import annotations

from collections import deque

REPORTS = 20
"""Sender reports in the regression, and in the minimum."""
DEADBAND = 0.005
"""Seconds."""
SLEW = 0.005
"""Seconds of correction in a second of media."""
JUMP = 0.5
"""Seconds."""


class PeerClock:
    """The difference of the recorder's clock and the wall clock of one sender."""

    def __init__(self) -> None:
        self._differences: deque[float] = deque(maxlen=REPORTS)

    @property
    def difference(self) -> float | None:
        """Seconds to add to the sender's wall clock; None before its first report."""
        return min(self._differences, default=None)

    def report(self, sent_at: float, arrived_at: float) -> None:
        """Notes a sender report of any track of the peer. Both in seconds, of the sender's and the recorder's clock."""
        self._differences.append(arrived_at - sent_at)

    def reset(self) -> None:
        """The sender's wall clock was set."""
        self._differences.clear()


class TrackClock:
    """Maps the RTP timestamps of one track, which do not wrap, to seconds of the recorder's clock."""

    def __init__(self, clock_rate: int, peer: PeerClock) -> None:
        self._rate = clock_rate
        self._peer = peer
        self._anchor: tuple[int, float] | None = None
        """An RTP timestamp and its time."""
        self._reports: deque[tuple[int, float]] = deque(maxlen=REPORTS)
        """RTP timestamp and the sender's wall clock."""

    def time(self, timestamp: int, arrived_at: float) -> float:
        """When the frame with this timestamp was captured. Call it for each frame, in order."""
        if self._anchor is None:
            self._anchor = (timestamp, arrived_at)
            return arrived_at
        since, at = self._anchor
        elapsed = (timestamp - since) / self._rate
        nominal = at + elapsed
        if not -JUMP < arrived_at - nominal < JUMP and not self._explains(timestamp, arrived_at):
            self._reports.clear()
            self._anchor = (timestamp, arrived_at)
            return arrived_at
        corrected = nominal + self._correction(timestamp, nominal, abs(elapsed))
        self._anchor = (timestamp, corrected)
        return corrected

    def report(self, timestamp: int, sent_at: float, arrived_at: float) -> None:
        """Notes a sender report: the sender's wall clock at an RTP timestamp, and when it arrived, in seconds."""
        expected = self._wall_clock(timestamp)
        if expected is not None and abs(expected - sent_at) > JUMP:
            self._reports.clear()
            self._peer.reset()
        self._reports.append((timestamp, sent_at))
        self._peer.report(sent_at, arrived_at)

    def _explains(self, timestamp: int, arrived_at: float) -> bool:
        """Whether sender reports say that the frame is that late: then it waited in the network."""
        target = self._target(timestamp)
        return target is not None and target <= arrived_at < target + 4 * JUMP

    def _correction(self, timestamp: int, nominal: float, elapsed: float) -> float:
        target = self._target(timestamp)
        if target is None or abs(target - nominal) <= DEADBAND:
            return 0.0
        most = SLEW * elapsed
        return max(-most, min(most, target - nominal))

    def _target(self, timestamp: int) -> float | None:
        wall_clock, difference = self._wall_clock(timestamp), self._peer.difference
        return None if wall_clock is None or difference is None else wall_clock + difference

    def _wall_clock(self, timestamp: int) -> float | None:
        """The sender's wall clock at a timestamp, by linear regression; None with fewer than two reports."""
        count = len(self._reports)
        if count < 2:
            return None
        origin, start = self._reports[0]
        xs = [(one - origin) / self._rate for one, _ in self._reports]
        ys = [at - start for _, at in self._reports]
        mean_x, mean_y = sum(xs) / count, sum(ys) / count
        spread = sum((x - mean_x) ** 2 for x in xs)
        if spread <= 0:
            return None
        slope = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / spread
        return start + mean_y + slope * ((timestamp - origin) / self._rate - mean_x)

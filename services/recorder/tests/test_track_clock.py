"""Lip sync of recorded tracks, in simulated time: flash and click are captured at the same moment."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest

from hubbub_recorder.domain.track_clock import JUMP, SLEW, PeerClock, TrackClock

HOUR = 3600
LIMIT = 0.04
"""Seconds between picture and sound."""


@dataclass
class Sender:
    """A sender whose clocks differ from the recorder's. Times are true seconds, those of the recorder's clock."""

    wall_ppm: float = 0.0
    """How much faster its wall clock is."""
    wall_offset: float = 1e6

    def wall_clock(self, at: float) -> float:
        return self.wall_offset + at * (1 + self.wall_ppm / 1e6)


@dataclass
class Track:
    """A track of a sender, through a network with jitter."""

    sender: Sender
    clock: TrackClock
    rate: int
    ppm: float
    """How much faster its sampling clock is than true time."""
    report_interval: float
    delay: float
    first: int
    next_report: float = 0.0

    def timestamp(self, at: float) -> int:
        return self.first + round(at * self.rate * (1 + self.ppm / 1e6))

    def send(self, at: float, jitter: random.Random) -> float:
        """Captures a frame at `at`; returns when the recorder believes that was."""
        if at >= self.next_report:
            self.next_report = at + self.report_interval
            self.clock.report(self.timestamp(at), self.sender.wall_clock(at), at + self.delay + jitter.uniform(0, 0.01))
        return self.clock.time(self.timestamp(at), at + self.delay + jitter.expovariate(200))


@pytest.mark.parametrize(("audio_ppm", "video_ppm"), [(100, -100), (-100, 0), (0, 100)])
@pytest.mark.parametrize("wall_ppm", [-100, 0, 100])
def test_lip_sync_holds_for_an_hour(audio_ppm: float, video_ppm: float, wall_ppm: float) -> None:
    jitter, sender, peer = random.Random(1), Sender(wall_ppm), PeerClock()
    audio = Track(sender, TrackClock(48_000, peer), 48_000, audio_ppm, 5.0, 0.03, 7)
    video = Track(sender, TrackClock(90_000, peer), 90_000, video_ppm, 1.0, 0.05, 90_000_000)
    worst = drift = 0.0
    for second in range(HOUR):
        heard, seen = audio.send(second, jitter), video.send(second, jitter)
        if second > 60:
            worst = max(worst, abs(heard - seen))
            drift = max(drift, abs(heard - second))
    assert worst < LIMIT
    assert drift < 0.1, "the tracks of different peers stay together too"


def test_without_reports_drift_is_bounded_by_arrival() -> None:
    clock, latest = TrackClock(48_000, PeerClock()), 0.0
    for second in range(4 * HOUR):
        latest = clock.time(round(second * 48_000 * 1.0001), float(second))
    assert abs(latest - 4 * HOUR) < JUMP + 1


def test_a_track_starts_without_a_report() -> None:
    clock = TrackClock(90_000, PeerClock())
    assert clock.time(1000, 5.0) == 5.0
    assert clock.time(1000 + 3000, 5.2) == pytest.approx(5.0 + 1 / 30)


def test_a_correction_does_not_jump() -> None:
    jitter, sender, peer = random.Random(1), Sender(), PeerClock()
    track = Track(sender, TrackClock(48_000, peer), 48_000, 0, 1.0, 0.0, 0)
    track.clock.time(0, 0.4)  # the first frame came late
    before = None
    for number in range(1, 500):
        at = number / 50
        now = track.send(at, jitter)
        if before is not None:
            assert abs(now - before - 0.02) <= 0.02 * SLEW + 1e-9
        before = now


def test_timestamps_that_go_on_after_a_pause_without_the_gap_start_anew() -> None:
    clock = TrackClock(48_000, PeerClock())
    assert clock.time(0, 0.0) == 0.0
    assert clock.time(960, 60.0) == 60.0
    assert clock.time(1920, 60.02) == pytest.approx(60.02)


def test_a_late_burst_keeps_its_times_when_reports_explain_it() -> None:
    clock = TrackClock(48_000, PeerClock())
    for number in range(4):
        clock.report(number * 48_000, 100.0 + number, number + 0.01)
        clock.time(number * 48_000, float(number))
    assert clock.time(4 * 48_000, 5.5) == pytest.approx(4.0, abs=0.02)


def test_a_wall_clock_that_is_set_is_noticed() -> None:
    clock = TrackClock(48_000, PeerClock())
    for number in range(40):
        offset = 100.0 if number < 20 else 5000.0
        clock.report(number * 48_000, offset + number, number + 0.01)
        assert clock.time(number * 48_000, float(number)) == pytest.approx(number, abs=0.05)


def test_the_report_with_the_least_delay_counts() -> None:
    peer = PeerClock()
    assert peer.difference is None
    for delay in (0.3, 0.1, 0.2):
        peer.report(1000.0, 5.0 + delay)
    assert peer.difference == pytest.approx(-994.9)

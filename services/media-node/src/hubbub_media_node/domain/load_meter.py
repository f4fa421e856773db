"""Load of each worker over the last second, from cumulative counters."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

WINDOW = 1.0
"""Seconds over which a rate is measured."""


@dataclass(frozen=True, slots=True)
class WorkerSample:
    """Totals of one worker since its start."""

    cpu_seconds: float
    packets: int
    """Received and sent."""
    bytes_received: int
    bytes_sent: int


@dataclass(frozen=True, slots=True)
class WorkerRate:
    """Load of one worker over the last second."""

    cpu: float = 0.0
    """Fraction of one core, 0 to 1."""
    packets_per_second: float = 0.0
    bits_received_per_second: float = 0.0
    bits_sent_per_second: float = 0.0


class LoadMeter:
    """Converts periodic samples of all workers to rates."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, Sequence[WorkerSample]]] = deque()

    def rates(self, now: float, sample: Sequence[WorkerSample]) -> list[WorkerRate]:
        """Adds a sample and returns each worker's rate over `WINDOW`. `now` is in seconds of a monotonic clock."""
        self._samples.append((now, sample))
        while len(self._samples) > 2 and self._samples[1][0] <= now - WINDOW:
            self._samples.popleft()
        since, oldest = self._samples[0]
        elapsed = now - since
        if elapsed <= 0 or len(oldest) != len(sample):
            return [WorkerRate() for _ in sample]
        return [
            WorkerRate(
                cpu=min(1.0, max(0.0, (newer.cpu_seconds - older.cpu_seconds) / elapsed)),
                packets_per_second=max(0.0, (newer.packets - older.packets) / elapsed),
                bits_received_per_second=max(0.0, 8 * (newer.bytes_received - older.bytes_received) / elapsed),
                bits_sent_per_second=max(0.0, 8 * (newer.bytes_sent - older.bytes_sent) / elapsed),
            )
            for newer, older in zip(sample, oldest, strict=True)
        ]

"""How busy each worker was over the last second, from counters that only grow."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

WINDOW = 1.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class WorkerSample:
    """Totals of one worker since it was made."""

    cpu_seconds: float
    packets: int
    """In and out."""


@dataclass(frozen=True, slots=True)
class WorkerRate:
    """One worker over the last second."""

    cpu: float = 0.0
    """Of one core, 0..1."""
    packets_per_second: float = 0.0


class LoadMeter:
    """Fed now and then with a sample of every worker."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, Sequence[WorkerSample]]] = deque()

    def rates(self, now: float, sample: Sequence[WorkerSample]) -> list[WorkerRate]:
        """Takes a sample in, and gives each worker's rate since about a second ago. `now` is seconds of one clock."""
        self._samples.append((now, sample))
        while len(self._samples) > 2 and self._samples[1][0] <= now - WINDOW:
            self._samples.popleft()
        since, former = self._samples[0]
        elapsed = now - since
        if elapsed <= 0 or len(former) != len(sample):
            return [WorkerRate() for _ in sample]
        return [
            WorkerRate(
                cpu=min(1.0, max(0.0, (newer.cpu_seconds - older.cpu_seconds) / elapsed)),
                packets_per_second=max(0.0, (newer.packets - older.packets) / elapsed),
            )
            for newer, older in zip(sample, former, strict=True)
        ]

"""What a process holds of the machine."""

from __future__ import annotations

from dataclasses import dataclass

import psutil

MIB = 1 << 20
KIB = 1 << 10


@dataclass(frozen=True)
class Footprint:
    """At one moment."""

    name: str
    resident: int
    """Bytes."""
    descriptors: int
    threads: int

    @classmethod
    def of(cls, name: str, pid: int) -> Footprint:
        """That of a running process."""
        process = psutil.Process(pid)
        with process.oneshot():
            return cls(name, process.memory_info().rss, process.num_fds(), process.num_threads())

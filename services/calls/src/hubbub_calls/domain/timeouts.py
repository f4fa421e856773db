"""The times after which something happens by itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timeouts:
    """In milliseconds."""

    ring: int
    """From the start of a ring until it is missed."""
    entry: int
    """From the answer until the user must be in the call's room."""

    @classmethod
    def of_seconds(cls, *, ring: float, entry: float) -> Timeouts:
        """From settings."""
        return cls(round(ring * 1000), round(entry * 1000))

"""What this instance has seen of the registry's store."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class KnownStore:
    """The position in the bucket of rooms up to which this instance has seen writes."""

    identity: str | None = None
    """None before the registry was first heard of."""
    sequence: int = 0

    def advance(self, sequence: int) -> None:
        """Records a write of the known bucket."""
        self.sequence = max(self.sequence, sequence)

    def adopt(self, identity: str) -> None:
        """Knows another bucket from now on: this instance has nothing that it lacks."""
        self.identity, self.sequence = identity, 0

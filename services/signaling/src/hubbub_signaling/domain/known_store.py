"""The position in the registry's store up to which this instance knows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class KnownStore:
    """The position in the bucket of rooms up to which this instance has seen writes."""

    identity: str | None = None
    """None before the registry's first announcement."""
    sequence: int = 0

    def advance(self, sequence: int) -> None:
        """Records a write of the known bucket."""
        self.sequence = max(self.sequence, sequence)

    def adopt(self, identity: str) -> None:
        """Adopts another bucket, which lacks nothing that this instance has."""
        self.identity, self.sequence = identity, 0

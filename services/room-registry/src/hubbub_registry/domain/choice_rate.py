"""How often a media node may be chosen: a token bucket for each node. Time is an argument, in monotonic seconds."""

from __future__ import annotations

from typing import Final

from hubbub_contracts.bus.records import Placement

CHOICES_PER_SECOND: Final = 5
"""Of a node, by one replica: each choice brings the node two handshakes and the copies of a peer's producers."""


class ChoiceRate:
    """Allows CHOICES_PER_SECOND choices of a node at once, and as many each second."""

    def __init__(self) -> None:
        self._full_at: dict[Placement, float] = {}
        """When the bucket of a node will be full again. Full ones are left out."""

    def take(self, node: Placement, now: float) -> bool:
        """Whether the node may be chosen at `now`. A refused choice costs nothing."""
        self._full_at = {each: full_at for each, full_at in self._full_at.items() if full_at > now}
        full_at = self._full_at.get(node, now) + 1 / CHOICES_PER_SECOND
        if full_at > now + 1 + _ROUNDING:
            return False
        self._full_at[node] = full_at
        return True


_ROUNDING: Final = 1e-6

"""How often standbys may be chosen: a token bucket for each key. Time is an argument, in monotonic seconds."""

from __future__ import annotations

from typing import Final, Generic, TypeVar

NODE_CHOICES_PER_SECOND: Final = 5
"""Of a media node, by one replica: each choice brings the node two handshakes and the copies of a peer's producers."""
PEER_CHOICES: Final = 3
"""For a peer at once: its first standby, and others if that one ends soon."""
PEER_CHOICES_PER_SECOND: Final = 0.1
"""For a peer after that, by one replica. A peer that ends its standby again and again leaves the choices to others."""

KeyT = TypeVar("KeyT")


class ChoiceRate(Generic[KeyT]):
    """Allows `burst` choices for a key at once, and `per_second` each second."""

    def __init__(self, burst: float, per_second: float) -> None:
        self._burst = burst
        self._per_second = per_second
        self._full_at: dict[KeyT, float] = {}
        """When the bucket of a key will be full again. Full ones are left out."""

    def allows(self, key: KeyT, now: float) -> bool:
        """Whether there may be a choice for the key at `now`."""
        return self._after(key, now) <= now + self._burst / self._per_second + _ROUNDING

    def take(self, key: KeyT, now: float) -> None:
        """Counts a choice for the key, which is allowed at `now`."""
        self._full_at = {each: full_at for each, full_at in self._full_at.items() if full_at > now}
        self._full_at[key] = self._after(key, now)

    def _after(self, key: KeyT, now: float) -> float:
        """When the bucket would be full again after a choice at `now`."""
        return max(self._full_at.get(key, now), now) + 1 / self._per_second


_ROUNDING: Final = 1e-6

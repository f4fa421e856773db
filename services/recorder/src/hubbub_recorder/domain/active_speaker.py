"""Who is shown large in the speaker layout, decided from the levels of the microphones.

Rules
- A level rises at once and falls slowly, so that a pause between two words ends nothing.
- Another peer takes the large place when it has been LEAD louder for HOLD, and the last change is MIN_INTERVAL ago.
- In silence, who spoke last stays.
"""

from __future__ import annotations

from collections.abc import Mapping

SILENCE = -50.0
"""dBFS; a lower level is no speech."""
LEAD = 6.0
"""dB."""
FALL = 30.0
"""dB per second."""
HOLD = 400
"""Milliseconds."""
MIN_INTERVAL = 1_500
"""Milliseconds."""


class ActiveSpeaker:
    """Follows the levels of a recording."""

    def __init__(self) -> None:
        self.peer_id: str | None = None
        """Who speaks, or spoke last; None before anybody did."""
        self._levels: dict[str, float] = {}
        self._at = 0
        self._changed_at = -MIN_INTERVAL
        self._rival: tuple[str, int] | None = None
        """Who is louder, and since when."""

    def update(self, at: int, levels: Mapping[str, float]) -> str | None:
        """Returns who speaks. `levels` are in dBFS by peer, `at` is in milliseconds and does not decrease."""
        fallen = FALL * (at - self._at) / 1000
        self._at = at
        self._levels = {peer: max(level, self._levels.get(peer, SILENCE) - fallen) for peer, level in levels.items()}
        loudest = max(self._levels, key=lambda peer: (self._levels[peer], peer), default=None)
        if loudest is None or loudest == self.peer_id or not self._leads(loudest):
            self._rival = None
            return self.peer_id
        if self._rival is None or self._rival[0] != loudest:
            self._rival = (loudest, at)
        if self.peer_id is None or (at - self._rival[1] >= HOLD and at - self._changed_at >= MIN_INTERVAL):
            self.peer_id, self._changed_at, self._rival = loudest, at, None
        return self.peer_id

    def _leads(self, peer: str) -> bool:
        current = SILENCE if self.peer_id is None else max(self._levels.get(self.peer_id, SILENCE), SILENCE)
        return self._levels[peer] > SILENCE and self._levels[peer] >= current + LEAD

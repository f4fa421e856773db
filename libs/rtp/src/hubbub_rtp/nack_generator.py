"""Which packets of a stream to request again (RFC 4585 section 6.2.1)."""

from __future__ import annotations

from dataclasses import dataclass

MAX_MISSING = 256
"""With more at once the path is gone: a key frame costs less than repeating them."""
MAX_TRIES = 10
"""As libwebrtc and mediasoup."""


@dataclass(slots=True)
class _Missing:
    tries: int = 0
    sent_at: float = float("-inf")


class NackGenerator:
    """The missing packets of one stream, by extended sequence number."""

    def __init__(self) -> None:
        self._highest: int | None = None
        self._missing: dict[int, _Missing] = {}

    @property
    def missing(self) -> int:
        """How many packets are missing."""
        return len(self._missing)

    def received(self, sequence: int) -> None:
        """Notes a packet, original or retransmitted."""
        if self._highest is None or sequence <= self._highest:
            self._missing.pop(sequence, None)
            self._highest = sequence if self._highest is None else self._highest
            return
        gap = range(self._highest + 1, sequence)
        self._highest = sequence
        if len(self._missing) + len(gap) > MAX_MISSING:
            self._missing.clear()
            return
        for number in gap:
            self._missing[number] = _Missing()

    def forget_before(self, sequence: int) -> None:
        """Packets before this one are not needed any more."""
        for number in [number for number in self._missing if number < sequence]:
            del self._missing[number]

    def forget_all(self) -> None:
        """No missing packet is needed any more."""
        self._missing.clear()

    def due(self, now: float, round_trip: float) -> list[int]:
        """The packets to request now, ascending. Each is requested once per round trip (seconds), ten times at most."""
        due: list[int] = []
        for number, missing in list(self._missing.items()):
            if now - missing.sent_at < round_trip:
                continue
            if missing.tries == MAX_TRIES:
                del self._missing[number]
                continue
            missing.tries += 1
            missing.sent_at = now
            due.append(number)
        return sorted(due)

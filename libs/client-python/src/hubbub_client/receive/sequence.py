"""RTP sequence numbers and timestamps that do not wrap."""

from __future__ import annotations


class Unwrapper:
    """Extends the numbers of one stream. Each is taken as the nearest one to the highest so far (RFC 3550 A.1)."""

    def __init__(self, bits: int) -> None:
        self._modulus = 1 << bits
        self._highest: int | None = None

    def unwrap(self, number: int) -> int:
        """The extended number: never negative for the first wrap backwards."""
        if self._highest is None:
            self._highest = number + self._modulus
            return self._highest
        half = self._modulus >> 1
        extended = self._highest + ((number - self._highest + half) % self._modulus) - half
        self._highest = max(self._highest, extended)
        return extended

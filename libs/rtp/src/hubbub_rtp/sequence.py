"""RTP sequence numbers and timestamps that do not wrap."""

from __future__ import annotations


class Unwrapper:
    """Extends the numbers of one stream. Each is taken as the nearest one to the highest so far (RFC 3550 A.1)."""

    def __init__(self, bits: int) -> None:
        self._modulus = 1 << bits
        self._highest: int | None = None

    def unwrap(self, number: int) -> int:
        """The extended number: never negative for the first wrap backwards."""
        extended = self.nearest(number)
        self._highest = extended if self._highest is None else max(self._highest, extended)
        return extended

    def nearest(self, number: int) -> int:
        """The extended number of one that is not part of the stream."""
        if self._highest is None:
            return number + self._modulus
        half = self._modulus >> 1
        return self._highest + ((number - self._highest + half) % self._modulus) - half

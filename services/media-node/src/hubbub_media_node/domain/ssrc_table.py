"""The SSRCs of a link between two routers.

They are given out one after the other. The producers' own ones could collide, and a repeated SSRC under the same SRTP
key would reuse a nonce (RFC 7714 section 8.1).
"""

from __future__ import annotations

from typing import Final

BLOCK: Final = 8
"""As many as a producer has encodings at most."""

_LAST: Final = 2**32 - BLOCK


class SsrcTable:
    """Gives out each SSRC once."""

    def __init__(self) -> None:
        self._next = BLOCK  # 0 is a placeholder in RTCP

    def block(self) -> int:
        """The first of `BLOCK` consecutive SSRCs. Raises OverflowError when there are none left."""
        if self._next > _LAST:
            raise OverflowError("this link has no SSRCs left")
        first, self._next = self._next, self._next + BLOCK
        return first

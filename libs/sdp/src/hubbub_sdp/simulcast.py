"""The order of simulcast encodings. SDP names them, and says nothing of their sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_CONVENTIONS: Final = (
    ("q", "h", "f"),
    ("l", "m", "h"),
    ("lo", "mid", "hi"),
    ("low", "mid", "high"),
    ("low", "medium", "high"),
    ("r0", "r1", "r2", "r3"),
)
"""Names that clients use, the lowest encoding first: quarter, half, full; low, middle, high; those of mediasoup."""


def lowest_first(rids: Sequence[str]) -> list[str]:
    """The RIDs of an `a=simulcast`, the lowest encoding first.

    Names of a known convention have a known order. Of other names the first one is the most preferred, and so the
    highest (RFC 8853, section 5.2); OBS sends `0;1;2` in that order.
    """
    for names in _CONVENTIONS:
        if set(rids) <= set(names):
            return sorted(rids, key=names.index)
    return list(reversed(rids))

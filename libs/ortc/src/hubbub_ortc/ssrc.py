"""Where the router's own SSRCs come from."""

from __future__ import annotations

from collections.abc import Callable
from random import Random, SystemRandom

FIRST_SSRC = 100_000_000
END_SSRC = 999_999_999

RandomSsrc = Callable[[], int]
"""Draws a number from [FIRST_SSRC, END_SSRC)."""


def ssrc_source(random: Random) -> RandomSsrc:
    """SSRCs drawn from `random`; seed it and they are the same every time."""
    return lambda: random.randrange(FIRST_SSRC, END_SSRC)


system_ssrc: RandomSsrc = ssrc_source(SystemRandom())
"""SSRCs drawn from the operating system."""

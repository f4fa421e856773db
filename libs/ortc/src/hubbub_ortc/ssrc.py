"""Generation of the router's SSRCs."""

from __future__ import annotations

from collections.abc import Callable
from random import Random, SystemRandom

FIRST_SSRC = 100_000_000
END_SSRC = 999_999_999

RandomSsrc = Callable[[], int]
"""Returns a random number in [FIRST_SSRC, END_SSRC)."""


def ssrc_source(random: Random) -> RandomSsrc:
    """A source of SSRCs from `random`. A seeded generator makes them reproducible."""
    return lambda: random.randrange(FIRST_SSRC, END_SSRC)


system_ssrc: RandomSsrc = ssrc_source(SystemRandom())
"""A source of SSRCs from the operating system's random numbers."""

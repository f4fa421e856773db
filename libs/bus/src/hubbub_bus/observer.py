"""Whoever counts what the bus does. Nothing here knows how it is shown."""

from __future__ import annotations

from typing import Protocol

OK = "ok"
"""The outcome of what went well; any other is an error's code."""


class Observer(Protocol):
    """Told by a connection; its methods must not wait."""

    def requested(self, verb: str, outcome: str, seconds: float) -> None:
        """A request of ours was answered, or given up."""

    def handled(self, verb: str, outcome: str, seconds: float) -> None:
        """A request of somebody else's was answered."""

    def reconnected(self) -> None:
        """The connection was made again."""

    def overflowed(self) -> None:
        """A message was dropped because a handler is too slow."""


class Unobserved:
    """Nobody counts."""

    def requested(self, verb: str, outcome: str, seconds: float) -> None:
        """See `Observer`."""

    def handled(self, verb: str, outcome: str, seconds: float) -> None:
        """See `Observer`."""

    def reconnected(self) -> None:
        """See `Observer`."""

    def overflowed(self) -> None:
        """See `Observer`."""

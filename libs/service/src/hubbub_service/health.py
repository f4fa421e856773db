"""Is the service ready for work? Ready when every part that reports here is."""

from __future__ import annotations

from collections.abc import Callable


class Health:
    """A set of named conditions, asked when somebody wants to know."""

    def __init__(self) -> None:
        self._conditions: dict[str, Callable[[], bool]] = {}

    def add(self, name: str, condition: Callable[[], bool]) -> None:
        """`condition` must hold for the service to be ready."""
        self._conditions[name] = condition

    def missing(self) -> list[str]:
        """The names of the conditions that do not hold now; ready when there is none."""
        return [name for name, condition in self._conditions.items() if not condition()]

    @property
    def ready(self) -> bool:
        """All conditions hold."""
        return not self.missing()

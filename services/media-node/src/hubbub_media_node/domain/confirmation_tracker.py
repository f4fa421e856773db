"""Finds objects that the registry does not confirm, because signaling died before it registered them.

Rules
- An object is confirmed while its room's replica contains it. Objects are registered after their
  creation, so a new one is unconfirmed for a while; after the whole timeout it has expired.
- Only a complete replica proves that something is missing. An incomplete one restarts the timeout of every object, so
  that a bus outage ends no call.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Generic, TypeVar

DEFAULT_TIMEOUT = 10.0
"""Seconds."""

KeyT = TypeVar("KeyT")


class ConfirmationTracker(Generic[KeyT]):
    """Since when each object of one room has been unconfirmed."""

    def __init__(self, timeout: float = DEFAULT_TIMEOUT) -> None:
        """`timeout` is in seconds."""
        self._timeout = timeout
        self._unconfirmed_since: dict[KeyT, float] = {}

    def expired(
        self, now: float, present: AbstractSet[KeyT], confirmed: AbstractSet[KeyT], *, complete: bool
    ) -> set[KeyT]:
        """The objects that have been unconfirmed for the whole timeout. Call it periodically.

        Arguments:
            now: seconds of a monotonic clock.
            present: the objects on this node.
            confirmed: the objects in the replica.
            complete: whether the replica is complete.
        """
        unconfirmed = present - confirmed if complete else set[KeyT]()
        self._unconfirmed_since = {key: self._unconfirmed_since.get(key, now) for key in unconfirmed}
        return {key for key, since in self._unconfirmed_since.items() if now - since >= self._timeout}

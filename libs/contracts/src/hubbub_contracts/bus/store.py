"""Requests about the registry's store as a whole."""

from __future__ import annotations

from typing import ClassVar

from ..base import Model, RegistryRequest
from ..types import Revision


class StorePosition(Model):
    """The identity of the registry's bucket of rooms, and the sequence of its last write."""

    store: str
    """The identity of the bucket. It changes when the store was lost."""
    sequence: Revision
    """Of the last write that the answering replica knows."""


class ConfirmStore(RegistryRequest[StorePosition]):
    """Asks whether the registry's store contains everything that the sender has seen of it.

    A store that does not was lost or rolled back, and the registry replaces it. `unavailable` until the store is
    rebuilt and the sender knows its identity.
    """

    verb: ClassVar[str] = "store.confirm"
    store: str | None = None
    """The identity of the bucket that the sender knows; absent when it knows none."""
    sequence: Revision = 0
    """The highest sequence that the sender has seen in that bucket."""

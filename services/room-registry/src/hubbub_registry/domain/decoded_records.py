"""The decoded forms of the stored records that were used last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar
from weakref import WeakKeyDictionary


class Encoded(Protocol):
    """A stored record. Another write makes another object."""

    @property
    def data(self) -> bytes:
        """The encoded record."""


StoredT = TypeVar("StoredT", bound=Encoded)
RecordT = TypeVar("RecordT")


class DecodedRecords(Generic[StoredT, RecordT]):
    """Decodes records, and keeps up to `capacity` of them: no longer than the stored record itself, once it is replaced
    or removed."""

    def __init__(self, decode: Callable[[bytes], RecordT], capacity: int) -> None:
        """Starts empty. `decode` raises ValidationError."""
        self._decode = decode
        self._capacity = capacity
        self._records: WeakKeyDictionary[StoredT, RecordT] = WeakKeyDictionary()

    def __len__(self) -> int:
        """The number of records that are kept."""
        return len(self._records)

    def of(self, stored: StoredT) -> RecordT:
        """The decoded record. Raises what `decode` raises."""
        record = self._records.get(stored)
        if record is None:
            record = self._decode(stored.data)
            if len(self._records) >= self._capacity:
                del self._records[next(iter(self._records))]
            self._records[stored] = record
        return record

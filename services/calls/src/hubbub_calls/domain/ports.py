"""The ports that handlers use and adapters implement. Every method raises HubbubError when its other side is silent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Protocol

from hubbub_contracts.bus.call_records import CallRecord

from .live_calls import LiveCalls, StoredCall


class CallStore(Protocol):
    """The bucket of live calls: this instance's copy of it, reads of the store, and compare-and-set writes.

    A write that names an outdated revision raises `hubbub_bus.KeyConflict`.
    """

    @property
    def calls(self) -> LiveCalls:
        """This instance's copy."""

    async def refresh(self) -> None:
        """Returns once the copy contains every write stored before. Raises `unavailable`."""

    async def find(self, key: str) -> tuple[StoredCall | None, int]:
        """The call at `key` in the store, and the revision that the next write must name."""

    async def put(self, key: str, record: CallRecord, last: int) -> int:
        """Replaces revision `last`; 0 creates it. Returns the new revision."""

    async def remove(self, key: str, last: int) -> None:
        """Removes revision `last`."""


class CallHistory(Protocol):
    """The calls that have ended, for as long as they are kept."""

    async def add(self, record: CallRecord) -> None:
        """Stores the call for each participant. Repeating it changes nothing."""

    async def find(self, call_id: str) -> CallRecord | None:
        """The call with this id."""

    def of_user(self, tenant: str | None, user_id: str) -> AsyncIterator[tuple[int, CallRecord]]:
        """The calls of a tenant's user with their positions, the oldest first."""


class Directory(Protocol):
    """What other services know of users."""

    async def users_in_room(self, room_id: str) -> frozenset[str]:
        """The users who have a peer in this room."""

    async def not_to_be_disturbed(self, tenant: str | None, users: Iterable[str]) -> frozenset[str]:
        """Which of these users of a tenant a device says so of. Empty when nobody answers: then they are rung."""

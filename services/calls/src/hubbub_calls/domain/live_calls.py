"""The live calls of the cluster, as this instance sees them, with an index by user and by room."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hubbub_contracts import ids
from hubbub_contracts.bus.call_records import CallRecord

from .call import participant
from .participant_state import IN_CALL


@dataclass(frozen=True, slots=True)
class StoredCall:
    """A call with its position in the order of writes."""

    key: str
    record: CallRecord
    revision: int
    """The sequence of the last write: the next write must name it."""


class LiveCalls:
    """A copy of the bucket. It may be behind: a write is decided by compare-and-set, never by this copy."""

    def __init__(self) -> None:
        self._calls: dict[str, StoredCall] = {}
        self._keys_of_user: dict[tuple[str | None, str], set[str]] = defaultdict(set)
        """By tenant and user."""
        self._key_of_room: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def __iter__(self) -> Iterator[StoredCall]:
        return iter(list(self._calls.values()))

    def get(self, key: str) -> StoredCall | None:
        """The call at this key."""
        return self._calls.get(key)

    def of_users(self, tenant: str | None, users: Iterable[str]) -> list[StoredCall]:
        """The calls in which one of these users of a tenant participates."""
        keys = {key for user_id in users for key in self._keys_of_user.get((tenant, user_id), ())}
        return [self._calls[key] for key in sorted(keys)]

    def of_room(self, room_id: str) -> StoredCall | None:
        """The call of this room."""
        key = self._key_of_room.get(room_id)
        return None if key is None else self._calls[key]

    def busy(self, tenant: str | None, users: Iterable[str], except_key: str) -> frozenset[str]:
        """Which of these users of a tenant take part in a call, other than the one at `except_key`."""
        return frozenset(
            user_id
            for user_id in users
            for key in self._keys_of_user.get((tenant, user_id), ())
            if key != except_key and _takes_part(self._calls[key].record, user_id)
        )

    def put(self, call: StoredCall) -> None:
        """The call was written."""
        self.remove(call.key)
        self._calls[call.key] = call
        self._key_of_room[room_of(call.record)] = call.key
        for user in _users(call.record):
            self._keys_of_user[user].add(call.key)

    def remove(self, key: str) -> None:
        """The key has no call any more."""
        before = self._calls.pop(key, None)
        if before is None:
            return
        del self._key_of_room[room_of(before.record)]
        for user in _users(before.record):
            self._keys_of_user[user].discard(key)
            if not self._keys_of_user[user]:
                del self._keys_of_user[user]


def room_of(record: CallRecord) -> str:
    """The id of the call's room."""
    return ids.room_id(record.call_id, record.tenant)


def _users(record: CallRecord) -> list[tuple[str | None, str]]:
    return [(record.tenant, each.user_id) for each in record.participants]


def _takes_part(record: CallRecord, user_id: str) -> bool:
    part = participant(record, user_id)
    return record.state != "ended" and part is not None and part.state in IN_CALL

"""This instance's copy of the bucket of recordings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hubbub_contracts import ids
from hubbub_contracts.bus.recording_records import RecordingRecord


@dataclass(frozen=True, slots=True)
class StoredRecording:
    """A record with its place in the bucket."""

    key: str
    record: RecordingRecord
    revision: int


class Recordings:
    """All recordings, by key and by id. A recording that stops is at two keys for a moment: the later state counts."""

    def __init__(self) -> None:
        self._by_key: dict[str, StoredRecording] = {}
        self._by_id: dict[str, dict[str, StoredRecording]] = {}
        self._to_compose: dict[str, StoredRecording] = {}

    def __iter__(self) -> Iterator[StoredRecording]:
        """Yields each entry of the bucket."""
        return iter(list(self._by_key.values()))

    def put(self, stored: StoredRecording) -> None:
        """Adds or replaces an entry."""
        self.remove(stored.key)
        self._by_key[stored.key] = stored
        if _is_to_compose(stored):
            self._to_compose[stored.key] = stored
        self._by_id.setdefault(stored.record.recording_id, {})[stored.key] = stored

    def remove(self, key: str) -> None:
        """Forgets an entry."""
        before = self._by_key.pop(key, None)
        self._to_compose.pop(key, None)
        if before is not None:
            same = self._by_id[before.record.recording_id]
            del same[key]
            if not same:
                del self._by_id[before.record.recording_id]

    def at(self, key: str) -> StoredRecording | None:
        """The entry at a key."""
        return self._by_key.get(key)

    def find(self, recording_id: str) -> StoredRecording | None:
        """The recording with this id, in its latest state."""
        entries = self._by_id.get(recording_id)
        return None if not entries else max(entries.values(), key=lambda one: one.record.state != "recording")

    def find_of(self, tenant: str | None, recording_id: str) -> StoredRecording | None:
        """As `find`, for a request of a tenant: the recordings of others do not exist."""
        found = self.find(recording_id)
        return found if found is not None and _tenant(found) == tenant else None

    def of(self, recorder_id: str, epoch: int) -> Iterator[StoredRecording]:
        """The unfinished recordings of one incarnation of a recorder."""
        return (one for one in self if _is_open(one) and _recorder(one) == (recorder_id, epoch))

    def to_compose(self) -> list[StoredRecording]:
        """The recordings with a composition that waits or is being made: few of many."""
        return list(self._to_compose.values())

    def to_upload(self, recorder_id: str, epoch: int) -> Iterator[StoredRecording]:
        """The finished recordings of one incarnation of a recorder that are not uploaded."""
        return (one for one in self if _is_local(one) and _recorder(one) == (recorder_id, epoch))

    def orphaned(self, leases: Mapping[str, int], *, to_upload: bool = False) -> Iterator[StoredRecording]:
        """The unfinished recordings whose recorder has no lease.

        Arguments:
            leases: the epoch of each instance's lease.
            to_upload: also those that are finished and not uploaded.
        """
        return (
            one
            for one in self
            if (_is_open(one) or (to_upload and _is_local(one)))
            and leases.get(one.record.recorder_id) != one.record.recorder_epoch
        )

    def page(
        self, tenant: str | None, call_id: str | None, before: int | None, limit: int
    ) -> tuple[list[RecordingRecord], int | None]:
        """A tenant's newest recordings that started before `before`, and `before` of the next page.

        `before` is in Unix milliseconds.
        """
        newest = sorted(
            (
                found.record
                for recording_id in self._by_id
                if (found := self.find(recording_id)) is not None
                and _tenant(found) == tenant
                and call_id in (None, found.record.call_id)
                and (before is None or found.record.started_at < before)
            ),
            key=lambda record: (-record.started_at, record.recording_id),
        )
        return newest[:limit], (newest[limit - 1].started_at if len(newest) > limit else None)


def _tenant(stored: StoredRecording) -> str | None:
    return ids.tenant(stored.record.room_id)


def _is_open(stored: StoredRecording) -> bool:
    return stored.record.state != "finished"


def _is_local(stored: StoredRecording) -> bool:
    """Whether it is to be uploaded, once its compositions are made."""
    return stored.record.state == "finished" and not stored.record.uploaded and not _is_to_compose(stored)


def _is_to_compose(stored: StoredRecording) -> bool:
    return any(one.state in ("queued", "running") for one in stored.record.compositions)


def _recorder(stored: StoredRecording) -> tuple[str, int]:
    return stored.record.recorder_id, stored.record.recorder_epoch

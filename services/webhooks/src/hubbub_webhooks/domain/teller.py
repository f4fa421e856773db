"""What one endpoint has been told of all rooms, and the events that the next changes cause. No I/O.

The changes of a batch are applied, then `take` returns the rooms that they have changed, each with its new events.
These are stored before the events go out, so that an interrupted batch is not worked off twice with other results.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hubbub_contracts import ids, subjects
from hubbub_contracts.bus.webhook_records import ToldRoom, WaitingEvent
from hubbub_contracts.webhook import WebhookData, WebhookEvent

from . import changes
from .changes import Happened, Told
from .stored_change import CallWritten, PeerWritten, RecordingWritten, RoomWritten, StoredChange


class Teller:
    """The state of one endpoint."""

    def __init__(
        self,
        rooms: Iterable[ToldRoom],
        events: Iterable[str],
        is_told: Callable[[str], bool] = lambda _room_id: True,
    ) -> None:
        """Continues after what was told before.

        Arguments:
            rooms: what was told.
            events: the types that the endpoint wants; none: all.
            is_told: whether the endpoint is told of a room.
        """
        self._is_told = is_told
        self._rooms = {room.room_id: room for room in rooms}
        self._rooms_of_calls = {room.call.key: room.room_id for room in self._rooms.values() if room.call is not None}
        self._wanted = frozenset(events)
        self._new: dict[str, list[WaitingEvent]] = {}
        self._changed: set[str] = set()

    @property
    def rooms(self) -> Iterable[ToldRoom]:
        """What was told, by room."""
        return self._rooms.values()

    def apply(self, bucket: str, change: StoredChange, revision: int, at: str) -> None:
        """A change was stored at this sequence of its bucket, at the time `at` in RFC 3339."""
        room_id = self._room_of(change)
        if room_id is None or not self._is_told(room_id):
            return
        before = self._rooms.get(room_id) or ToldRoom(room_id=room_id, call_id=ids.call_id(room_id))
        if revision <= before.revisions.get(bucket, 0):
            return
        after, happened = _compare(before, change)
        known = {**after.revisions, bucket: revision}
        self._store(before, after.model_copy(update={"revisions": known}), happened, at)

    def apply_listing(self, bucket: str, present: Iterable[tuple[int, StoredChange]], revision: int, at: str) -> None:
        """Compares the whole bucket with what was told.

        `present`: its values with their sequences, in the order of their writes. `revision`: up to where they are
        complete.
        """
        seen_rooms: set[str] = set()
        seen_peers: set[str] = set()
        seen_calls: set[str] = set()
        for sequence, change in present:
            match change:
                case RoomWritten(room_id, record) if record is not None:
                    seen_rooms.add(room_id)
                case PeerWritten(_, peer_id, record) if record is not None:
                    seen_peers.add(peer_id)
                case CallWritten(key, record) if record is not None:
                    seen_calls.add(key)
            self.apply(bucket, change, sequence, at)
        for told in list(self._rooms.values()):
            after, happened = told, list[Happened]()
            if bucket == subjects.ROOMS_BUCKET:
                for peer_id in [each for each in told.peers if each not in seen_peers]:
                    after, left = changes.peer_left(after, peer_id, None)
                    happened += left
                if told.open and told.room_id not in seen_rooms:
                    after, ended = changes.room_changed(after, None)
                    happened += ended
            elif bucket == subjects.CALLS_BUCKET and told.call is not None and told.call.key not in seen_calls:
                after, happened = changes.call_removed(told)
            known = {**after.revisions, bucket: max(revision, after.revisions.get(bucket, 0))}
            self._store(told, after.model_copy(update={"revisions": known}), happened, at)

    def take(self, batch: int, now: int) -> list[ToldRoom]:
        """Ends a batch, at the time `now` in Unix milliseconds.

        Returns the rooms that were changed since the last one, with their new events.
        """
        changed = []
        for room_id in self._changed:
            told = self._rooms[room_id]
            update = {
                "batch": batch,
                "events": self._new.get(room_id, []),
                "idle_since": (told.idle_since or now) if told.idle else None,
            }
            self._rooms[room_id] = told.model_copy(update=update)
            changed.append(self._rooms[room_id])
        self._changed.clear()
        self._new.clear()
        return changed

    def forget_idle(self, before: int) -> None:
        """Forgets the rooms that are idle since a time before this one, in Unix milliseconds."""
        for room_id, told in list(self._rooms.items()):
            if told.idle_since is not None and told.idle_since < before:
                del self._rooms[room_id]

    def _room_of(self, change: StoredChange) -> str | None:
        match change:
            case CallWritten(key, record):
                return self._rooms_of_calls.get(key) if record is None else ids.room_id(record.call_id, record.tenant)
            case RecordingWritten(record):
                return record.room_id
            case _:
                return change.room_id

    def _store(self, before: ToldRoom, after: ToldRoom, happened: list[Happened], at: str) -> None:
        events = [each for each in happened if not self._wanted or each.type in self._wanted]
        if events or after.model_copy(update={"revisions": before.revisions}) != before:
            self._changed.add(after.room_id)
        if before.call is not None:
            self._rooms_of_calls.pop(before.call.key, None)
        if after.call is not None:
            self._rooms_of_calls[after.call.key] = after.room_id
        new = self._new.setdefault(after.room_id, []) if events else []
        for number, each in enumerate(events, after.seq + 1):
            new.append(WaitingEvent(event_id=ids.mint(), event=_event(each, after, number, at)))
        self._rooms[after.room_id] = after.model_copy(update={"seq": after.seq + len(events)})


def _compare(told: ToldRoom, change: StoredChange) -> Told:
    match change:
        case RoomWritten(_, record):
            return changes.room_changed(told, record)
        case PeerWritten(_, peer_id, record, reason):
            return changes.peer_left(told, peer_id, reason) if record is None else changes.peer_changed(told, record)
        case CallWritten(key, record):
            return changes.call_removed(told) if record is None else changes.call_changed(told, key, record)
        case RecordingWritten(record):
            return changes.recording_changed(told, record)


def _event(happened: Happened, room: ToldRoom, seq: int, at: str) -> WebhookEvent:
    return WebhookEvent(
        type=happened.type,
        timestamp=at,
        data=WebhookData(
            call_id=room.call_id,
            tenant=ids.tenant(room.room_id),
            seq=seq,
            peer=happened.peer,
            track=happened.track,
            reason=happened.reason,
            call=happened.call,
            recording=happened.recording,
            composition_id=happened.composition_id,
        ),
    )

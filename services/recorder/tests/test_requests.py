"""The handlers, over a bucket in memory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from hubbub_contracts import ErrorCode, HubbubError, subjects
from hubbub_contracts.bus.recording import (
    ComposeRecording,
    CreateRecordingTicket,
    DeleteRecording,
    GetRecording,
    ListRecordings,
    ReadRecordingFile,
    StartRecording,
    StopRecording,
)
from hubbub_contracts.bus.recording_records import RecordingRecord
from hubbub_contracts.recording import MAX_COMPOSITIONS, Composition, CompositionOptions, Manifest
from hubbub_recorder.domain.composition import changed, claimed, failed
from hubbub_recorder.domain.recording import finished
from hubbub_recorder.handlers import listing, tickets
from hubbub_recorder.handlers.compose import compose
from hubbub_recorder.handlers.context import RecorderContext
from hubbub_recorder.handlers.start import start
from hubbub_recorder.handlers.stop import stop, stop_recording
from support.recorder_fakes import FakeRecorder, FakeRecordingStore

NOW = 5_000


@dataclass
class FakeFiles:
    """Implements `RecordingFiles`."""

    has_room: bool = True
    deleted: list[str] = field(default_factory=list)

    async def manifest(self, record: RecordingRecord) -> Manifest | None:
        """See `RecordingFiles`."""
        return None

    async def read(self, record: RecordingRecord, file: str, offset: int, length: int) -> tuple[int, bytes] | None:
        """See `RecordingFiles`."""
        content = b"content"
        return (len(content), content[offset : offset + length]) if file == "there" else None

    async def delete(self, record: RecordingRecord) -> None:
        """See `RecordingFiles`."""
        self.deleted.append(record.recording_id)

    async def has_space(self) -> bool:
        """See `RecordingFiles`."""
        return self.has_room


@dataclass
class Rig:
    """The context, and its fakes."""

    store: FakeRecordingStore = field(default_factory=FakeRecordingStore)
    recorder: FakeRecorder = field(default_factory=FakeRecorder)
    files: FakeFiles = field(default_factory=FakeFiles)

    @property
    def context(self) -> RecorderContext:
        """At most two recordings at once, and three compositions that wait."""
        return RecorderContext(
            self.store, self.files, self.recorder, max_recordings=2, max_compositions=3, clock=lambda: NOW
        )


async def test_a_room_has_one_recording() -> None:
    rig = Rig()
    first = await start(rig.context, StartRecording(call_id="call", started_by="ann"))
    assert (first.state, first.started_by, first.started_at) == ("recording", "ann", NOW)
    assert await start(rig.context, StartRecording(call_id="call")) == first
    assert [one.recording_id for one in rig.recorder.started] == [first.recording_id]


async def test_the_first_of_two_instances_records() -> None:
    rig, other = Rig(), Rig()
    theirs = await start(other.context, StartRecording(call_id="call"))
    [stored] = other.store.recordings
    rig.store.before_write = [lambda: rig.store.recordings.put(stored)]
    assert await start(rig.context, StartRecording(call_id="call")) == theirs
    assert rig.recorder.started == []


async def test_a_start_that_fails_leaves_no_record() -> None:
    rig = Rig(recorder=FakeRecorder(failure=HubbubError(ErrorCode.ROOM_NOT_FOUND, "no such room")))
    with pytest.raises(HubbubError, match="no such room"):
        await start(rig.context, StartRecording(call_id="call"))
    assert list(rig.store.recordings) == []


@pytest.mark.parametrize(
    ("running", "has_room", "code"), [(2, True, ErrorCode.QUOTA_EXCEEDED), (0, False, ErrorCode.UNAVAILABLE)]
)
async def test_a_start_beyond_the_limits_is_refused(running: int, has_room: bool, code: ErrorCode) -> None:
    rig = Rig(files=FakeFiles(has_room))
    for number in range(running):
        await start(rig.context, StartRecording(call_id=f"other{number}"))
    with pytest.raises(HubbubError) as refused:
        await start(rig.context, StartRecording(call_id="call"))
    assert refused.value.code is code


async def test_a_stop_moves_the_record_and_frees_the_room() -> None:
    rig = Rig()
    started = await start(rig.context, StartRecording(call_id="call"))
    for _ in range(2):
        stopped = await stop(rig.context, StopRecording(recording_id=started.recording_id))
        assert (stopped.state, stopped.stop_reason, stopped.stopped_at) == ("processing", "requested", NOW)
    assert [one.key for one in rig.store.recordings] == [subjects.done_recording_key(started.recording_id)]
    again = await start(rig.context, StartRecording(call_id="call"))
    assert again.recording_id != started.recording_id


async def test_a_stop_that_was_interrupted_is_finished() -> None:
    rig = Rig()
    started = await start(rig.context, StartRecording(call_id="call"))
    [live] = rig.store.recordings
    await stop_recording(rig.store, started.recording_id, "disk_full", NOW)
    rig.store.recordings.put(live)  # as if its removal had been lost
    again = await stop_recording(rig.store, started.recording_id, "requested", NOW + 1)
    assert (again.stop_reason, again.stopped_at) == ("disk_full", NOW)
    assert [one.record.state for one in rig.store.recordings] == ["processing"]


async def test_a_recording_of_another_room_is_not_found() -> None:
    rig = Rig()
    started = await start(rig.context, StartRecording(call_id="call"))
    for request in (
        StopRecording(recording_id=started.recording_id, call_id="another"),
        StopRecording(recording_id="unknown"),
    ):
        with pytest.raises(HubbubError) as refused:
            await stop(rig.context, request)
        assert refused.value.code is ErrorCode.NOT_FOUND


async def test_only_a_finished_recording_is_deleted() -> None:
    rig = Rig()
    started = await start(rig.context, StartRecording(call_id="call"))
    delete = DeleteRecording(recording_id=started.recording_id)
    for _ in range(2):
        with pytest.raises(HubbubError) as refused:
            await listing.delete(rig.context, delete)
        assert refused.value.code is ErrorCode.INVALID_STATE
        await stop(rig.context, StopRecording(recording_id=started.recording_id))
    [stored] = rig.store.recordings
    await rig.store.put(stored.key, finished(stored.record), stored.revision)
    await listing.delete(rig.context, delete)
    assert rig.files.deleted == [started.recording_id]
    with pytest.raises(HubbubError) as missing:
        await listing.get(rig.context, GetRecording(recording_id=started.recording_id))
    assert missing.value.code is ErrorCode.NOT_FOUND


async def test_a_ticket_opens_the_files_of_its_recording_until_it_expires() -> None:
    rig = Rig()
    one = await start(rig.context, StartRecording(call_id="call"))
    other = await start(rig.context, StartRecording(call_id="another"))
    made = await tickets.create_ticket(rig.context, CreateRecordingTicket(recording_id=one.recording_id))

    async def read(recording_id: str, ticket: str, now: int) -> None:
        request = ReadRecordingFile(recording_id=recording_id, file="there", offset=0, ticket=ticket)
        await listing.read(replace(rig.context, clock=lambda: now), request)

    await read(one.recording_id, made.ticket, made.expires_at - 1)
    expiry, mac = made.ticket.split(".")
    for recording_id, ticket, now in (
        (one.recording_id, made.ticket, made.expires_at),
        (other.recording_id, made.ticket, NOW),
        ("unknown", made.ticket, NOW),
        (one.recording_id, f"{int(expiry) + 1}.{mac}", NOW),
        (one.recording_id, f"{expiry}.{'0' * 64}", NOW),
        (one.recording_id, f"{expiry}.holder.{mac}", NOW),
        (one.recording_id, "", NOW),
        (one.recording_id, "٣.x", NOW),
    ):
        with pytest.raises(HubbubError) as refused:
            await read(recording_id, ticket, now)
        assert refused.value.code is ErrorCode.UNAUTHENTICATED
    with pytest.raises(HubbubError) as missing:
        await tickets.create_ticket(rig.context, CreateRecordingTicket(recording_id="unknown"))
    assert missing.value.code is ErrorCode.NOT_FOUND


async def test_recordings_are_listed_and_files_are_read() -> None:
    rig = Rig()
    started = await start(rig.context, StartRecording(call_id="call"))
    one = started.recording_id
    page = await listing.list_recordings(rig.context, ListRecordings(call_id="call"))
    assert page.recordings == [started]
    assert (await listing.get(rig.context, GetRecording(recording_id=started.recording_id))).recording == started
    chunk = await listing.read(rig.context, ReadRecordingFile(recording_id=one, file="there", offset=2, length=3))
    assert (chunk.size, chunk.data) == (7, "bnRl")
    with pytest.raises(HubbubError) as missing:
        await listing.read(rig.context, ReadRecordingFile(recording_id=one, file="missing", offset=0))
    assert missing.value.code is ErrorCode.NOT_FOUND


async def finished_recording(rig: Rig, call_id: str = "call") -> str:
    started = await start(rig.context, StartRecording(call_id=call_id))
    await stop(rig.context, StopRecording(recording_id=started.recording_id))
    found = rig.store.recordings.find(started.recording_id)
    assert found is not None
    await rig.store.put(found.key, finished(found.record), found.revision)
    return started.recording_id


async def ask(rig: Rig, recording_id: str, width: int = 1280) -> Composition:
    return await compose(
        rig.context, ComposeRecording(recording_id=recording_id, options=CompositionOptions(width=width))
    )


async def test_a_composition_is_queued_once_and_listed() -> None:
    rig = Rig()
    recording_id = await finished_recording(rig)
    first = await ask(rig, recording_id)
    assert (first.state, first.layout, first.width, first.requested_at) == ("queued", "grid", 1280, NOW)
    assert await ask(rig, recording_id) == first
    other = await ask(rig, recording_id, 640)
    listed = (await listing.get(rig.context, GetRecording(recording_id=recording_id))).recording
    assert list(listed.compositions) == [first, other]


async def test_a_recording_that_runs_is_composed_too() -> None:
    rig = Rig()
    started = await start(rig.context, StartRecording(call_id="call"))
    composition = await ask(rig, started.recording_id)
    await stop(rig.context, StopRecording(recording_id=started.recording_id))
    [stored] = rig.store.recordings
    assert [one.composition_id for one in stored.record.compositions] == [composition.composition_id]
    with pytest.raises(HubbubError) as missing:
        await ask(rig, "unknown")
    assert missing.value.code is ErrorCode.NOT_FOUND


async def test_a_setting_composes_each_recording_while_it_runs() -> None:
    rig = Rig()
    context = replace(rig.context, live_composition=CompositionOptions(layout="speaker"))
    started = await start(context, StartRecording(call_id="call", audio_only=True))
    assert [(one.layout, one.audio_only, one.state) for one in started.compositions] == [("speaker", True, "queued")]


async def test_the_number_of_compositions_is_bounded() -> None:
    rig = Rig()
    recording_id = await finished_recording(rig)
    for number in range(MAX_COMPOSITIONS):
        made = await ask(rig, recording_id, 200 + 2 * number)
        await end(rig, recording_id, made)
    with pytest.raises(HubbubError, match="at most 8"):
        await ask(rig, recording_id, 400)
    other = await finished_recording(rig, "other")
    for number in range(3):
        await ask(rig, other, 200 + 2 * number)
    with pytest.raises(HubbubError, match="3 compositions wait"):
        await ask(rig, other, 404)


async def test_a_failed_composition_is_made_again_in_its_place() -> None:
    rig = Rig()
    recording_id = await finished_recording(rig)
    first = await ask(rig, recording_id)
    await end(rig, recording_id, first)
    again = await ask(rig, recording_id)
    assert (again.state, again.composition_id == first.composition_id) == ("queued", False)
    found = rig.store.recordings.find(recording_id)
    assert found is not None
    assert [one.composition_id for one in found.record.compositions] == [again.composition_id]


async def test_a_full_disk_refuses_a_composition() -> None:
    rig = Rig()
    recording_id = await finished_recording(rig)
    rig.files.has_room = False
    with pytest.raises(HubbubError, match="disk"):
        await ask(rig, recording_id)


async def end(rig: Rig, recording_id: str, composition: Composition) -> None:
    """As if an instance had failed to make it."""
    found = rig.store.recordings.find(recording_id)
    assert found is not None
    record = changed(found.record, composition.composition_id, claimed("here", 7))
    record = changed(record, composition.composition_id, failed("broken"))
    await rig.store.put(found.key, record, found.revision)


async def test_the_holder_of_a_ticket_cannot_be_changed() -> None:
    rig = Rig()
    one = await start(rig.context, StartRecording(call_id="call"))
    request = CreateRecordingTicket(recording_id=one.recording_id, holder="h" * 48)
    made = await tickets.create_ticket(rig.context, request)
    assert len(made.ticket) <= 128
    expiry, holder, mac = made.ticket.split(".")
    assert holder == request.holder

    async def read(ticket: str) -> None:
        shown = ReadRecordingFile(recording_id=one.recording_id, file="there", offset=0, ticket=ticket)
        await listing.read(rig.context, shown)

    await read(made.ticket)
    for forged in (f"{expiry}.{mac}", f"{expiry}.{'x' * 48}.{mac}", f"{expiry}..{mac}"):
        with pytest.raises(HubbubError) as refused:
            await read(forged)
        assert refused.value.code is ErrorCode.UNAUTHENTICATED

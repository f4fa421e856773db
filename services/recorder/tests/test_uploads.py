"""Finished recordings move into an object store: a real server, and the bucket of recordings in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from hubbub_contracts import ErrorCode, HubbubError, ids, subjects
from hubbub_contracts.bus.recording_records import RecordingRecord
from hubbub_contracts.recording import CompositionOptions, Manifest
from hubbub_recorder.adapters import object_storage, uploads
from hubbub_recorder.adapters.composition_files import CompositionFiles
from hubbub_recorder.adapters.compositions import Compositions
from hubbub_recorder.adapters.object_storage import ObjectStorage
from hubbub_recorder.adapters.recording_files import RecordingDirectory
from hubbub_recorder.adapters.recording_storage import RecordingStorage
from hubbub_recorder.adapters.uploads import Uploads
from hubbub_recorder.domain.composition import changed, claimed, failed, requested
from hubbub_recorder.domain.recordings import StoredRecording
from hubbub_service import Tasks
from support.python_sdk import until
from support.recorded_tracks import Tracks
from support.recorder_fakes import FakeRecorder, FakeRecordingStore, recording_record
from support.s3_server import BUCKET, S3Server

PICTURE = bytes(range(256)) * 4096 * 10
"""More than one part."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with S3Server(tmp_path_factory.mktemp("s3") / "data") as running:
        yield running


class Rig:
    """The uploads of one instance."""

    def __init__(self, directory: Path) -> None:
        self.store = FakeRecordingStore()
        self.directory = RecordingDirectory(directory, 0)
        self.objects = ObjectStorage(f"s3://{BUCKET}/of-{directory.name}")
        self.files = RecordingStorage(self.directory, self.objects)
        self.uploads = Uploads(self.store, self.directory, self.objects, FakeRecorder())

    async def record(self) -> StoredRecording:
        """A finished recording with two files."""
        recording = recording_record(recording_id=ids.mint(), state="finished")
        self.directory.write_manifest(Manifest(recording=recording.info(), captions="captions.vtt"))
        (self.directory.directory(recording.recording_id) / "picture.webm").write_bytes(PICTURE)
        return await self.store.put(subjects.done_recording_key(recording.recording_id), recording, 0)

    def current(self, stored: StoredRecording) -> RecordingRecord:
        """The record as it is now."""
        found = self.store.recordings.find(stored.record.recording_id)
        assert found is not None
        return found.record


@pytest.fixture
async def rig(server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(uploads, "INTERVAL", 0.05)
    monkeypatch.setattr(uploads, "MAX_RETRY_INTERVAL", 0.1)
    monkeypatch.setattr(object_storage, "RETRY_TIMEOUT", object_storage.RETRY_TIMEOUT / 600)
    tasks = Tasks()
    rig = Rig(tmp_path)
    rig.uploads.start(tasks)
    yield rig
    await tasks.close()


async def test_a_finished_recording_moves_into_the_bucket_and_is_read_from_there(rig: Rig) -> None:
    stored = await rig.record()
    recording_id = stored.record.recording_id
    await until(lambda: not rig.directory.directory(recording_id).exists())
    record = rig.current(stored)
    assert record.uploaded
    assert rig.uploads.waiting == 0
    manifest = await rig.files.manifest(record)
    assert manifest is not None
    assert manifest.captions == "captions.vtt"
    assert await rig.files.read(record, "picture.webm", 0, len(PICTURE)) == (len(PICTURE), PICTURE)
    assert await rig.files.read(record, "picture.webm", 1_000, 3) == (len(PICTURE), PICTURE[1_000:1_003])
    assert await rig.files.read(record, "picture.webm", len(PICTURE) - 1, 9) == (len(PICTURE), PICTURE[-1:])
    assert await rig.files.read(record, "picture.webm", len(PICTURE), 9) == (len(PICTURE), b"")
    assert await rig.files.read(record, "missing.webm", 0, 9) is None
    await rig.files.delete(record)
    assert await rig.files.manifest(record) is None


async def test_an_uploaded_recording_is_composed_into_the_bucket(rig: Rig) -> None:
    stored = await rig.record()
    recording_id = stored.record.recording_id
    tracks = Tracks(rig.directory.directory(recording_id))
    tracks.sound("ann", 0, 1_000, 440.0)
    rig.directory.write_manifest(Manifest(recording=stored.record.info(), tracks=tracks.tracks))
    await until(lambda: rig.current(stored).uploaded)
    found = rig.store.recordings.find(recording_id)
    assert found is not None
    record, composition = requested(found.record, "composition", CompositionOptions(width=320, height=180), 1)
    await rig.store.put(found.key, record, found.revision)
    compositions, tasks = (
        Compositions(rig.store, CompositionFiles(rig.directory, rig.objects), "here", lambda: 7),
        Tasks(),
    )
    rig.store.on_change = compositions.records_changed
    compositions.start(tasks)
    await until(lambda: rig.current(stored).compositions[0].state == "done")
    await tasks.close()
    await compositions.stop()
    made = rig.current(stored).compositions[0]
    assert made.composition_id == composition.composition_id
    found_file = await rig.files.read(rig.current(stored), str(made.file), 4, 4)
    assert found_file == (made.bytes, b"ftyp")
    assert rig.directory.recording_ids() == [], "the copies are deleted"


async def test_an_upload_waits_for_the_compositions(rig: Rig) -> None:
    stored = await rig.record()
    record, composition = requested(stored.record, "composition", CompositionOptions(), 1)
    stored = await rig.store.put(stored.key, record, stored.revision)
    assert rig.uploads.waiting == 0
    claim = changed(record, composition.composition_id, claimed("here", 7))
    ended = changed(claim, composition.composition_id, failed("broken"))
    await rig.store.put(stored.key, ended, stored.revision)
    await until(lambda: rig.current(stored).uploaded)


async def test_an_upload_that_fails_keeps_the_files_and_is_tried_again(rig: Rig, server: S3Server) -> None:
    server.stop()
    try:
        stored = await rig.record()
        with pytest.raises(HubbubError) as refused:
            await rig.objects.upload(stored.record.recording_id, rig.directory.directory(stored.record.recording_id))
        assert refused.value.code is ErrorCode.UNAVAILABLE
        assert refused.value.retryable
        assert await rig.files.read(rig.current(stored), "picture.webm", 0, 3) == (len(PICTURE), PICTURE[:3])
        assert rig.uploads.waiting == 1
    finally:
        server.start()
    await until(lambda: rig.current(stored).uploaded)
    assert await rig.files.read(rig.current(stored), "picture.webm", 0, 3) == (len(PICTURE), PICTURE[:3])


async def test_a_recording_that_is_deleted_while_it_is_uploaded_leaves_nothing(rig: Rig) -> None:
    stored = await rig.record()
    upload = rig.objects.upload

    async def upload_and_delete(recording_id: str, directory: Path) -> None:
        await upload(recording_id, directory)
        await rig.store.remove(stored)

    rig.objects.upload = upload_and_delete  # type: ignore[method-assign]
    await until(lambda: rig.store.recordings.find(stored.record.recording_id) is None)
    async with asyncio.timeout(10):
        while await rig.objects.read_whole(stored.record.recording_id, "manifest.json") is not None:
            await asyncio.sleep(0.05)


async def test_what_an_instance_left_that_was_killed_after_an_upload_is_deleted(rig: Rig, tmp_path: Path) -> None:
    stored = await rig.record()
    await until(lambda: rig.current(stored).uploaded)
    left = rig.directory.create(stored.record.recording_id)
    tasks = Tasks()
    Uploads(rig.store, rig.directory, rig.objects, FakeRecorder(recorder_epoch=8)).start(tasks)
    await until(lambda: not left.exists())
    await tasks.close()


def test_a_store_that_does_not_answer_is_asked_less_and_less_often() -> None:
    pauses = [uploads.INTERVAL]
    for _ in range(8):
        pauses.append(uploads.next_pause(pauses[-1], failed=True))
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert uploads.next_pause(60.0, failed=False) == uploads.INTERVAL


def test_only_buckets_of_s3_are_urls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "no url")
    with pytest.raises(ValueError, match="RECORDINGS_S3_URL"):
        ObjectStorage("ftp://recordings")

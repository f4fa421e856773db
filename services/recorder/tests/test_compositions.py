"""The compositions of an instance: real processes and files, and a bucket in memory."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import av
import pytest

from hubbub_bus import unix_ms
from hubbub_contracts.bus.recording_records import CompositionRecord
from hubbub_contracts.recording import CompositionOptions, CompositionState, Manifest, RecordingState
from hubbub_recorder.adapters.composition_files import CompositionFiles
from hubbub_recorder.adapters.composition_process import COMMAND
from hubbub_recorder.adapters.compositions import ORPHAN_DELAY, Compositions
from hubbub_recorder.adapters.object_storage import ObjectStorage
from hubbub_recorder.adapters.recording_files import RecordingDirectory
from hubbub_recorder.domain import composition as rules
from hubbub_recorder.domain.recordings import StoredRecording
from hubbub_service import Tasks
from support.python_sdk import until
from support.recorded_tracks import RED, Tracks
from support.recorder_fakes import FakeRecordingStore, recording_record

EPOCH = 7
KEY = "done.one"
FOR_EVER = (sys.executable, "-c", "import time; time.sleep(600)")
"""A process that never answers."""
DIES = (sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")


class Instance:
    """One instance, of several that share a bucket and a directory."""

    def __init__(self, rig: Rig, name: str, command: Sequence[str], processes: int) -> None:
        self.compositions = Compositions(
            rig.store,
            CompositionFiles(rig.files, rig.objects),
            name,
            lambda: EPOCH,
            processes=processes,
            command=command,
        )
        self.tasks = Tasks()
        rig.store.on_change = self.compositions.records_changed

    def start(self) -> None:
        self.compositions.start(self.tasks)

    async def stop(self) -> None:
        await self.tasks.close()
        await self.compositions.stop()

    async def kill(self) -> None:
        """As a kill: nothing is given back."""
        await self.tasks.close()
        await self.compositions._tasks.close()


class Rig:
    """A recording of two seconds, and its instances."""

    def __init__(self, root: Path) -> None:
        self.store = FakeRecordingStore()
        self.files = RecordingDirectory(root, 0)
        self.objects: ObjectStorage | None = None
        self.directory = self.files.create("one")
        self.instances: list[Instance] = []

    async def record(self, seconds: int = 2, state: RecordingState = "finished", started_at: int = 1) -> None:
        tracks = Tracks(self.directory)
        tracks.picture("ann", 0, seconds * 1_000, RED, size=(160, 120))
        tracks.sound("ann", 0, seconds * 1_000, 440.0)
        record = recording_record(
            state=state, started_at=started_at, stopped_at=2, recorder_id="there", recorder_epoch=1
        )
        self.files.write_manifest(Manifest(recording=record.info(), tracks=tracks.tracks))
        found = self.store.recordings.at(KEY)
        await self.store.put(KEY, record, 0 if found is None else found.revision)

    async def request(self, name: str = "composition", width: int = 320) -> None:
        record, _ = rules.requested(self.stored.record, name, CompositionOptions(width=width, height=180), 1)
        await self.store.put(KEY, record, self.stored.revision)

    def instance(self, name: str = "here", command: Sequence[str] = COMMAND, processes: int = 1) -> Instance:
        instance = Instance(self, name, command, processes)
        self.instances.append(instance)
        instance.start()
        return instance

    @property
    def stored(self) -> StoredRecording:
        found = self.store.recordings.at(KEY)
        assert found is not None
        return found

    def composition(self, name: str = "composition") -> CompositionRecord:
        found = rules.find(self.stored.record, name)
        assert found is not None
        return found

    def hidden(self) -> list[str]:
        """What is not complete."""
        return [path.name for path in self.directory.glob(".composed*")]


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    rig = Rig(tmp_path)
    await rig.record()
    yield rig
    for instance in rig.instances:
        await instance.stop()


async def pid_of(instance: Instance) -> int:
    await until(lambda: bool(instance.compositions.pids))
    return instance.compositions.pids[0]


async def is_gone(pid: int) -> None:
    await until(lambda: not Path(f"/proc/{pid}").exists())


async def test_a_composition_is_made_and_named_when_it_is_complete(rig: Rig) -> None:
    states: list[tuple[CompositionState, bool]] = []
    instance = rig.instance()

    def on_change() -> None:
        states.append((rig.composition().state, (rig.directory / "composed-composition.mp4").exists()))
        instance.compositions.records_changed()

    rig.store.on_change = on_change
    await rig.request()
    await until(lambda: rig.composition().state == "done")
    made = rig.composition()
    assert [each for each in states if each[0] != "running"] == [("queued", False), ("done", True)]
    assert (made.file, made.poster, made.progress) == ("composed-composition.mp4", "composed-composition.jpg", 1.0)
    assert (made.recorder_id, made.attempts, made.duration) == (None, 1, 2_000)
    path = rig.directory / "composed-composition.mp4"
    assert made.bytes == path.stat().st_size
    with av.open(path) as file:
        assert [stream.codec_context.name for stream in file.streams] == ["h264", "aac"]
    assert rig.hidden() == []
    assert instance.compositions.pids == []


async def test_compositions_are_made_one_after_another(rig: Rig) -> None:
    running: set[int] = set()
    for number in range(2):
        await rig.request(f"c{number}", 320 + 2 * number)
    instance = rig.instance()

    def on_change() -> None:
        running.add(sum(one.state == "running" for one in rig.stored.record.compositions))
        instance.compositions.records_changed()

    rig.store.on_change = on_change
    await until(lambda: all(one.state == "done" for one in rig.stored.record.compositions))
    assert max(running) == 1


async def test_a_deleted_recording_ends_its_composition(rig: Rig) -> None:
    instance = rig.instance(command=FOR_EVER)
    await rig.request()
    pid = await pid_of(instance)
    rig.files.delete("one")
    rig.directory.mkdir()  # as if the process had created it again
    await rig.store.remove(rig.stored)
    await is_gone(pid)
    await until(lambda: not rig.directory.exists())


async def test_a_process_that_is_killed_is_started_again(rig: Rig) -> None:
    instance = rig.instance()
    await rig.request(width=1280)
    await until(lambda: bool(rig.hidden()))
    pid = await pid_of(instance)
    os.kill(pid, signal.SIGKILL)
    await until(lambda: rig.composition().state == "done")
    assert rig.composition().attempts == 2
    assert rig.hidden() == []


async def test_a_composition_that_kills_its_process_fails(rig: Rig) -> None:
    rig.instance(command=DIES)
    await rig.request()
    await until(lambda: rig.composition().state == "failed")
    assert (rig.composition().attempts, rig.composition().error) == (rules.MAX_ATTEMPTS, rules.INTERRUPTED)
    assert rig.composition().file is None


async def test_a_composition_without_media_fails_with_the_reason(rig: Rig) -> None:
    for path in rig.directory.glob("00-*"):
        path.write_bytes(b"")
    manifest = rig.files.manifest("one")
    assert manifest is not None
    tracks = [track.model_copy(update={"duration": None}) for track in manifest.tracks]
    rig.files.write_manifest(manifest.model_copy(update={"tracks": tracks}))
    rig.instance()
    await rig.request()
    await until(lambda: rig.composition().state == "failed")
    assert rig.composition().error == "the recording has no media that can be read"
    assert rig.hidden() == []


async def test_an_instance_that_stops_gives_its_composition_back(rig: Rig) -> None:
    first = rig.instance("first", FOR_EVER)
    await rig.request()
    pid = await pid_of(first)
    await first.stop()
    await is_gone(pid)
    assert (rig.composition().state, rig.composition().attempts) == ("queued", 0)
    rig.instance("second")
    await until(lambda: rig.composition().state == "done")


async def test_another_instance_makes_what_a_killed_one_has_begun(rig: Rig) -> None:
    first = rig.instance("first", FOR_EVER)
    await rig.request()
    await pid_of(first)
    await first.kill()
    rig.instances.remove(first)
    (rig.directory / ".composed-composition-1.mp4").write_bytes(b"what it has left")
    assert rig.composition().recorder_id == "first"
    second = rig.instance("second").compositions
    await second.release_orphaned({"first": EPOCH}, 0.0)
    await second.release_orphaned({"first": EPOCH}, 2 * ORPHAN_DELAY)
    assert rig.composition().state == "running", "its lease is there"
    await second.release_orphaned({}, 100.0)
    await second.release_orphaned({}, 100.0 + ORPHAN_DELAY / 2)
    assert rig.composition().state == "running", "its new lease may be seen later"
    await second.release_orphaned({}, 100.0 + ORPHAN_DELAY)
    await until(lambda: rig.composition().state == "done")
    assert rig.composition().attempts == 2
    assert rig.hidden() == []


async def test_nobody_is_gone_before_the_leases_are_known_again(rig: Rig) -> None:
    first = rig.instance("first", FOR_EVER)
    await rig.request()
    await pid_of(first)
    second = rig.instance("second").compositions
    await second.release_orphaned({}, 0.0)
    second.leases_unknown()
    await second.release_orphaned({}, 2 * ORPHAN_DELAY)
    assert rig.composition().state == "running"


async def test_an_instance_that_lost_its_composition_ends_its_process(rig: Rig) -> None:
    first = rig.instance("first", FOR_EVER)
    await rig.request()
    pid = await pid_of(first)
    queued = rules.changed(rig.stored.record, "composition", rules.interrupted)
    taken = rules.changed(queued, "composition", rules.claimed("second", EPOCH))
    await rig.store.put(KEY, taken, rig.stored.revision)
    await is_gone(pid)
    assert rig.composition().recorder_id == "second", "the first one has not written"


async def test_a_recording_that_runs_is_followed_until_it_has_finished(rig: Rig) -> None:
    await rig.record(state="recording", started_at=unix_ms() - 60_000)
    rig.instance()
    await rig.request()
    await until(lambda: bool(rig.hidden()))
    for state in ("processing", "finished"):
        assert rig.composition().state == "running"
        record = rig.stored.record.model_copy(update={"state": state})
        await rig.store.put(KEY, record, rig.stored.revision)
    await until(lambda: rig.composition().state == "done")
    assert rig.composition().duration == 2_000
    assert rig.composition().attempts == 1


async def test_an_instance_makes_as_many_at_once_as_it_may(rig: Rig) -> None:
    for number in range(3):
        await rig.request(f"c{number}", 320 + 2 * number)
    instance = rig.instance(command=FOR_EVER, processes=2)
    await until(lambda: len(instance.compositions.pids) == 2)
    assert [rig.composition(f"c{number}").state for number in range(3)] == ["running", "running", "queued"]


async def test_a_missing_font_is_told(rig: Rig, tmp_path: Path) -> None:
    instance = Compositions(
        rig.store, CompositionFiles(rig.files, None), "here", lambda: EPOCH, font=tmp_path / "missing.ttf"
    )
    tasks = Tasks()
    rig.store.on_change = instance.records_changed
    instance.start(tasks)
    await rig.request()
    await until(lambda: rig.composition().state == "failed")
    assert rig.composition().error is not None
    await tasks.close()


@pytest.mark.parametrize("state", ["queued", "running", "done", "failed", "other"])
def test_each_state_allows_its_transitions(state: CompositionState) -> None:
    changes = {
        "running": rules.claimed("here", EPOCH),
        "done": rules.done("file", None, 1, 1),
        "failed": rules.failed("broken"),
        "queued": rules.interrupted,
    }
    before = CompositionRecord(
        composition_id="c",
        layout="grid",
        format="mp4",
        audio_only=False,
        width=2,
        height=2,
        state=state,
        requested_at=1,
        attempts=1,
    )
    allowed = set()
    for name, change in changes.items():
        try:
            assert change(before).state == name
            allowed.add(name)
        except ValueError:
            assert name not in rules.NEXT.get(state, ())
    assert allowed == rules.NEXT.get(state, frozenset())

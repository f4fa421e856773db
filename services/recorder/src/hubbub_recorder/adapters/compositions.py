"""The compositions that this instance makes.

Rules
- Any instance makes any composition: it writes itself into the record. Compare-and-set lets one of them win.
- A process with low priority makes the file under a name that no route serves. It gets its own name when it is
  complete, and only then the composition is `done`.
- The process follows the record: when the recording is deleted, or another instance has the composition, it is killed.
  A recording that runs is composed while it does; the process is told when it has finished.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from hubbub_bus import KeyConflict, retry_on_conflict
from hubbub_contracts import HubbubError
from hubbub_contracts.bus.recording_records import CompositionRecord, RecordingRecord
from hubbub_contracts.recording import CompositionOptions
from hubbub_service import Absences, Tasks, report_failure

from ..domain import composition as rules
from ..domain.ports import RecordingStore
from ..domain.recordings import StoredRecording
from .composing.job import Composed, Job, NotComposed, Progressed
from .composition_files import CompositionFiles, Workplace
from .composition_process import COMMAND, CompositionProcess

_log = structlog.get_logger(__name__)

PROGRESS_INTERVAL = 1.0
"""Seconds between two writes of the progress."""
RETRY_INTERVAL = 1.0
ORPHAN_DELAY = 2.0
"""Seconds without a lease after which an instance is considered gone: a new lease may be seen after its record."""


@dataclass(frozen=True, slots=True)
class _Claim:
    """A composition that this instance makes."""

    record: RecordingRecord
    """Of the recording, when it was claimed."""
    composition: CompositionRecord

    @property
    def recording_id(self) -> str:
        """The id of the recording."""
        return self.record.recording_id

    def is_in(self, stored: StoredRecording | None) -> bool:
        """Whether the record still says so."""
        found = None if stored is None else rules.find(stored.record, self.composition.composition_id)
        return found is not None and _attempt(found) == _attempt(self.composition)


class Compositions:
    """Follows the bucket of recordings."""

    def __init__(
        self,
        store: RecordingStore,
        files: CompositionFiles,
        recorder_id: str,
        epoch: Callable[[], int],
        *,
        processes: int = 1,
        font: Path | None = None,
        command: Sequence[str] = COMMAND,
    ) -> None:
        """`epoch` returns that of the lease of this instance. `processes`: how many compositions it makes at once.

        `font` is that of names. `command` starts a process.
        """
        self._store = store
        self._files = files
        self._recorder_id = recorder_id
        self._epoch = epoch
        self._font = font
        self._command = command
        self._count = processes
        self._changed = asyncio.Event()
        self._tasks = Tasks()
        self._making: set[str] = set()
        """Compositions that have a task."""
        self._claims: dict[str, _Claim] = {}
        """By composition: what this instance makes."""
        self._processes: dict[str, CompositionProcess] = {}
        self._absences = Absences[tuple[str, str, int]](ORPHAN_DELAY)
        """Compositions that are `running`: ids and attempt."""

    @property
    def pids(self) -> list[int]:
        """The ids of the processes that make compositions now."""
        return [process.pid for process in self._processes.values()]

    @property
    def waiting(self) -> int:
        """How many compositions wait, for any instance."""
        return len(rules.queue_of(self._store.recordings.to_compose()))

    def start(self, tasks: Tasks) -> None:
        """Starts the loop."""
        tasks.spawn(self._run(), "compositions", vital=True)

    async def stop(self) -> None:
        """Ends the processes, and gives back what they had not finished. The loop has ended with its tasks."""
        await self._tasks.close()
        for claim in list(self._claims.values()):
            await self._write(claim, rules.returned)

    def records_changed(self) -> None:
        """The bucket has changed."""
        self._changed.set()
        for composition_id, process in self._processes.items():
            claim = self._claims[composition_id]
            stored = self._store.recordings.find(claim.recording_id)
            if not claim.is_in(stored):
                process.kill()
            elif stored is not None and stored.record.state == "finished":
                process.recording_finished()

    def leases_unknown(self) -> None:
        """The return of an instance cannot be seen, so this time does not count as an absence."""
        self._absences.skip()

    async def release_orphaned(self, leases: Mapping[str, int], now: float) -> None:
        """Queues what nobody makes any more. `leases` is the epoch of each instance, `now` is monotonic.

        Raises HubbubError.
        """
        claims = [
            _Claim(stored.record, one)
            for stored in self._store.recordings.to_compose()
            for one in stored.record.compositions
            if one.state == "running" and self._is_orphaned(one, leases)
        ]
        lasting = set(self._absences.lasting(map(_key, claims), now))
        for claim in claims:
            if _key(claim) in lasting:
                _log.warning("a composition was interrupted", **_names(claim))
                await self._files.discard(claim.composition)
                await self._write(claim, rules.interrupted)

    def _is_orphaned(self, one: CompositionRecord, leases: Mapping[str, int]) -> bool:
        if rules.is_of(one, self._recorder_id, self._epoch()):
            claim = self._claims.get(one.composition_id)
            return claim is None or _attempt(claim.composition) != _attempt(one)
        return one.recorder_id is None or leases.get(one.recorder_id) != one.recorder_epoch

    async def _run(self) -> None:
        """Makes what waits, up to the number of processes."""
        while True:
            self._changed.clear()
            for stored, composition in rules.queue_of(self._store.recordings.to_compose()):
                if composition.composition_id not in self._making and len(self._making) < self._count:
                    self._making.add(composition.composition_id)
                    self._tasks.spawn(self._make(stored, composition), f"compose-{composition.composition_id}")
            await self._changed.wait()

    async def _make(self, stored: StoredRecording, composition: CompositionRecord) -> None:
        try:
            await self._claim_and_make(stored, composition)
        except KeyConflict:
            await asyncio.sleep(RETRY_INTERVAL)  # another instance was faster
        except HubbubError as error:
            _log.warning("a composition was not made, retrying", error=error.message)
            await asyncio.sleep(RETRY_INTERVAL)
        finally:
            self._making.discard(composition.composition_id)
            self._changed.set()

    async def _claim_and_make(self, stored: StoredRecording, composition: CompositionRecord) -> None:
        """Raises KeyConflict and HubbubError when the composition cannot be claimed."""
        record = stored.record
        change = rules.claimed(self._recorder_id, self._epoch())
        claim = _Claim(record, change(composition))
        claimed = rules.changed(record, composition.composition_id, change)
        self._claims[composition.composition_id] = claim
        try:
            await self._store.put(stored.key, claimed, stored.revision)
        except Exception:
            del self._claims[composition.composition_id]
            raise
        _log.info("composing", **_names(claim), attempt=claim.composition.attempts)
        try:
            change = await self._compose(claim)
        except HubbubError as error:  # of the object store
            _log.warning("a composition was not made", **_names(claim), error=error.message)
            change = rules.interrupted
        except Exception as error:  # noqa: BLE001  another attempt may succeed; their number is bounded
            report_failure("a composition was not made", error, **_names(claim))
            change = rules.interrupted
        await self._settle(claim, change)
        # Not in a `finally`: `stop` gives back what a cancelled task has left.
        del self._claims[composition.composition_id]

    async def _compose(self, claim: _Claim) -> rules.Change:
        """Makes the file. Returns what becomes of the composition. Raises HubbubError."""
        stored = self._store.recordings.find(claim.recording_id)
        if stored is None:
            return rules.interrupted
        if not await self._files.has_space():
            return rules.failed("the disk of the recorder is full")
        try:
            place = await self._files.open(stored.record, claim.composition)
            try:
                return await self._compose_in(place, claim, stored.record)
            finally:
                await place.close()
        except OSError as error:
            return rules.failed(str(error))

    async def _compose_in(self, place: Workplace, claim: _Claim, record: RecordingRecord) -> rules.Change:
        one, is_finished = claim.composition, record.state == "finished"
        if place.manifest is None and is_finished:
            return rules.failed("the recording has no manifest")
        job = Job(
            directory=place.directory,
            started_at=record.started_at,
            is_finished=is_finished,
            tracks=[] if place.manifest is None else place.manifest.tracks,
            options=CompositionOptions.model_validate(one.model_dump(include=set(CompositionOptions.model_fields))),
            output=place.partial.name,
            poster=place.partial_poster.name,
            font=self._font,
        )
        result = await self._run_process(claim, job)
        if isinstance(result, Composed):
            made = await place.complete(has_poster=result.has_poster)
            return rules.done(made.file, made.poster, result.duration, made.size)
        return rules.interrupted if result is None else rules.failed(result.error)

    async def _run_process(self, claim: _Claim, job: Job) -> Composed | NotComposed | None:
        """The result of the process; None when it ended without one. Raises OSError."""
        process = await CompositionProcess.start(job, self._command)
        self._processes[claim.composition.composition_id] = process
        self.records_changed()  # the recording may have been deleted meanwhile, or have finished
        reported_at, result = time.monotonic(), None
        try:
            async for answer in process.answers():
                if not isinstance(answer, Progressed):
                    result = answer
                elif time.monotonic() - reported_at >= PROGRESS_INTERVAL:
                    reported_at = time.monotonic()
                    await self._report(claim, answer.progress)
        finally:
            del self._processes[claim.composition.composition_id]
            code = await process.stop()
        if result is None:
            _log.warning("a composing process ended", **_names(claim), exit_code=code)
        return result

    async def _report(self, claim: _Claim, progress: float) -> None:
        try:
            await self._write(claim, rules.progressed(progress))
        except HubbubError as error:
            _log.info("the progress of a composition was not written", error=error.message)

    async def _settle(self, claim: _Claim, change: rules.Change) -> None:
        """Writes the end of a composition, and retries while the store does not answer."""
        while True:
            try:
                if await self._write(claim, change):
                    _log.info("composition ended", **_names(claim), state=change(claim.composition).state)
                elif self._store.recordings.find(claim.recording_id) is None:
                    await self._files.delete(claim.record)  # what was written meanwhile
                return
            except (HubbubError, OSError) as error:
                _log.warning("the end of a composition was not written, retrying", **_names(claim), error=str(error))
            await asyncio.sleep(RETRY_INTERVAL)

    async def _write(self, claim: _Claim, change: rules.Change) -> bool:
        """Changes the composition. False: it is no longer this attempt's. Raises HubbubError."""

        async def attempt() -> bool:
            await self._store.refresh()
            found = self._store.recordings.find(claim.recording_id)
            if found is None or not claim.is_in(found):
                return False
            record = rules.changed(found.record, claim.composition.composition_id, change)
            await self._store.put(found.key, record, found.revision)
            return True

        return await retry_on_conflict(attempt)


def _attempt(one: CompositionRecord) -> tuple[str, str, str | None, int | None, int]:
    return one.composition_id, one.state, one.recorder_id, one.recorder_epoch, one.attempts


def _key(claim: _Claim) -> tuple[str, str, int]:
    return claim.recording_id, claim.composition.composition_id, claim.composition.attempts


def _names(claim: _Claim) -> dict[str, str]:
    return {"recording_id": claim.recording_id, "composition_id": claim.composition.composition_id}

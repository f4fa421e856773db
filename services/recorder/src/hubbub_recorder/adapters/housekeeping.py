"""What an instance looks after periodically: recordings and compositions whose recorder is gone, the disk, and old
recordings."""

from __future__ import annotations

import asyncio
import random
import time

import structlog

from hubbub_bus import Bus, Entry, KeyConflict, View, lease_bucket, parse_lease, unix_ms
from hubbub_contracts import ErrorCode, HubbubError, subjects
from hubbub_service import Absences, Tasks, report_failure

from ..domain.recording import has_expired, taken_over
from ..domain.recordings import StoredRecording
from ..handlers.context import RecorderContext
from ..handlers.listing import remove
from ..handlers.stop import stop_recording
from .compositions import Compositions
from .room_recorder import RoomRecorder

_log = structlog.get_logger(__name__)

INTERVAL = 1.0
TAKEOVER_DELAY = 2.0
"""Seconds without a lease after which a recorder is considered gone: a new lease may be seen after its recording."""
_SIGNALING = subjects.signaling_lease("")


class Housekeeping:
    """Runs on every instance; compare-and-set lets one of them win."""

    def __init__(
        self,
        bus: Bus,
        context: RecorderContext,
        recorder: RoomRecorder,
        compositions: Compositions,
        retention: float | None,
        *,
        uploads: bool,
    ) -> None:
        """Does nothing before `start`.

        Arguments:
            retention: seconds for which a recording is kept; None: for ever.
            uploads: recordings are uploaded, so one that waits for that needs a recorder.
        """
        self._context = context
        self._recorder = recorder
        self._compositions = compositions
        self._retention = retention
        self._uploads = uploads
        self._leases: dict[str, int] = {}
        self._view = View(bus, lease_bucket(bus), self._apply_lease)
        self._absences = Absences[tuple[str, str, int]](TAKEOVER_DELAY)
        """Recordings: id and recorder."""

    def start(self, tasks: Tasks) -> None:
        """Starts the loop."""
        self._view.start()
        tasks.spawn(self._run(), "housekeeping", vital=True)

    async def stop(self) -> None:
        """Stops following the leases. The loop ends with its tasks."""
        await self._view.stop()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL * random.uniform(0.8, 1.2))  # noqa: S311
            try:
                await self._run_once()
            except HubbubError as error:
                _log.info("housekeeping was not completed, retrying", error=error.message)
            except Exception as error:  # noqa: BLE001  the next run tries again
                report_failure("housekeeping failed", error)

    async def _run_once(self) -> None:
        context = self._context
        if self._recorder.running and not await context.files.has_space():
            await self._recorder.stop_all_without_space()
        for stored in context.store.recordings:
            if has_expired(stored.record, self._retention, context.clock()):
                await remove(context, stored)
        if not self._view.healthy:
            self._absences.skip()
            self._compositions.leases_unknown()
            return
        for stored in self._gone(time.monotonic()):
            await self._take_over(stored)
        await self._compositions.release_orphaned(self._leases, time.monotonic())

    def _gone(self, now: float) -> list[StoredRecording]:
        """The recordings that nobody has. Among them are own ones whose start or completion failed."""
        recordings, recorder = self._context.store.recordings, self._recorder
        candidates = [
            *recordings.orphaned(self._leases, to_upload=self._uploads),
            *(
                one
                for one in recordings.of(recorder.recorder_id, recorder.recorder_epoch)
                if not recorder.is_active(one.record.recording_id)
            ),
        ]
        lasting = set(self._absences.lasting(map(_state, candidates), now))
        return [one for one in candidates if _state(one) in lasting]

    async def _take_over(self, stored: StoredRecording) -> None:
        context, recorder = self._context, self._recorder
        later = context.store.recordings.find(stored.record.recording_id)
        if later is not None and later.key != stored.key:
            await stop_recording(context.store, stored.record.recording_id, "other", context.clock())
            return  # the removal of the live record was missing
        record = taken_over(stored.record, recorder.recorder_id, recorder.recorder_epoch)
        try:
            stored = await context.store.put(stored.key, record, stored.revision)
        except KeyConflict:
            return  # another instance was faster
        _log.warning("taking over a recording", recording_id=record.recording_id, state=record.state)
        if record.state == "finished":
            return  # to be uploaded
        if record.state == "processing":
            recorder.complete(stored)
            return
        try:
            await recorder.start(record)
        except HubbubError as error:
            if error.code is not ErrorCode.ROOM_NOT_FOUND:
                raise
            await stop_recording(context.store, record.recording_id, "room_closed", unix_ms())
            done = context.store.recordings.find(record.recording_id)
            if done is not None:
                recorder.complete(done)

    def _apply_lease(self, entry: Entry, _before: Entry | None) -> None:
        if not entry.key.startswith(_SIGNALING):
            return
        lease, holder = parse_lease(entry), entry.key.removeprefix(_SIGNALING)
        if lease is None or lease.fenced or lease.epoch is None:
            self._leases.pop(holder, None)
        else:
            self._leases[holder] = lease.epoch


def _state(stored: StoredRecording) -> tuple[str, str, int]:
    return stored.record.recording_id, stored.record.recorder_id, stored.record.recorder_epoch

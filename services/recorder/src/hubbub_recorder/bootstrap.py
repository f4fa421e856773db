"""Builds one instance of the recorder."""

from __future__ import annotations

from functools import partial

import structlog

from hubbub_bus import Bus, Lease, LeaseLoss, connect_service, serve_table_when_possible
from hubbub_contracts import subjects
from hubbub_contracts.recording import CompositionOptions
from hubbub_receiver import RoomReceiver
from hubbub_service import Lifecycle, Metrics, Tasks, serve_ops
from hubbub_service.metrics import Reading, catalogue

from .adapters.composition_files import CompositionFiles
from .adapters.compositions import Compositions
from .adapters.housekeeping import Housekeeping
from .adapters.object_storage import ObjectStorage
from .adapters.recording_captions import watch_captions
from .adapters.recording_files import RecordingDirectory
from .adapters.recording_storage import RecordingStorage
from .adapters.recording_store import KvRecordingStore
from .adapters.room_recorder import RoomRecorder
from .adapters.uploads import Uploads
from .adapters.writer_pool import WriterPool
from .handlers.catalogue import HANDLERS
from .handlers.context import RecorderContext
from .settings import Settings

_log = structlog.get_logger(__name__)

STOP_TIMEOUT = 10.0
"""Seconds in which the recordings of an instance that stops are completed."""


async def start(settings: Settings, lifecycle: Lifecycle) -> None:
    """Connects, loads the recordings, then serves requests. Registers the clean-up with `lifecycle`."""
    directory = RecordingDirectory(settings.recordings_dir.absolute(), settings.min_free_disk)
    objects = None if settings.recordings_s3_url is None else ObjectStorage(settings.recordings_s3_url)
    files = RecordingStorage(directory, objects)
    metrics = Metrics("recorder")
    ops = await serve_ops(settings, metrics, lifecycle)
    bus = await connect_service(settings, lifecycle, metrics, f"recorder-{settings.recorder_id}")

    def lost(how: LeaseLoss) -> None:
        if how == "fenced":
            lifecycle.fail(f"another instance has the RECORDER_ID {settings.recorder_id}")

    lease = Lease(bus, subjects.signaling_lease(settings.recorder_id), settings.recorder_id, on_lost=lost)
    await lease.acquire()
    lifecycle.on_stop("lease", lease.release)

    pool = WriterPool(settings.writer_processes)
    await pool.start()
    lifecycle.on_stop("writers", pool.stop, timeout=STOP_TIMEOUT)
    store = KvRecordingStore(bus, settings.bucket_replicas)
    layout = settings.recording_composition
    composition = None if layout is None else CompositionOptions(layout=layout)
    recorder = RoomRecorder(
        partial(RoomReceiver, bus),
        partial(watch_captions, bus),
        lambda: lease.epoch,
        store,
        directory,
        pool,
        settings.recorder_id,
        composition=composition,
    )
    compositions = Compositions(
        store,
        CompositionFiles(directory, objects),
        settings.recorder_id,
        lambda: lease.epoch,
        processes=settings.composer_processes,
        font=settings.composition_font,
    )

    def records_changed() -> None:
        recorder.records_changed()
        compositions.records_changed()

    store.start(records_changed)
    lifecycle.on_stop("recordings", store.stop)
    await store.complete()
    lifecycle.on_stop("recorder", recorder.stop, timeout=STOP_TIMEOUT)

    lifecycle.on_stop("compositions", compositions.stop)
    context = RecorderContext(
        store=store,
        files=files,
        recorder=recorder,
        max_recordings=settings.max_recordings,
        max_compositions=settings.max_compositions,
        live_composition=composition if settings.recording_composition_live else None,
    )
    tasks = Tasks(on_fatal=lifecycle.fail)
    lifecycle.on_stop("tasks", tasks.close)
    compositions.start(tasks)
    housekeeping = Housekeeping(
        bus, context, recorder, compositions, settings.recording_retention, uploads=objects is not None
    )
    housekeeping.start(tasks)
    lifecycle.on_stop("leases", housekeeping.stop)
    uploads = None if objects is None else Uploads(store, directory, objects, recorder)
    if uploads is not None:
        uploads.start(tasks)
    metrics.on_scrape(
        lambda: [
            Reading(catalogue.RECORDINGS, recorder.running),
            Reading(catalogue.RECORDINGS_TO_UPLOAD, 0 if uploads is None else uploads.waiting),
            Reading(catalogue.WAITING_COMPOSITIONS, compositions.waiting),
        ]
    )
    endpoints = await serve_table_when_possible(
        bus,
        HANDLERS,
        context,
        subjects.recorder,
        queue=subjects.RECORDER_QUEUE,
        concurrency=settings.request_concurrency,
    )
    lifecycle.on_stop("endpoints", endpoints.stop, timeout=endpoints.STOP_TIMEOUT)
    ops.report_readiness(lambda: _why_not_ready(bus, store, lifecycle))
    _log.info("recorder is up", recorder_id=settings.recorder_id, directory=str(settings.recordings_dir))


def _why_not_ready(bus: Bus, store: KvRecordingStore, lifecycle: Lifecycle) -> str | None:
    """Returns why this instance should get no requests, or None."""
    if lifecycle.stopping:
        return "draining"
    if not bus.connected:
        return "the bus is not connected"
    return None if store.healthy else "the view of the recordings is not current"

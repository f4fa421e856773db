"""Builds one instance of the captions service."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import structlog

from hubbub_bus import Bus, Lease, LeaseLoss, connect_service, serve_table_when_possible
from hubbub_contracts import ErrorCode, HubbubError, subjects
from hubbub_receiver import HiddenPeer
from hubbub_service import Lifecycle, Metrics, Tasks, serve_ops
from hubbub_service.metrics import Reading, catalogue

from .adapters import moonshine, summaries, whisper
from .adapters.caption_publisher import BusCaptionPublisher
from .adapters.rooms import HiddenPeersInRooms
from .adapters.transcriber_threads import TranscriberThreads
from .adapters.transcript_files import TranscriptFiles
from .adapters.transcript_keeper import TranscriptKeeper
from .domain.transcriber import Transcriber
from .handlers.catalogue import OWN, SHARED
from .handlers.context import CaptionsContext
from .settings import Settings

_log = structlog.get_logger(__name__)


async def start(settings: Settings, lifecycle: Lifecycle) -> None:
    """Connects, takes the lease for the hidden peers, then serves requests. Registers the clean-up with `lifecycle`."""
    server_id = settings.captions_id
    metrics = Metrics("captions")
    ops = await serve_ops(settings, metrics, lifecycle)
    bus = await connect_service(settings, lifecycle, metrics, f"captions-{server_id}")
    epoch = await _acquire_lease(bus, server_id, lifecycle)

    failures: list[str] = []

    def failed(reason: str) -> None:
        _log.error("a transcriber cannot be loaded, captions end", reason=reason)
        failures.append(reason)
        tasks.spawn(rooms.close_all(), "close-rooms")

    threads = TranscriberThreads(partial(_load, settings), settings.captions_speakers, failed)

    def prepare() -> None:
        if failures:
            raise HubbubError(ErrorCode.UNSUPPORTED, f"no speech can be transcribed here: {failures[0]}")
        threads.start()

    async def stop_threads() -> None:
        threads.stop()

    lifecycle.on_stop("transcribers", stop_threads)
    publisher = BusCaptionPublisher(bus)
    tasks = Tasks(on_fatal=lifecycle.fail)
    lifecycle.on_stop("tasks", tasks.close)
    publishing = Tasks(on_fatal=lifecycle.fail)
    lifecycle.on_stop("publisher", publishing.close)
    publishing.spawn(publisher.run(), "publish", vital=True)
    lifecycle.on_stop("transcripts", tasks.drain)
    rooms = HiddenPeersInRooms(
        bus, HiddenPeer("captions", server_id, epoch), threads, publisher, tasks, _keepers(settings)
    )
    lifecycle.on_stop("rooms", rooms.close_all, timeout=rooms.CLOSE_TIMEOUT)
    context = CaptionsContext(rooms, server_id, prepare)
    own = await serve_table_when_possible(bus, OWN, context, partial(subjects.captions_of, server_id))
    lifecycle.on_stop("own endpoints", own.stop, timeout=own.STOP_TIMEOUT)
    shared = await serve_table_when_possible(bus, SHARED, context, subjects.captions, queue=subjects.CAPTIONS_QUEUE)
    lifecycle.on_stop("shared endpoints", shared.stop, timeout=shared.STOP_TIMEOUT)
    metrics.on_scrape(
        lambda: [Reading(catalogue.CAPTIONED_ROOMS, len(rooms)), Reading(catalogue.BUSY_TRANSCRIBERS, threads.busy)]
    )
    ops.report_readiness(lambda: "draining" if lifecycle.stopping else None if bus.connected else "no bus")
    _log.info("captions is up", captions_id=server_id, speakers=settings.captions_speakers)


async def _acquire_lease(bus: Bus, server_id: str, lifecycle: Lifecycle) -> int:
    """The epoch of the lease that keeps this instance's hidden peers in their rooms."""

    def lost(how: LeaseLoss) -> None:
        if how == "fenced":
            lifecycle.fail(f"another instance has the CAPTIONS_ID {server_id}")

    lease = Lease(bus, subjects.signaling_lease(server_id), server_id, on_lost=lost)
    epoch = await lease.acquire()
    lifecycle.on_stop("lease", lease.release)
    return epoch


def _keepers(settings: Settings) -> Callable[[str], TranscriptKeeper | None]:
    """What keeps the transcript of a room. Raises ValueError when the plugin for summaries is not installed."""
    if settings.transcript_dir is None:
        return lambda _room_id: None
    store, summarize = TranscriptFiles(settings.transcript_dir), None
    if settings.summary_plugin is not None:
        summarize = summaries.plugin(settings.summary_plugin)
    elif settings.summary_url is not None:
        summarize = summaries.posted_to(str(settings.summary_url))
    return lambda room_id: TranscriptKeeper(room_id, store, summarize)


def _load(settings: Settings) -> Transcriber:
    """Makes a transcriber. Raises whatever its engine raises."""
    if settings.captions_engine == "whisper":
        assert settings.whisper_model is not None
        return whisper.WhisperTranscriber(whisper.load_engine(settings.whisper_model), settings.whisper_language)
    return moonshine.MoonshineTranscriber(moonshine.load_engine())

"""What the workers count, as metrics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hubbub_media_core import MediaCore
from hubbub_media_core.counters import WorkerCounters
from hubbub_service.metrics import Metric, Reading, catalogue

from .beats import NodeState

_TOTALS: Final[tuple[tuple[str, Metric, tuple[str, ...]], ...]] = (
    ("packets_received", catalogue.WORKER_PACKETS, ("received",)),
    ("packets_sent", catalogue.WORKER_PACKETS, ("sent",)),
    ("bytes_received", catalogue.WORKER_BYTES, ("received",)),
    ("bytes_sent", catalogue.WORKER_BYTES, ("sent",)),
    ("dropped_malformed", catalogue.WORKER_DROPPED, ("malformed",)),
    ("dropped_oversized", catalogue.WORKER_DROPPED, ("oversized",)),
    ("dropped_unknown_address", catalogue.WORKER_DROPPED, ("unknown_address",)),
    ("dropped_stun", catalogue.WORKER_DROPPED, ("stun",)),
    ("dropped_dtls", catalogue.WORKER_DROPPED, ("dtls",)),
    ("dropped_srtp", catalogue.WORKER_DROPPED, ("srtp",)),
    ("dropped_unknown_ssrc", catalogue.WORKER_DROPPED, ("unknown_ssrc",)),
    ("dropped_outbox_full", catalogue.WORKER_DROPPED, ("outbox_full",)),
    ("send_refused", catalogue.WORKER_SEND_DROPPED, ("refused",)),
    ("send_overflow_video", catalogue.WORKER_SEND_DROPPED, ("video",)),
    ("send_overflow_audio", catalogue.WORKER_SEND_DROPPED, ("audio",)),
    ("send_overflow_control", catalogue.WORKER_SEND_DROPPED, ("control",)),
    ("cpu_seconds", catalogue.WORKER_CPU, ()),
    ("faults", catalogue.WORKER_FAULTS, ()),
    ("transports", catalogue.NODE_TRANSPORTS, ()),
    ("producers", catalogue.NODE_PRODUCERS, ()),
    ("consumers", catalogue.NODE_CONSUMERS, ()),
)
"""A worker's counter, the metric that shows it, and its labels after `worker`."""


def read_worker_metrics(core: MediaCore, state: NodeState) -> Iterator[Reading]:
    """All workers, as they are now."""
    yield Reading(catalogue.NODE_LEASED, state.is_leased())
    yield Reading(catalogue.CORE_EVENTS_DROPPED, core.events_dropped())
    for index, held in enumerate(state.census):
        yield Reading(catalogue.NODE_ROOMS, held.rooms, (str(index),))
        yield Reading(catalogue.NODE_PEERS, held.peers, (str(index),))
    for index, counted in enumerate(core.counters()):
        yield from _worker(str(index), counted)


def _worker(index: str, counted: WorkerCounters) -> Iterator[Reading]:
    values: dict[str, float] = dict(counted)  # type: ignore[arg-type]  # all of them are numbers
    for name, metric, labels in _TOTALS:
        yield Reading(metric, values[name], (index, *labels))

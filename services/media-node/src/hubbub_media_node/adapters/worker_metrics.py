"""Metrics of the workers, from the core's counters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from hubbub_media_core import MediaCore
from hubbub_media_core.counters import WorkerCounters
from hubbub_service.metrics import Distribution, Metric, Reading, catalogue

from .node_status import NodeStatus

_TOTALS: Final[tuple[tuple[str, Metric, tuple[str, ...]], ...]] = (
    ("packets_received", catalogue.WORKER_PACKETS, ("received",)),
    ("packets_sent", catalogue.WORKER_PACKETS, ("sent",)),
    ("bytes_received", catalogue.WORKER_BYTES, ("received",)),
    ("bytes_sent", catalogue.WORKER_BYTES, ("sent",)),
    ("pipe_sent", catalogue.WORKER_PIPE_PACKETS, ()),
    ("pipe_dropped", catalogue.WORKER_PIPE_DROPPED, ()),
    ("dropped_malformed", catalogue.WORKER_DROPPED, ("malformed",)),
    ("dropped_oversized", catalogue.WORKER_DROPPED, ("oversized",)),
    ("dropped_unknown_address", catalogue.WORKER_DROPPED, ("unknown_address",)),
    ("dropped_stun", catalogue.WORKER_DROPPED, ("stun",)),
    ("dropped_dtls", catalogue.WORKER_DROPPED, ("dtls",)),
    ("dropped_srtp", catalogue.WORKER_DROPPED, ("srtp",)),
    ("dropped_ingress", catalogue.WORKER_DROPPED, ("ingress",)),
    ("dropped_unknown_ssrc", catalogue.WORKER_DROPPED, ("unknown_ssrc",)),
    ("dropped_outbox_full", catalogue.WORKER_DROPPED, ("outbox_full",)),
    ("send_refused", catalogue.WORKER_SEND_DROPPED, ("refused",)),
    ("send_oversized", catalogue.WORKER_SEND_DROPPED, ("oversized",)),
    ("send_overflow_video", catalogue.WORKER_SEND_DROPPED, ("video",)),
    ("send_overflow_audio", catalogue.WORKER_SEND_DROPPED, ("audio",)),
    ("send_overflow_control", catalogue.WORKER_SEND_DROPPED, ("control",)),
    ("tcp_accepted", catalogue.WORKER_TCP_ACCEPTED, ()),
    ("cpu_seconds", catalogue.WORKER_CPU, ()),
    ("faults", catalogue.WORKER_FAULTS, ()),
    ("tcp_connections", catalogue.NODE_TCP_CONNECTIONS, ()),
    ("tcp_refused", catalogue.WORKER_TCP_REFUSED, ()),
    ("tcp_displaced", catalogue.WORKER_TCP_DISPLACED, ()),
    ("max_outgoing_bitrate", catalogue.BITRATE_ESTIMATE_LIMIT, ()),
)
"""Counter name, metric, and the label values after `worker`."""

_MEDIA_TOTALS: Final[tuple[tuple[str, Metric, tuple[str, ...]], ...]] = (
    ("nacked_received", catalogue.RTP_NACKED, ("received",)),
    ("nacked_sent", catalogue.RTP_NACKED, ("sent",)),
    ("nack_misses", catalogue.RTP_NACK_MISSES, ()),
    ("repaired_received", catalogue.RTP_REPAIRED, ("received",)),
    ("repaired_sent", catalogue.RTP_REPAIRED, ("sent",)),
    ("key_frame_requests_received", catalogue.RTP_KEY_FRAME_REQUESTS, ("received",)),
    ("key_frame_requests_sent", catalogue.RTP_KEY_FRAME_REQUESTS, ("sent",)),
    ("feedback_packets", catalogue.TRANSPORT_CC_PACKETS, ()),
    ("feedback_lost", catalogue.TRANSPORT_CC_LOST, ()),
)
_DISTRIBUTIONS: Final[tuple[tuple[str, Metric, tuple[str, ...], float], ...]] = (
    ("loss_received", catalogue.MEDIA_LOSS, ("received",), 1e-3),
    ("loss_sent", catalogue.MEDIA_LOSS, ("sent",), 1e-3),
    ("jitter_received", catalogue.MEDIA_JITTER, ("received",), 1e-6),
    ("jitter_sent", catalogue.MEDIA_JITTER, ("sent",), 1e-6),
    ("round_trip", catalogue.MEDIA_ROUND_TRIP, (), 1e-6),
    ("score", catalogue.PRODUCER_SCORE, (), 1),
    ("estimate_received", catalogue.BITRATE_ESTIMATE, ("received",), 1),
    ("estimate_sent", catalogue.BITRATE_ESTIMATE, ("sent",), 1),
    ("allocated_sent", catalogue.BITRATE_ALLOCATED, (), 1),
    ("wanted_sent", catalogue.BITRATE_WANTED, (), 1),
)
"""The same for histograms, and the factor from the core's unit to the metric's."""


def read_worker_metrics(core: MediaCore, status: NodeStatus, node_id: str) -> Iterator[Reading | Distribution]:
    """The current values of all workers, and the name of their node."""
    yield Reading(catalogue.NODE_INFO, 1, (node_id,))
    yield Reading(catalogue.NODE_LEASED, status.accepts_work())
    yield Reading(catalogue.CORE_EVENTS_DROPPED, core.events_dropped())
    for state, links in status.links.items():
        yield Reading(catalogue.NODE_LINKS, links, (state,))
    for sender, producers in status.remote_producers.items():
        yield Reading(catalogue.NODE_REMOTE_PRODUCERS, producers, (sender,))
    for index, occupancy in enumerate(status.occupancy):
        yield Reading(catalogue.NODE_ROOMS, occupancy.rooms, (str(index),))
        yield Reading(catalogue.NODE_PEERS, occupancy.peers, (str(index),))
        yield Reading(catalogue.NODE_PIPES, occupancy.pipes.producers, (str(index),))
    for index, counters in enumerate(core.counters()):
        own = status.occupancy[index].of_peers(counters)
        yield Reading(catalogue.NODE_TRANSPORTS, own.transports, (str(index),))
        yield Reading(catalogue.NODE_PRODUCERS, own.producers, (str(index),))
        yield Reading(catalogue.NODE_CONSUMERS, own.consumers, (str(index),))
        yield from _read_worker(str(index), counters)


def _read_worker(index: str, counters: WorkerCounters) -> Iterator[Reading | Distribution]:
    totals: Mapping[str, Any] = counters
    media: Mapping[str, Any] = counters["media"]
    for name, metric, labels in _TOTALS:
        yield Reading(metric, totals[name], (index, *labels))
    for name, metric, labels in _MEDIA_TOTALS:
        yield Reading(metric, media[name], (index, *labels))
    for name, metric, labels, factor in _DISTRIBUTIONS:
        yield Distribution(metric, media[name]["counts"], media[name]["sum"] * factor, (index, *labels))

"""All metrics of all services: names, units, labels and buckets.

`docs/reference/metrics.md` is generated from this module; the dashboard and the alert rules are tested against it. Each
series costs memory in every process and in Prometheus, so no label has a value per peer, room, transport or address.
"""

from __future__ import annotations

from .declaration import SERVICES, Metric, Service

_DURATIONS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_BITRATES = (50e3, 100e3, 250e3, 500e3, 1e6, 2e6, 3e6, 5e6, 10e6)
_NODE: tuple[Service, ...] = ("media-node",)
_REGISTRY: tuple[Service, ...] = ("registry",)
_SIGNALING: tuple[Service, ...] = ("signaling",)
_CALLS: tuple[Service, ...] = ("calls",)
_CAPTIONS: tuple[Service, ...] = ("captions",)
_RECORDER: tuple[Service, ...] = ("recorder",)
_WEBHOOKS: tuple[Service, ...] = ("webhooks",)

# Every service: its connection to the bus.
BUS_REQUEST_DURATION = Metric(
    "hubbub_bus_request_duration_seconds",
    "histogram",
    "seconds",
    "Time from sending a request over the bus to its reply; `outcome` is `ok` or the error's code.",
    SERVICES,
    ("verb", "outcome"),
    _DURATIONS,
)
BUS_HANDLING_DURATION = Metric(
    "hubbub_bus_handling_duration_seconds",
    "histogram",
    "seconds",
    "Time to handle a request received over the bus; `outcome` is `ok` or the error's code.",
    SERVICES,
    ("verb", "outcome"),
    _DURATIONS,
)
BUS_CONNECTED = Metric(
    "hubbub_bus_connected", "gauge", "0 or 1", "Whether the service is connected to NATS.", SERVICES, on_scrape=True
)
BUS_RECONNECTS = Metric("hubbub_bus_reconnects_total", "counter", "connections", "Reconnects to NATS.", SERVICES)
BUS_DISCONNECTS = Metric(
    "hubbub_bus_disconnects_total",
    "counter",
    "connections",
    "Lost connections to NATS; `reason` is `closed_by_server`, `stale` (pings unanswered), `network` or `other`.",
    SERVICES,
    ("reason",),
)
BUS_OVERFLOWS = Metric(
    "hubbub_bus_overflows_total",
    "counter",
    "messages",
    "Messages dropped because a handler was too slow; the subscriber then fetches a new snapshot.",
    SERVICES,
)
TASK_FAILURES = Metric(
    "hubbub_task_failures_total",
    "counter",
    "failures",
    "Background tasks, clean-ups and callbacks that failed with an exception that nobody handles: each is a bug.",
    SERVICES,
    on_scrape=True,
)

# Signaling.
CONNECTIONS = Metric(
    "hubbub_connections", "gauge", "sockets", "Open Socket.IO connections of this instance.", _SIGNALING, on_scrape=True
)
SESSIONS = Metric(
    "hubbub_sessions",
    "gauge",
    "sessions",
    "Peers served by this instance, including those that can still be resumed.",
    _SIGNALING,
    on_scrape=True,
)
STANDBYS = Metric(
    "hubbub_standbys",
    "gauge",
    "peers",
    "Peers served by this instance that have a standby: transports on another media node, for when theirs dies.",
    _SIGNALING,
    on_scrape=True,
)
TAKEOVERS = Metric(
    "hubbub_standby_takeovers_total",
    "counter",
    "peers",
    "Peers served by this instance whose standby took over when their media node died.",
    _SIGNALING,
)
SOCKET_REQUEST_DURATION = Metric(
    "hubbub_socket_request_duration_seconds",
    "histogram",
    "seconds",
    "Time from a client's event to its acknowledgement, including the wait in the queue; `outcome` is `ok` or the "
    "error's code. `event` is `unknown` for undefined events, and `joinRoom` for every kind of join.",
    _SIGNALING,
    ("event", "outcome"),
    _DURATIONS,
)
DEPARTURES = Metric(
    "hubbub_departures_total",
    "counter",
    "peers",
    "Peers that this instance removed: `left` at the client's request, `disconnected` without one.",
    _SIGNALING,
    ("reason",),
)

# The calls service. Each instance counts the whole cluster: use the maximum over the instances, not the sum.
CALLS = Metric(
    "hubbub_calls",
    "gauge",
    "calls",
    "Live calls in the cluster; `state` is `ringing` or `active`.",
    _CALLS,
    ("state",),
    on_scrape=True,
)

# The captions service.
CAPTIONED_ROOMS = Metric(
    "hubbub_captioned_rooms", "gauge", "rooms", "Rooms that have captions by this instance.", _CAPTIONS, on_scrape=True
)
BUSY_TRANSCRIBERS = Metric(
    "hubbub_busy_transcribers",
    "gauge",
    "transcribers",
    "Transcribers at work, one for each person who speaks; at most CAPTIONS_SPEAKERS.",
    _CAPTIONS,
    on_scrape=True,
)

# The recorder.
RECORDINGS = Metric(
    "hubbub_recordings", "gauge", "recordings", "Rooms that this instance records.", _RECORDER, on_scrape=True
)
RECORDINGS_TO_UPLOAD = Metric(
    "hubbub_recordings_to_upload",
    "gauge",
    "recordings",
    "Finished recordings that this instance has to move to RECORDINGS_S3_URL.",
    _RECORDER,
    on_scrape=True,
)
WAITING_COMPOSITIONS = Metric(
    "hubbub_waiting_compositions",
    "gauge",
    "compositions",
    "Compositions that wait for any recorder: use the maximum over the instances, not the sum.",
    _RECORDER,
    on_scrape=True,
)

# The registry. Each replica counts the whole cluster: use the maximum over the replicas, not the sum.
ROOMS = Metric("hubbub_rooms", "gauge", "rooms", "Rooms with peers in the cluster.", _REGISTRY, on_scrape=True)
PEERS = Metric("hubbub_peers", "gauge", "peers", "Peers in the cluster.", _REGISTRY, on_scrape=True)
PRODUCERS = Metric(
    "hubbub_producers",
    "gauge",
    "producers",
    "Producers in the cluster; `kind` is `audio` or `video`.",
    _REGISTRY,
    ("kind",),
    on_scrape=True,
)
NODES = Metric(
    "hubbub_nodes",
    "gauge",
    "nodes",
    "Media nodes by liveness, as this replica sees it: `pending`, `alive`, `suspect` or `fencing`.",
    _REGISTRY,
    ("state",),
    on_scrape=True,
)
CLOCK_SKEW = Metric(
    "hubbub_clock_skew_seconds",
    "gauge",
    "seconds",
    "Largest difference between the clock of this replica and that of a media node or a signaling instance.",
    _REGISTRY,
    on_scrape=True,
)
REUSED_RESUME_TOKENS = Metric(
    "hubbub_reused_resume_tokens_total",
    "counter",
    "tokens",
    "Resume tokens that were used after they had been replaced: a copy existed, and the session was ended.",
    _REGISTRY,
)

# The media node: objects.
NODE_INFO = Metric(
    "hubbub_node_info",
    "gauge",
    "1",
    "The name of this media node, `NODE_ID`, to join with its other metrics by `instance`.",
    _NODE,
    ("node_id",),
    on_scrape=True,
)
NODE_LEASED = Metric(
    "hubbub_node_leased",
    "gauge",
    "0 or 1",
    "Whether this node holds its lease and accepts new work.",
    _NODE,
    on_scrape=True,
)
NODE_ROOMS = Metric(
    "hubbub_node_rooms",
    "gauge",
    "rooms",
    "Rooms on a worker. One that is on several workers counts on each.",
    _NODE,
    ("worker",),
    on_scrape=True,
)
NODE_PEERS = Metric("hubbub_node_peers", "gauge", "peers", "Peers on a worker.", _NODE, ("worker",), on_scrape=True)
NODE_TRANSPORTS = Metric(
    "hubbub_node_transports",
    "gauge",
    "transports",
    "WebRTC transports on a worker.",
    _NODE,
    ("worker",),
    on_scrape=True,
)
NODE_PRODUCERS = Metric(
    "hubbub_node_producers", "gauge", "producers", "Producers on a worker.", _NODE, ("worker",), on_scrape=True
)
NODE_CONSUMERS = Metric(
    "hubbub_node_consumers", "gauge", "consumers", "Consumers on a worker.", _NODE, ("worker",), on_scrape=True
)
NODE_PIPES = Metric(
    "hubbub_node_pipes",
    "gauge",
    "pipes",
    "Producers of peers on other workers and nodes that are carried to a worker.",
    _NODE,
    ("worker",),
    on_scrape=True,
)
NODE_LINKS = Metric(
    "hubbub_node_links",
    "gauge",
    "links",
    "Links to and from other nodes. `relayed`: connected by a third node. `lost`: connectivity checks do not reach "
    "both ends, or not yet.",
    _NODE,
    ("state",),
    on_scrape=True,
)
NODE_REMOTE_PRODUCERS = Metric(
    "hubbub_node_remote_producers",
    "gauge",
    "producers",
    "Producers that another node sends to this one; `sender` is the id of that node, which may pass them on.",
    _NODE,
    ("sender",),
    on_scrape=True,
)
NODE_TCP_CONNECTIONS = Metric(
    "hubbub_node_tcp_connections",
    "gauge",
    "connections",
    "Open TCP connections to a worker: clients whose network blocks UDP.",
    _NODE,
    ("worker",),
    on_scrape=True,
)

# The media node: packets.
WORKER_PACKETS = Metric(
    "hubbub_worker_packets_total",
    "counter",
    "datagrams",
    "Datagrams of any kind; `direction` is `received` or `sent`.",
    _NODE,
    ("worker", "direction"),
    on_scrape=True,
)
WORKER_PIPE_PACKETS = Metric(
    "hubbub_worker_pipe_packets_total",
    "counter",
    "packets",
    "RTP and RTCP packets from a worker to others that host the same room.",
    _NODE,
    ("worker",),
    on_scrape=True,
)
WORKER_PIPE_DROPPED = Metric(
    "hubbub_worker_pipe_dropped_total",
    "counter",
    "packets",
    "Packets to another worker that were dropped because it did not take them in time. They are repaired by NACK.",
    _NODE,
    ("worker",),
    on_scrape=True,
)
WORKER_BYTES = Metric(
    "hubbub_worker_bytes_total",
    "counter",
    "bytes",
    "Bytes in these datagrams, without UDP and IP headers.",
    _NODE,
    ("worker", "direction"),
    on_scrape=True,
)
WORKER_DROPPED = Metric(
    "hubbub_worker_dropped_total",
    "counter",
    "datagrams",
    "Dropped datagrams, by reason: `srtp` failed authentication or was a replay, `stun` had an unknown ufrag, no "
    "valid integrity or the candidate pair of another transport, `unknown_address` came from an address without a "
    "valid STUN request or not from the other side of a plain transport, `unknown_ssrc` belongs to no producer, "
    "`ingress` exceeded `MAX_INGRESS_BITRATE`, `outbox_full` met a full send queue (overload).",
    _NODE,
    ("worker", "reason"),
    on_scrape=True,
)
WORKER_SEND_DROPPED = Metric(
    "hubbub_worker_send_dropped_total",
    "counter",
    "datagrams",
    "Datagrams not sent: `refused` by the kernel, `oversized` with the header extensions of a consumer, or dropped "
    "because the socket or a TCP connection stayed full (`video` first, then `audio`, then `control`).",
    _NODE,
    ("worker", "reason"),
    on_scrape=True,
)
WORKER_TCP_ACCEPTED = Metric(
    "hubbub_worker_tcp_accepted_total",
    "counter",
    "connections",
    "Accepted TCP connections.",
    _NODE,
    ("worker",),
    on_scrape=True,
)
WORKER_TCP_REFUSED = Metric(
    "hubbub_worker_tcp_refused_total",
    "counter",
    "connections",
    "TCP connections closed at once, because of too many connections in total or from one address.",
    _NODE,
    ("worker",),
    on_scrape=True,
)
WORKER_TCP_DISPLACED = Metric(
    "hubbub_worker_tcp_displaced_total",
    "counter",
    "connections",
    "TCP connections that never authenticated and were closed for a client from another address.",
    _NODE,
    ("worker",),
    on_scrape=True,
)
WORKER_CPU = Metric(
    "hubbub_worker_cpu_seconds_total",
    "counter",
    "seconds",
    "CPU time of a worker's thread. The rate is at most 1.",
    _NODE,
    ("worker",),
    on_scrape=True,
)
WORKER_FAULTS = Metric(
    "hubbub_worker_faults_total",
    "counter",
    "faults",
    "Bugs that a worker survived: caught panics, and internal keys of objects that do not exist.",
    _NODE,
    ("worker",),
    on_scrape=True,
)
CORE_EVENTS_DROPPED = Metric(
    "hubbub_core_events_dropped_total",
    "counter",
    "events",
    "Events of the workers that were dropped because the control loop was too slow. Closures are never dropped.",
    _NODE,
    on_scrape=True,
)

# The media node: media quality. `received` is from clients, `sent` is to clients.
RTP_NACKED = Metric(
    "hubbub_rtp_nacked_packets_total",
    "counter",
    "packets",
    "Packets requested by NACK: `received` packets by the node, `sent` packets by clients.",
    _NODE,
    ("worker", "direction"),
    on_scrape=True,
)
RTP_NACK_MISSES = Metric(
    "hubbub_rtp_nack_misses_total",
    "counter",
    "packets",
    "Packets that a client requested by NACK after they had left the retransmission buffer.",
    _NODE,
    ("worker",),
    on_scrape=True,
)
RTP_REPAIRED = Metric(
    "hubbub_rtp_repaired_packets_total",
    "counter",
    "packets",
    "Retransmitted packets (RTX).",
    _NODE,
    ("worker", "direction"),
    on_scrape=True,
)
RTP_KEY_FRAME_REQUESTS = Metric(
    "hubbub_rtp_key_frame_requests_total",
    "counter",
    "requests",
    "Key frames requested by PLI or FIR: of `received` streams by the node, of `sent` streams by clients.",
    _NODE,
    ("worker", "direction"),
    on_scrape=True,
)
TRANSPORT_CC_PACKETS = Metric(
    "hubbub_transport_cc_packets_total",
    "counter",
    "packets",
    "Sent packets on which clients reported by transport-wide feedback.",
    _NODE,
    ("worker",),
    on_scrape=True,
)
TRANSPORT_CC_LOST = Metric(
    "hubbub_transport_cc_lost_packets_total",
    "counter",
    "packets",
    "Of these, the packets reported as lost.",
    _NODE,
    ("worker",),
    on_scrape=True,
)
MEDIA_LOSS = Metric(
    "hubbub_media_loss_ratio",
    "histogram",
    "ratio",
    "Loss of a stream between two reports, after retransmission: `received` as measured by the node, `sent` as "
    "reported by the client.",
    _NODE,
    ("worker", "direction"),
    (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5),
    on_scrape=True,
)
MEDIA_JITTER = Metric(
    "hubbub_media_jitter_seconds",
    "histogram",
    "seconds",
    "Interarrival jitter of a stream at each report (RFC 3550).",
    _NODE,
    ("worker", "direction"),
    (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2),
    on_scrape=True,
)
MEDIA_ROUND_TRIP = Metric(
    "hubbub_media_round_trip_seconds",
    "histogram",
    "seconds",
    "Round-trip time to a client, at each of its receiver reports.",
    _NODE,
    ("worker",),
    (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0),
    on_scrape=True,
)
PRODUCER_SCORE = Metric(
    "hubbub_producer_score",
    "histogram",
    "0 to 10",
    "Quality of a producer's stream, once a second: ten times the fourth power of the share of packets that arrived. "
    "Repaired ones count in part.",
    _NODE,
    ("worker",),
    (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0),
    on_scrape=True,
)
BITRATE_ESTIMATE = Metric(
    "hubbub_bitrate_estimate_bits_per_second",
    "histogram",
    "bit/s",
    "`sent`: what a client can receive, once a second, by the node's estimate from transport-wide feedback, or from "
    "its REMB and receiver reports. `received`: the limit of what a client sends, in each REMB of the node.",
    _NODE,
    ("worker", "direction"),
    _BITRATES,
    on_scrape=True,
)
BITRATE_ESTIMATE_LIMIT = Metric(
    "hubbub_bitrate_estimate_limit_bits_per_second",
    "gauge",
    "bit/s",
    "The highest estimate with direction `sent`: `MAX_OUTGOING_BITRATE`.",
    _NODE,
    ("worker",),
    on_scrape=True,
)
BITRATE_ALLOCATED = Metric(
    "hubbub_bitrate_allocated_bits_per_second",
    "histogram",
    "bit/s",
    "What the estimate with direction `sent` is used for: the layers that the client's videos get of it.",
    _NODE,
    ("worker",),
    _BITRATES,
    on_scrape=True,
)
BITRATE_WANTED = Metric(
    "hubbub_bitrate_wanted_bits_per_second",
    "histogram",
    "bit/s",
    "What these videos could use: all layers that the client prefers and that are sent.",
    _NODE,
    ("worker",),
    _BITRATES,
    on_scrape=True,
)

# The media node: connections.
TRANSPORTS_CREATED = Metric(
    "hubbub_transports_created_total", "counter", "transports", "WebRTC transports created.", _NODE
)
TRANSPORTS_CONNECTED = Metric(
    "hubbub_transports_connected_total",
    "counter",
    "transports",
    "Of these, the transports that completed ICE and DTLS.",
    _NODE,
)
CLOSED = Metric(
    "hubbub_closed_total",
    "counter",
    "objects",
    "Transports, producers and consumers that were closed without a request of their owner, by reason "
    "(docs/closures.md): `handshake_timeout` is an ICE or DTLS handshake that did not complete, `dtls_failed` a "
    "certificate that does not match its fingerprint, `ice_timeout` a client that stopped sending.",
    _NODE,
    ("object", "reason"),
)

# Webhooks.
WEBHOOK_ATTEMPTS = Metric(
    "hubbub_webhook_attempts_total",
    "counter",
    "attempts",
    "Attempts to deliver an event, by outcome: `delivered`, `retry` or `dead`, after which it is a dead letter.",
    _WEBHOOKS,
    ("outcome",),
)
WEBHOOK_WAITING = Metric(
    "hubbub_webhook_waiting_events",
    "gauge",
    "events",
    "Events that are not delivered yet, by endpoint; the same on each instance.",
    _WEBHOOKS,
    ("webhook",),
    on_scrape=True,
)
WEBHOOK_DEAD_LETTERS = Metric(
    "hubbub_webhook_dead_letters",
    "gauge",
    "events",
    "Events that could not be delivered for a day, by endpoint; the same on each instance.",
    _WEBHOOKS,
    ("webhook",),
    on_scrape=True,
)
WEBHOOK_STORE_USED = Metric(
    "hubbub_webhook_store_used_ratio",
    "gauge",
    "ratio",
    "How full the streams of events are, from 0 to 1; the same on each instance. A full one loses its oldest.",
    _WEBHOOKS,
    ("stream",),
    on_scrape=True,
)
WEBHOOK_DELIVERING = Metric(
    "hubbub_webhook_delivering",
    "gauge",
    "0 or 1",
    "Whether this is the instance that delivers: of all instances, one does.",
    _WEBHOOKS,
    on_scrape=True,
)

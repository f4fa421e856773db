"""Every metric of every service: the one place where names, units, labels and bounds are said.

`docs/reference/metrics.md` is drawn from it; the dashboard and the alert rules are tested against it. A series costs
memory in every process and in Prometheus, so that no label has a value per peer, room, transport or address.
"""

from __future__ import annotations

from .declaration import SERVICES, Metric, Service

_DURATIONS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_NODE: tuple[Service, ...] = ("media-node",)
_REGISTRY: tuple[Service, ...] = ("registry",)
_SIGNALING: tuple[Service, ...] = ("signaling",)

# The bus, as each service sees it.
BUS_REQUEST_DURATION = Metric(
    "hubbub_bus_request_duration_seconds",
    "histogram",
    "seconds",
    "From sending a request over the bus to its answer; `outcome` is `ok` or the error's code.",
    SERVICES,
    ("verb", "outcome"),
    _DURATIONS,
)
BUS_HANDLING_DURATION = Metric(
    "hubbub_bus_handling_duration_seconds",
    "histogram",
    "seconds",
    "Handling a request that came over the bus; `outcome` is `ok` or the error's code.",
    SERVICES,
    ("verb", "outcome"),
    _DURATIONS,
)
BUS_CONNECTED = Metric(
    "hubbub_bus_connected", "gauge", "0 or 1", "Whether the connection to NATS stands.", SERVICES, on_scrape=True
)
BUS_RECONNECTS = Metric(
    "hubbub_bus_reconnects_total", "counter", "connections", "Connections to NATS that were made again.", SERVICES
)
BUS_OVERFLOWS = Metric(
    "hubbub_bus_overflows_total",
    "counter",
    "messages",
    "Messages dropped because a handler was too slow; what follows is a new snapshot.",
    SERVICES,
)

# Signaling.
CONNECTIONS = Metric(
    "hubbub_connections", "gauge", "sockets", "Open Socket.IO connections of this instance.", _SIGNALING, on_scrape=True
)
SESSIONS = Metric(
    "hubbub_sessions",
    "gauge",
    "sessions",
    "Peers served by this instance, those that may still be resumed among them.",
    _SIGNALING,
    on_scrape=True,
)
SOCKET_REQUEST_DURATION = Metric(
    "hubbub_socket_request_duration_seconds",
    "histogram",
    "seconds",
    "From a client's event to its acknowledgement, waiting its turn included; `outcome` is `ok` or the error's code. "
    "`event` is `unknown` for what is no event. Joins are `joinRoom`.",
    _SIGNALING,
    ("event", "outcome"),
    _DURATIONS,
)
DEPARTURES = Metric(
    "hubbub_departures_total",
    "counter",
    "peers",
    "Peers that this instance reported as gone: `left` by their own wish, `disconnected` without.",
    _SIGNALING,
    ("reason",),
)

# The registry. Each replica knows the whole: take the maximum over replicas, not the sum.
ROOMS = Metric("hubbub_rooms", "gauge", "rooms", "Rooms with peers, in the whole cluster.", _REGISTRY, on_scrape=True)
PEERS = Metric("hubbub_peers", "gauge", "peers", "Peers in rooms, in the whole cluster.", _REGISTRY, on_scrape=True)
PRODUCERS = Metric(
    "hubbub_producers",
    "gauge",
    "producers",
    "Producers, in the whole cluster; `kind` is `audio` or `video`.",
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

# The media node: what there is.
NODE_LEASED = Metric(
    "hubbub_node_leased", "gauge", "0 or 1", "Whether this node holds its lease and takes work.", _NODE, on_scrape=True
)
NODE_ROOMS = Metric("hubbub_node_rooms", "gauge", "rooms", "Rooms on a worker.", _NODE, ("worker",), on_scrape=True)
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
NODE_TCP_CONNECTIONS = Metric(
    "hubbub_node_tcp_connections",
    "gauge",
    "connections",
    "TCP connections to a worker, of clients whose network lets no UDP through.",
    _NODE,
    ("worker",),
    on_scrape=True,
)

# The media node: packets.
WORKER_PACKETS = Metric(
    "hubbub_worker_packets_total",
    "counter",
    "datagrams",
    "Datagrams of any kind, `direction` being `received` or `sent`.",
    _NODE,
    ("worker", "direction"),
    on_scrape=True,
)
WORKER_BYTES = Metric(
    "hubbub_worker_bytes_total",
    "counter",
    "bytes",
    "Their bytes, without UDP and IP.",
    _NODE,
    ("worker", "direction"),
    on_scrape=True,
)
WORKER_DROPPED = Metric(
    "hubbub_worker_dropped_total",
    "counter",
    "datagrams",
    "Datagrams that came and went nowhere, by reason: `srtp` failed authentication, `stun` was not meant for us, "
    "`unknown_address` never authenticated, `unknown_ssrc` belongs to no producer, `outbox_full` is our overload.",
    _NODE,
    ("worker", "reason"),
    on_scrape=True,
)
WORKER_SEND_DROPPED = Metric(
    "hubbub_worker_send_dropped_total",
    "counter",
    "datagrams",
    "Datagrams not sent: `refused` by the kernel, or given up because the socket, or a TCP connection, stayed full "
    "(`video` first, then `audio`, then `control`).",
    _NODE,
    ("worker", "reason"),
    on_scrape=True,
)
WORKER_TCP_ACCEPTED = Metric(
    "hubbub_worker_tcp_accepted_total",
    "counter",
    "connections",
    "TCP connections that were taken, whatever became of them.",
    _NODE,
    ("worker",),
    on_scrape=True,
)
WORKER_TCP_REFUSED = Metric(
    "hubbub_worker_tcp_refused_total",
    "counter",
    "connections",
    "TCP connections closed at once, because there were too many in all or from one address.",
    _NODE,
    ("worker",),
    on_scrape=True,
)
WORKER_CPU = Metric(
    "hubbub_worker_cpu_seconds_total",
    "counter",
    "seconds",
    "CPU time of a worker's thread; its rate is at most 1.",
    _NODE,
    ("worker",),
    on_scrape=True,
)
WORKER_FAULTS = Metric(
    "hubbub_worker_faults_total",
    "counter",
    "faults",
    "Bugs in the packet path that were contained.",
    _NODE,
    ("worker",),
    on_scrape=True,
)
CORE_EVENTS_DROPPED = Metric(
    "hubbub_core_events_dropped_total",
    "counter",
    "events",
    "Events of the workers dropped because the control loop was slow; closures never are.",
    _NODE,
    on_scrape=True,
)

# The media node: how media fares. `received` is from clients, `sent` to them.
RTP_NACKED = Metric(
    "hubbub_rtp_nacked_packets_total",
    "counter",
    "packets",
    "Packets asked for again (NACK): by us of what is `received`, by clients of what is `sent`.",
    _NODE,
    ("worker", "direction"),
    on_scrape=True,
)
RTP_NACK_MISSES = Metric(
    "hubbub_rtp_nack_misses_total",
    "counter",
    "packets",
    "Packets that a client asked for again too late: they were no longer kept.",
    _NODE,
    ("worker",),
    on_scrape=True,
)
RTP_REPAIRED = Metric(
    "hubbub_rtp_repaired_packets_total",
    "counter",
    "packets",
    "Packets that came, or were sent, once more (RTX).",
    _NODE,
    ("worker", "direction"),
    on_scrape=True,
)
RTP_KEY_FRAME_REQUESTS = Metric(
    "hubbub_rtp_key_frame_requests_total",
    "counter",
    "requests",
    "Key frames asked for (PLI, FIR): by us of what is `received`, by clients of what is `sent`.",
    _NODE,
    ("worker", "direction"),
    on_scrape=True,
)
TRANSPORT_CC_PACKETS = Metric(
    "hubbub_transport_cc_packets_total",
    "counter",
    "packets",
    "Packets sent that clients' transport-wide feedback told of.",
    _NODE,
    ("worker",),
    on_scrape=True,
)
TRANSPORT_CC_LOST = Metric(
    "hubbub_transport_cc_lost_packets_total",
    "counter",
    "packets",
    "Of these, the ones that did not arrive.",
    _NODE,
    ("worker",),
    on_scrape=True,
)
MEDIA_LOSS = Metric(
    "hubbub_media_loss_ratio",
    "histogram",
    "ratio",
    "Loss of a stream between two reports, after repair: `received` as we saw it, `sent` as the client reported it.",
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
    "To a client and back, at each of its receiver reports.",
    _NODE,
    ("worker",),
    (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0),
    on_scrape=True,
)
PRODUCER_SCORE = Metric(
    "hubbub_producer_score",
    "histogram",
    "0 to 10",
    "How good a producer's stream is to who receives it, once a second: ten times the fourth power of what arrived.",
    _NODE,
    ("worker",),
    (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0),
    on_scrape=True,
)
BITRATE_ESTIMATE = Metric(
    "hubbub_bitrate_estimate_bits_per_second",
    "histogram",
    "bit/s",
    "Estimates told by REMB: `received` is what we told a client to stay below, `sent` what a client can receive.",
    _NODE,
    ("worker", "direction"),
    (50e3, 100e3, 250e3, 500e3, 1e6, 2e6, 3e6, 5e6, 10e6),
    on_scrape=True,
)

# The media node: how clients fare.
TRANSPORTS_CREATED = Metric(
    "hubbub_transports_created_total", "counter", "transports", "WebRTC transports that were made.", _NODE
)
TRANSPORTS_CONNECTED = Metric(
    "hubbub_transports_connected_total",
    "counter",
    "transports",
    "Of these, the ones whose client was reached by ICE and proved by DTLS who it is.",
    _NODE,
)
CLOSED = Metric(
    "hubbub_closed_total",
    "counter",
    "objects",
    "Transports, producers and consumers that ended without their owner's asking, by the reason that it was told "
    "(docs/closures.md): `handshake_timeout` is ICE or DTLS that never came about, `dtls_failed` a client that is not "
    "who it said, `ice_timeout` one that fell silent.",
    _NODE,
    ("object", "reason"),
)

"""The counters of a worker."""

from typing import TypedDict


class Histogram(TypedDict):
    """A histogram of values."""

    bounds: list[int]
    """Upper bounds of all buckets except the last, ascending."""
    counts: list[int]
    """Number of values in each bucket, not cumulative. The last bucket is unbounded."""
    sum: int
    """Sum of all values."""


class MediaCounters(TypedDict):
    """Retransmission and reception quality: `*_received` of streams from clients, `*_sent` of streams to clients.

    RTCP reports feed the histograms.
    """

    nacked_received: int
    """Packets that we requested from clients by NACK."""
    nacked_sent: int
    """Packets that clients requested from us by NACK."""
    nack_misses: int
    """Requested packets that were no longer in the packet store."""
    repaired_received: int
    """Retransmitted packets received from clients."""
    repaired_sent: int
    """Retransmitted packets sent to clients."""
    key_frame_requests_received: int
    """Key frames that we requested from clients (PLI and FIR)."""
    key_frame_requests_sent: int
    """Key frames that clients requested from us."""
    feedback_packets: int
    """Sent packets that transport-wide feedback reported."""
    feedback_lost: int
    """Sent packets that transport-wide feedback reported as lost."""
    loss_received: Histogram
    """Packet loss, per mille."""
    loss_sent: Histogram
    """Packet loss, per mille."""
    jitter_received: Histogram
    """Interarrival jitter, microseconds."""
    jitter_sent: Histogram
    """Interarrival jitter, microseconds."""
    round_trip: Histogram
    """Round-trip time, microseconds."""
    score: Histogram
    """Quality score of streams, 0 (worst) to 10 (best)."""
    estimate_received: Histogram
    """Bitrate limit that we sent to clients (REMB), bit/s."""
    estimate_sent: Histogram
    """Bitrate that clients can receive, by the estimate once a second, bit/s."""
    allocated_sent: Histogram
    """With each of these samples: what the estimate is allocated to, bit/s."""
    wanted_sent: Histogram
    """With each of these samples: what the client's video consumers could use, bit/s."""


class WorkerCounters(TypedDict):
    """Totals since the worker was created; `routers` to `consumers` and `tcp_connections` are current numbers.

    `packets_*` counts datagrams of any kind, `bytes_*` their sizes without UDP, TCP and IP headers. `dropped_*` counts
    dropped datagrams by reason, `send_*` the output of the sockets.
    """

    packets_received: int
    bytes_received: int
    packets_sent: int
    bytes_sent: int
    dropped_malformed: int
    dropped_unknown_address: int
    dropped_stun: int
    dropped_dtls: int
    dropped_srtp: int
    dropped_ingress: int
    dropped_unknown_ssrc: int
    dropped_outbox_full: int
    dropped_oversized: int
    send_oversized: int
    """RTP packets that exceed a datagram with the header extensions of a consumer."""
    send_messages: int
    """Messages sent by UDP: fewer than datagrams when segmentation offload works."""
    send_refused: int
    """Datagrams that the kernel refused: destination unreachable, forbidden or datagram too long."""
    send_overflow_video: int
    """Datagrams dropped because the socket or a TCP connection stayed full: video first, then audio, then control."""
    send_overflow_audio: int
    send_overflow_control: int
    pipe_sent: int
    """Datagrams sent to other workers: all to those of this process, and RTP and RTCP to those of other nodes."""
    pipe_dropped: int
    """Datagrams to other workers dropped because the ring was full."""
    tcp_connections: int
    """TCP connections open now."""
    tcp_accepted: int
    """TCP connections accepted."""
    tcp_refused: int
    """TCP connections closed at once because a limit was reached."""
    tcp_displaced: int
    """TCP connections without a valid pair that were closed for one from another address."""
    cpu_seconds: float
    """CPU time of the worker's thread, seconds."""
    faults: int
    """Bugs that were contained."""
    routers: int
    transports: int
    producers: int
    consumers: int
    max_outgoing_bitrate: int
    """The highest estimate of the bitrate to a client, bit/s."""
    media: MediaCounters

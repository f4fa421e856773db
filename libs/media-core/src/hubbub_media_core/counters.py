"""What a worker counts."""

from typing import TypedDict


class Histogram(TypedDict):
    """How often a value lay within each of some bounds."""

    bounds: list[int]
    """Upper bounds of the buckets but the last, ascending."""
    counts: list[int]
    """Values within each bucket and above the one before it; the last has no bound."""
    sum: int


class MediaCounters(TypedDict):
    """Repair, and how well streams arrive: `received` from clients, `sent` to them. Histograms are fed by reports."""

    nacked_received: int
    """Packets that we asked clients for again."""
    nacked_sent: int
    """Packets that clients asked us for again."""
    nack_misses: int
    """Of these, the ones that were no longer there."""
    repaired_received: int
    repaired_sent: int
    key_frame_requests_received: int
    """Key frames that we asked clients for (PLI and FIR)."""
    key_frame_requests_sent: int
    feedback_packets: int
    """Packets sent that transport-wide feedback told of."""
    feedback_lost: int
    loss_received: Histogram
    """Per mille."""
    loss_sent: Histogram
    jitter_received: Histogram
    """Microseconds."""
    jitter_sent: Histogram
    round_trip: Histogram
    """Microseconds."""
    score: Histogram
    """0 to 10."""
    estimate_received: Histogram
    """Bit/s that clients were told to stay below (REMB)."""
    estimate_sent: Histogram
    """Bit/s that clients said they can receive."""


class WorkerCounters(TypedDict):
    """Totals since the worker was made; `routers` to `consumers` are how many there are now.

    `packets_*` are datagrams of any kind, `bytes_*` theirs without UDP or TCP and IP. `dropped_*` are datagrams
    from the network that went nowhere, and why; `send_*` concern the socket.
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
    dropped_unknown_ssrc: int
    dropped_outbox_full: int
    dropped_oversized: int
    send_messages: int
    """Messages that the kernel was given: fewer than datagrams when segmentation offload works."""
    send_refused: int
    """Datagrams that the kernel refused: unreachable, forbidden, too long."""
    send_overflow_video: int
    """Given up because the socket, or a client's TCP connection, stayed full: video first, then audio, then control."""
    send_overflow_audio: int
    send_overflow_control: int
    tcp_connections: int
    """TCP connections now."""
    tcp_accepted: int
    """TCP connections, ever."""
    tcp_refused: int
    """TCP connections that were closed at once, because there were too many."""
    cpu_seconds: float
    """CPU time of the worker's thread."""
    faults: int
    """Bugs that were contained."""
    routers: int
    transports: int
    producers: int
    consumers: int
    media: MediaCounters

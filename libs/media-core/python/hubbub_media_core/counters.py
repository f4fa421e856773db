"""What a worker counts."""

from typing import TypedDict


class WorkerCounters(TypedDict):
    """Totals since the worker was made; the last four are how many there are now.

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

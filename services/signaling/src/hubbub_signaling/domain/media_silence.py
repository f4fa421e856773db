"""The time without media after a lost socket that proves that the client is gone.

A killed tab loses its socket and its media at the same moment. A network failure or a server that stops usually ends
only one of the two, or ends them without closing the socket. So a client that closed its socket is treated as gone once
its media has been silent for longer than a connected client's can be. A client that is treated as gone by mistake
joins again.
"""

from __future__ import annotations

from hubbub_contracts.bus.node import PeerDescription

SETTLE_DELAY = 0.1
"""Seconds for packets that were sent before the socket closed to arrive."""
SENDER_SILENCE = 0.5
"""Seconds. An audio or video sender sends dozens of packets per second, also for muted tracks."""
RECEIVER_SILENCE = 6.0
"""Seconds. A client that only receives sends a consent check at least every 5 s (RFC 7675, section 5.1)."""


def conclusive_silence(description: PeerDescription) -> float | None:
    """Seconds of silence that prove this client gone. None: silence proves nothing."""
    if any(not producer.paused for producer in description.producers):
        return SENDER_SILENCE
    if any(transport.connected for transport in description.transports):
        return RECEIVER_SILENCE
    return None

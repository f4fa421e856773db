"""How long a client that has just lost its socket must be silent to be taken for gone.

A tab that is killed loses its socket and its media at one moment; a network that fails, or a server that ends, takes
one of the two and spares the other, or takes them without a word. So a client whose socket was closed from its side is
gone when its media is silent as well, for longer than what it holds can be while it lives. Whoever is taken for gone
by mistake joins again.
"""

from __future__ import annotations

from hubbub_contracts.bus.node import PeerDescription

SETTLING = 0.1
"""Seconds that what was sent before the end may still be on its way."""
SENDING_SILENCE = 0.5
"""Seconds: who sends audio or video sends dozens of packets a second, muted tracks included."""
LISTENING_SILENCE = 6.0
"""Seconds: who only listens checks consent every 5 s at the latest (RFC 7675 section 5.1)."""


def telling_silence(held: PeerDescription) -> float | None:
    """Seconds of silence that prove the end of a client that holds this; None: nothing does."""
    if any(not producer.paused for producer in held.producers):
        return SENDING_SILENCE
    if any(transport.connected for transport in held.transports):
        return LISTENING_SILENCE
    return None

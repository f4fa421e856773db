"""What the peers of a room send and receive, from two readings of their transports' counters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hubbub_client.api import TransportCounters


@dataclass(frozen=True, slots=True)
class Bitrates:
    """Of one peer, in bit/s, of any kind, without UDP or TCP and IP headers."""

    uplink: float = 0.0
    """From the peer to the media node."""
    downlink: float = 0.0
    """From the media node to the peer."""


def bitrates(before: Iterable[TransportCounters], after: Iterable[TransportCounters]) -> dict[str, Bitrates]:
    """Returns peer id -> bitrates between two readings. A peer without a transport in both of them is left out."""
    earlier = {(each.peer_id, each.transport_id): each for each in before}
    found: dict[str, Bitrates] = {}
    for now in after:
        then = earlier.get((now.peer_id, now.transport_id))
        if then is None or now.timestamp <= then.timestamp:
            continue
        seconds = (now.timestamp - then.timestamp) / 1000
        known = found.get(now.peer_id, Bitrates())
        found[now.peer_id] = Bitrates(
            known.uplink + 8 * max(now.bytes_received - then.bytes_received, 0) / seconds,
            known.downlink + 8 * max(now.bytes_sent - then.bytes_sent, 0) / seconds,
        )
    return found

"""Our ICE candidates: one host candidate for each address that clients may reach us at (RFC 8445 section 5.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hubbub_contracts.bus.transport import IceCandidate

_HOST_PREFERENCE: Final = 126
"""RFC 8445 section 5.1.2.2."""

_RTP_COMPONENT: Final = 1


def priority(place: int) -> int:
    """The priority of the host candidate at this place of the list, the best first (RFC 8445 section 5.1.2.1)."""
    local_preference = max(0, 65_535 - place)
    return (_HOST_PREFERENCE << 24) | (local_preference << 8) | (256 - _RTP_COMPONENT)


def candidates(addresses: Sequence[str], port: int) -> list[IceCandidate]:
    """One for each address, in order of preference. Each has a foundation of its own: their bases differ."""
    return [
        IceCandidate(
            foundation=f"udp{place}", priority=priority(place), ip=address, address=address, protocol="udp", port=port
        )
        for place, address in enumerate(dict.fromkeys(addresses))
    ]


def offered_addresses(
    announced: Sequence[str], listening: str, interface: str | None, loopback: str = "127.0.0.1"
) -> list[str]:
    """The addresses to offer: those announced, else the one that is listened on, else the interface and loopback.

    Firefox does not pair with a loopback address and Chromium does, so that both are needed where nobody said
    which one it is. `listening` is `0.0.0.0` or `::` for every address.
    """
    if announced:
        return list(announced)
    if listening not in ("0.0.0.0", "::"):
        return [listening]
    return [address for address in (interface, loopback) if address is not None]

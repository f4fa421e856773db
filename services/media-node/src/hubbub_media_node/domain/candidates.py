"""Our ICE candidates: host candidates for each address that clients reach us at (RFC 8445 section 5.1, RFC 6544)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from hubbub_contracts.bus.transport import IceCandidate

_UDP_PREFERENCE: Final = 126
"""Of the type: RFC 8445 section 5.1.2.2."""

_TCP_PREFERENCE: Final = 90
"""Below that of every candidate of UDP (RFC 6544 section 4.2): media over TCP waits for what is lost."""

_PASSIVE: Final = 4
"""The direction's preference (RFC 6544 section 4.2)."""

_RTP_COMPONENT: Final = 1


def priority(protocol: Literal["udp", "tcp"], place: int) -> int:
    """The priority of the candidate of the address at this place of the list, the best first."""
    if protocol == "udp":
        type_preference, local_preference = _UDP_PREFERENCE, max(0, 65_535 - place)
    else:
        type_preference, local_preference = _TCP_PREFERENCE, (_PASSIVE << 13) | max(0, 8_191 - place)
    return (type_preference << 24) | (local_preference << 8) | (256 - _RTP_COMPONENT)


def candidates(addresses: Sequence[str], port: int, *, tcp: bool) -> list[IceCandidate]:
    """One for each address, in order of preference; with `tcp` a passive one at the same port for each after these.

    Each has a foundation of its own: their bases differ.
    """
    protocols: tuple[Literal["udp", "tcp"], ...] = ("udp", "tcp") if tcp else ("udp",)
    return [
        IceCandidate(
            foundation=f"{protocol}{place}",
            priority=priority(protocol, place),
            ip=address,
            address=address,
            protocol=protocol,
            port=port,
            tcp_type="passive" if protocol == "tcp" else None,
        )
        for protocol in protocols
        for place, address in enumerate(dict.fromkeys(addresses))
    ]


def offered_addresses(
    announced: Sequence[str], listening: str, interfaces: Sequence[str], loopback: str = "127.0.0.1"
) -> list[str]:
    """The addresses to offer: those announced, else the one that is listened on, else the interfaces' and loopback.

    Firefox does not pair with a loopback address and Chromium does, so that both are needed where nobody said
    which one it is. `listening` is `0.0.0.0` for every address of IPv4, `::` for every one of both families.
    """
    if announced:
        return list(announced)
    if listening not in ("0.0.0.0", "::"):
        return [listening]
    reachable = [address for address in interfaces if listening == "::" or ":" not in address]
    return [*reachable, loopback]

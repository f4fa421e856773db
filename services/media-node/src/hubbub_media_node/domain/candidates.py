"""The node's ICE candidates: one host candidate per address and protocol (RFC 8445 section 5.1, RFC 6544)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from hubbub_contracts.bus.transport import IceCandidate

_UDP_PREFERENCE: Final = 126
"""Type preference of a host candidate (RFC 8445 section 5.1.2.2)."""

_TCP_PREFERENCE: Final = 90
"""Type preference of a TCP candidate, lower than that of any UDP candidate (RFC 6544 section 4.2)."""

_PASSIVE: Final = 4
"""Direction preference of a passive TCP candidate (RFC 6544 section 4.2)."""

_RTP_COMPONENT: Final = 1


def priority(protocol: Literal["udp", "tcp"], index: int) -> int:
    """The priority of the candidate for the address at `index` of the list, most preferred first."""
    if protocol == "udp":
        type_preference, local_preference = _UDP_PREFERENCE, max(0, 65_535 - index)
    else:
        type_preference, local_preference = _TCP_PREFERENCE, (_PASSIVE << 13) | max(0, 8_191 - index)
    return (type_preference << 24) | (local_preference << 8) | (256 - _RTP_COMPONENT)


def candidates(addresses: Sequence[str], port: int, *, tcp: bool) -> list[IceCandidate]:
    """A UDP candidate for each address; with `tcp`, followed by a passive TCP candidate for each at the same port.

    `addresses` are ordered by preference; duplicates are omitted. Each candidate has its own foundation, as their bases
    differ.
    """
    protocols: tuple[Literal["udp", "tcp"], ...] = ("udp", "tcp") if tcp else ("udp",)
    return [
        IceCandidate(
            foundation=f"{protocol}{index}",
            priority=priority(protocol, index),
            ip=address,
            address=address,
            protocol=protocol,
            port=port,
            tcp_type="passive" if protocol == "tcp" else None,
        )
        for protocol in protocols
        for index, address in enumerate(dict.fromkeys(addresses))
    ]


def offered_addresses(
    announced: Sequence[str], listening: str, interfaces: Sequence[str], loopback: str = "127.0.0.1"
) -> list[str]:
    """The addresses to offer: the announced ones, else the listening address, else the interfaces' and loopback.

    `listening` is `0.0.0.0` for all IPv4 addresses and `::` for all addresses of both families. Without configuration,
    both kinds are offered: Chromium pairs with a loopback address on the same machine, Firefox does not.
    """
    if announced:
        return list(announced)
    if listening not in ("0.0.0.0", "::"):
        return [listening]
    reachable = [address for address in interfaces if listening == "::" or ":" not in address]
    return [*reachable, loopback]

"""Decides to which addresses events may be posted.

Whoever may add an endpoint could otherwise reach what only this server reaches: its own network, and the metadata
service of its cloud (server-side request forgery).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""RFC 6052: the last 32 bits are an IPv4 address."""
_LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")
"""RFC 8215: translation inside a network."""


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """The operator's setting."""

    allowed: tuple[Network, ...] = ()
    """Networks that are not public, to which events may be posted nevertheless."""

    def allows(self, text: str) -> bool:
        """Whether events may be posted to this address."""
        address = _innermost(ipaddress.ip_address(text.partition("%")[0]))
        if address.is_global and not address.is_multicast and address not in _LOCAL_NAT64:
            return True
        return any(address in network for network in self.allowed)


def _innermost(address: Address) -> Address:
    """The IPv4 address to which an IPv6 address leads by translation or a tunnel, or the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = None if address.teredo is None else address.teredo[1]
    return address.ipv4_mapped or address.sixtofour or teredo or address


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Reads networks in CIDR notation. Raises ValueError."""
    return tuple(ipaddress.ip_network(text.strip()) for text in texts if text.strip())

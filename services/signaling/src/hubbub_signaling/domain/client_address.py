"""Determines a client's address, directly or behind proxies.

Rules
- The address is the socket's, unless that is a trusted proxy's. Then it is the rightmost address of `X-Forwarded-For`
  that is not a trusted proxy's: a client can only prepend addresses to that header.
- An IPv6 client counts by its /64, the smallest network that a site gets.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

UNKNOWN = "unknown"
"""The address of clients that connect without one, such as over a Unix socket."""


def parse_networks(text: str) -> list[Network]:
    """Networks in CIDR notation or single addresses, comma-separated. Raises ValueError."""
    return [ip_network(part.strip()) for part in text.split(",") if part.strip()]


class TrustedProxies:
    """The proxies whose `X-Forwarded-For` is believed."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = networks

    def trusts(self, address: str | None) -> bool:
        """Whether this socket address is a trusted proxy's."""
        parsed = _parse(address)
        return parsed is not None and self._is_trusted(parsed)

    def client(self, socket_address: str | None, forwarded_for: Iterable[str]) -> str:
        """The client's address, as it is counted.

        Arguments:
            socket_address: of the connection; None without one.
            forwarded_for: the values of the `X-Forwarded-For` headers, in the order of the headers.
        """
        address = self._address(socket_address, forwarded_for)
        return UNKNOWN if address is None else _counted(address)

    def is_loopback(self, socket_address: str | None, forwarded_for: Sequence[str]) -> bool:
        """Whether the client is on this machine, and not behind a proxy that is.

        A proxy on this machine that is not trusted, or that does not say where its client is, has clients elsewhere.
        """
        if self.trusts(socket_address) != bool(forwarded_for):
            return False
        address = self._address(socket_address, forwarded_for)
        return address is not None and address.is_loopback and not self._is_trusted(address)

    def _address(self, socket_address: str | None, forwarded_for: Iterable[str]) -> Address | None:
        address = _parse(socket_address)
        if address is None:
            return None
        hops = [hop for value in forwarded_for for hop in value.split(",")]
        while hops and self._is_trusted(address):
            hop = _parse(_without_port(hops.pop()))
            if hop is None:
                break
            address = hop
        return address

    def _is_trusted(self, address: Address) -> bool:
        return any(address in network for network in self._networks)


def _parse(text: str | None) -> Address | None:
    """An IPv4-mapped IPv6 address is read as IPv4. None: not an address."""
    try:
        address = ip_address((text or "").strip())
    except ValueError:
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def _without_port(hop: str) -> str:
    """Some proxies write `192.0.2.1:4711` and `[2001:db8::1]:4711`."""
    hop = hop.strip()
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


def _counted(address: Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return str(IPv6Network((int(address) >> 64 << 64, 64)))

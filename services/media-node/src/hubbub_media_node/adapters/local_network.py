"""This machine's ports, addresses and interfaces."""

from __future__ import annotations

import ipaddress
import resource
import socket
from collections.abc import Sequence
from typing import Final

import psutil

from ..domain.announced_addresses import is_address

_DOCUMENTATION_ADDRESSES: Final = {
    socket.AF_INET: ("192.0.2.1", 9),  # TEST-NET-1 (RFC 5737)
    socket.AF_INET6: ("2001:db8::1", 9),  # RFC 3849
}
"""Used to look up a route; nothing is sent there."""


class NoFreePort(Exception):
    """The range has fewer free ports than there are workers."""


def free_ports(host: str, first: int, last: int, count: int, *, tcp: bool) -> list[int]:
    """The first `count` free ports of a range, one for each worker.

    Arguments:
        host: the IP address to bind to.
        first, last: the range, inclusive. When `first` is 0, the result is zeros: the system chooses.
        tcp: require that the port is free for TCP as well as for UDP.

    Raises NoFreePort.
    """
    if first == 0:
        return [0] * count
    kinds = [socket.SOCK_DGRAM, socket.SOCK_STREAM] if tcp else [socket.SOCK_DGRAM]
    free: list[int] = []
    for port in range(first, last + 1):
        if all(_is_free(host, port, kind) for kind in kinds):
            free.append(port)
            if len(free) == count:
                return free
    protocols = "UDP and TCP" if tcp else "UDP"
    raise NoFreePort(
        f"{count} worker(s) need one port each for {protocols} on {host}, but of RTC_MIN_PORT={first} to "
        f"RTC_MAX_PORT={last} {len(free)} are free: widen the range, lower WORKERS, or stop what uses the ports"
    )


def listening_address(configured: str | None, announced: Sequence[str]) -> str:
    """The address to receive media on.

    This is `configured`, else the announced address if it is the only one and belongs to this machine, else `::` or,
    without IPv6, `0.0.0.0`. An announced host name is not used, as its address may change.

    In all cases a reply comes from the address that the request was sent to, as RFC 8445 section 7.2.5.2.1 requires.
    Binding to the announced address alone closes the port on the machine's other addresses.
    """
    if configured is not None:
        return configured
    if len(announced) == 1 and is_address(announced[0]) and _is_free(announced[0], 0, socket.SOCK_DGRAM):
        return announced[0]
    return "::" if _is_free("::", 0, socket.SOCK_DGRAM) else "0.0.0.0"


def interface_address(family: socket.AddressFamily = socket.AF_INET) -> str | None:
    """The address of the interface with the default route, else of the first one that is up; never loopback."""
    return _routed_address(family) or _first_address(family)


def interface_addresses() -> list[str]:
    """The IPv4 and the IPv6 `interface_address`, without those that do not exist."""
    found = (interface_address(family) for family in (socket.AF_INET, socket.AF_INET6))
    return [address for address in found if address is not None]


def raise_descriptor_limit() -> None:
    """Raises the soft limit of open files to the hard limit: each TCP connection is a descriptor."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _routed_address(family: socket.AddressFamily) -> str | None:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(_DOCUMENTATION_ADDRESSES[family])  # selects a route and sends nothing
            address = str(probe.getsockname()[0])
    except OSError:
        return None
    return address if _is_reachable(address) else None


def _first_address(family: socket.AddressFamily) -> str | None:
    up = {name for name, state in psutil.net_if_stats().items() if state.isup}
    found = (
        entry.address
        for name, entries in psutil.net_if_addrs().items()
        if name in up
        for entry in entries
        if entry.family is family and _is_reachable(entry.address)
    )
    return next(found, None)


def _is_free(host: str, port: int, kind: socket.SocketKind) -> bool:
    """Binds as the core does: UDP exclusively, TCP with SO_REUSEADDR, `::` for both families."""
    is_ipv6 = ":" in host
    try:
        with socket.socket(socket.AF_INET6 if is_ipv6 else socket.AF_INET, kind) as probe:
            if is_ipv6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            if kind is socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            if kind is socket.SOCK_STREAM:
                probe.listen()
    except OSError:
        return False
    return True


def _is_reachable(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return not (parsed.is_loopback or parsed.is_link_local or parsed.is_unspecified)

"""Which ports the workers take, and which addresses clients reach them at."""

from __future__ import annotations

import ipaddress
import resource
import socket
from collections.abc import Sequence
from typing import Final

import psutil

from ..domain.announced import is_address

_ELSEWHERE: Final = {
    socket.AF_INET: ("192.0.2.1", 9),  # TEST-NET-1 (RFC 5737)
    socket.AF_INET6: ("2001:db8::1", 9),  # RFC 3849
}
"""To be routed to, never sent to."""


class NoPort(Exception):
    """There are not as many free ports as workers."""


def free_ports(host: str, first: int, last: int, count: int, *, tcp: bool) -> list[int]:
    """The first `count` ports from `first` to `last` that can be bound for UDP, and with `tcp` for that as well; zeros,
    any port, when `first` is 0.

    Raises NoPort with advice.
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
    raise NoPort(
        f"{count} worker(s) need a port each for {protocols} on {host}, but of RTC_MIN_PORT={first} to "
        f"RTC_MAX_PORT={last} {len(free)} can be bound: widen the range, lower WORKERS, or end what uses them"
    )


def listening_address(configured: str | None, announced: Sequence[str]) -> str:
    """The address to receive media on: the one that was set, else the announced one when it is a single one and this
    machine's, else every address, of both families where the machine has both.

    Either way a client is answered from the address that it asked, as ICE demands (RFC 8445 section 7.2.5.2.1); on a
    single address nobody is listened to who was not told of it. The address of a host name may become another one.
    """
    if configured is not None:
        return configured
    if len(announced) == 1 and is_address(announced[0]) and _is_free(announced[0], 0, socket.SOCK_DGRAM):
        return announced[0]
    return "::" if _is_free("::", 0, socket.SOCK_DGRAM) else "0.0.0.0"


def interface_address(family: socket.AddressFamily = socket.AF_INET) -> str | None:
    """The address of the interface that the world is reached by, else of the first that is up; never loopback."""
    return _routed_address(family) or _first_address(family)


def interface_addresses() -> list[str]:
    """That of IPv4 and that of IPv6, as far as there are."""
    found = (interface_address(family) for family in (socket.AF_INET, socket.AF_INET6))
    return [address for address in found if address is not None]


def allow_many_descriptors() -> None:
    """Raises the soft limit of open files, often 1,024, to what the system allows: each TCP connection is one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _routed_address(family: socket.AddressFamily) -> str | None:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(_ELSEWHERE[family])  # chooses a route, sends nothing
            address = str(probe.getsockname()[0])
    except OSError:
        return None
    return address if _is_real(address) else None


def _first_address(family: socket.AddressFamily) -> str | None:
    up = {name for name, state in psutil.net_if_stats().items() if state.isup}
    found = (
        entry.address
        for name, entries in psutil.net_if_addrs().items()
        if name in up
        for entry in entries
        if entry.family is family and _is_real(entry.address)
    )
    return next(found, None)


def _is_free(host: str, port: int, kind: socket.SocketKind) -> bool:
    """As the core binds: UDP for itself alone, TCP beside connections that linger, `::` for both families."""
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


def _is_real(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return not (parsed.is_loopback or parsed.is_link_local or parsed.is_unspecified)

"""Which UDP ports the workers take, and which addresses clients reach them at."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from typing import Final

import psutil

_ELSEWHERE: Final = ("192.0.2.1", 9)
"""TEST-NET-1 (RFC 5737): to be routed to, never sent to."""


class NoPort(Exception):
    """There are not as many free ports as workers."""


def free_ports(host: str, first: int, last: int, count: int) -> list[int]:
    """The first `count` UDP ports from `first` to `last` that can be bound; zeros, any port, when `first` is 0.

    Raises NoPort with advice.
    """
    if first == 0:
        return [0] * count
    free: list[int] = []
    for port in range(first, last + 1):
        if _is_free(host, port):
            free.append(port)
            if len(free) == count:
                return free
    raise NoPort(
        f"{count} worker(s) need a UDP port each on {host}, but of RTC_MIN_PORT={first} to RTC_MAX_PORT={last} "
        f"{len(free)} can be bound: widen the range, lower WORKERS, or end what uses them"
    )


def listening_address(configured: str | None, announced: Sequence[str]) -> str:
    """The address to receive media on: the one that was set, else the announced one when it is a single one and this
    machine's, else every address.

    Either way a client is answered from the address that it asked, as ICE demands (RFC 8445 section 7.2.5.2.1); on a
    single address nobody is listened to who was not told of it.
    """
    if configured is not None:
        return configured
    if len(announced) == 1 and _is_free(announced[0], 0):
        return announced[0]
    return "0.0.0.0"


def interface_address() -> str | None:
    """The IPv4 address of the interface that the world is reached by, else of the first that is up; never loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)  # chooses a route, sends nothing
            address = str(probe.getsockname()[0])
        except OSError:
            address = ""
    if _is_real(address):
        return address
    up = {name for name, state in psutil.net_if_stats().items() if state.isup}
    found = (
        entry.address
        for name, entries in psutil.net_if_addrs().items()
        if name in up
        for entry in entries
        if entry.family is socket.AF_INET and _is_real(entry.address)
    )
    return next(found, None)


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _is_real(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return not (parsed.is_loopback or parsed.is_link_local or parsed.is_unspecified)

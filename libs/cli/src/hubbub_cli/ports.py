"""Ports of this machine: which are free, and what to tell a person when one is not."""

import itertools
import socket
from collections.abc import Callable, Iterable, Iterator

LOOPBACK = "127.0.0.1"
ANY = "0.0.0.0"


class PortTaken(Exception):
    """A port that we were told to use belongs to another program: the caller's environment is at fault."""

    def __init__(self, port: int, protocol: str, variable: str, other: int) -> None:
        super().__init__(
            f"{protocol} port {port} is taken by another program. "
            f"Stop that program, or choose another port: {variable}={other}"
        )


def free_tcp_port(host: str = LOOPBACK) -> int:
    """A TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def free_tcp_ports(count: int, host: str = ANY) -> int:
    """The first of `count` (1 to 100) neighbouring TCP ports that were free a moment ago."""
    return _first_of_free(count, host, free_tcp_port, tcp_port_is_free)


def free_udp_ports(count: int, host: str = LOOPBACK) -> int:
    """The first of `count` (1 to 100) neighbouring UDP ports that were free a moment ago, for TCP as well: media takes
    both."""
    return _first_of_free(count, host, _free_udp_port, _media_port_is_free)


def free_tcp_ports_from(first: int, count: int, host: str = LOOPBACK) -> list[int]:
    """The first `count` TCP ports from `first` on that are free now. Raises ValueError when there are not so many."""
    found = list(itertools.islice(_free_from(first, host), count))
    if len(found) < count:
        raise ValueError(f"there are no {count} free TCP ports from {first} on")
    return found


def tcp_port_is_free(port: int, host: str = ANY) -> bool:
    """Whether a server could listen on it now; one that only drains old connections counts as free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return _binds(probe, host, port)


def udp_port_is_free(port: int, host: str = ANY) -> bool:
    """Whether a socket could be bound to it now."""
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        return _binds(probe, host, port)


def require_free(http_port: int, rtc_ports: Iterable[int]) -> None:
    """Raises PortTaken for the first port that is not free: better before anything runs than after."""
    if not tcp_port_is_free(http_port):
        raise PortTaken(http_port, "TCP", "PORT", http_port + 1)
    for port in rtc_ports:
        if not udp_port_is_free(port):
            raise PortTaken(port, "UDP", "RTC_MIN_PORT", port + 1)
        if not tcp_port_is_free(port):
            raise PortTaken(port, "TCP", "RTC_MIN_PORT", port + 1)


def _media_port_is_free(port: int, host: str) -> bool:
    return udp_port_is_free(port, host) and tcp_port_is_free(port, host)


def _free_from(first: int, host: str) -> Iterator[int]:
    return (port for port in range(first, 65536) if tcp_port_is_free(port, host))


def _free_udp_port(host: str) -> int:
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def _first_of_free(count: int, host: str, any_free: Callable[[str], int], is_free: Callable[[int, str], bool]) -> int:
    for _ in range(50):
        first = any_free(host)
        if first + count <= 65536 and all(is_free(first + i, host) for i in range(count)):
            return first
    raise OSError(f"no {count} neighbouring ports are free")


def _binds(probe: socket.socket, host: str, port: int) -> bool:
    try:
        probe.bind((host, port))
    except OSError:
        return False
    return True

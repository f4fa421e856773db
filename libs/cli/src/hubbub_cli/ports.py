"""Free ports of this machine, and an error for a port that is not free."""

import itertools
import socket
from collections.abc import Callable, Iterable, Iterator

LOOPBACK = "127.0.0.1"
ANY = "0.0.0.0"


class PortTaken(Exception):
    """Another program uses a configured port. The message names the variable to change."""

    def __init__(self, port: int, protocol: str, variable: str, other: int) -> None:
        super().__init__(
            f"{protocol} port {port} is in use by another program. "
            f"Stop that program, or choose another port: {variable}={other}"
        )


def free_tcp_port(host: str = LOOPBACK) -> int:
    """A TCP port that was free at the time of the call."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def free_tcp_ports(count: int, host: str = ANY) -> int:
    """The first of `count` (1 to 100) consecutive TCP ports that were free at the time of the call."""
    return _first_of_free(count, host, free_tcp_port, tcp_port_is_free)


def free_udp_ports(count: int, host: str = LOOPBACK) -> int:
    """The first of `count` (1 to 100) consecutive ports that were free at the time of the call, for UDP and TCP.

    Media uses both protocols on the same port.
    """
    return _first_of_free(count, host, _free_udp_port, _media_port_is_free)


def free_tcp_ports_from(first: int, count: int, host: str = LOOPBACK) -> list[int]:
    """The first `count` free TCP ports from `first` on. Raises ValueError when there are fewer."""
    found = list(itertools.islice(_free_from(first, host), count))
    if len(found) < count:
        raise ValueError(f"fewer than {count} free TCP ports from {first} on")
    return found


def tcp_port_is_free(port: int, host: str = ANY) -> bool:
    """Whether a server could listen on `port` now. Connections in TIME_WAIT do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return _binds(probe, host, port)


def udp_port_is_free(port: int, host: str = ANY) -> bool:
    """Whether a socket could be bound to `port` now."""
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        return _binds(probe, host, port)


def require_free(http_port: int, rtc_ports: Iterable[int]) -> None:
    """Raises PortTaken for the first port that is not free."""
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
    raise OSError(f"no {count} consecutive ports are free")


def _binds(probe: socket.socket, host: str, port: int) -> bool:
    try:
        probe.bind((host, port))
    except OSError:
        return False
    return True

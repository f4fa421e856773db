"""Free ports of this machine, and an error for a port that is not free.

Free ports are chosen below the range from which the system takes the ports of outgoing connections. Inside it, a
connection of another program can take the port before its server listens, and a client that tries to connect before
the server listens can be given that very port: it then connects to itself (RFC 9293, simultaneous open).
A chosen port is reserved: it is not chosen again, in no process of this user, while nothing listens on it yet.
"""

import itertools
import random
import socket
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from .port_reservations import reserve

LOWEST = 10_081
"""The first port that is chosen. Well-known services are below it, and all ports to which browsers refuse to connect
(Fetch standard, bad ports): the last one is 10080."""
EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
"""Linux's range for outgoing connections."""
DYNAMIC_PORTS = 49_152
"""The first of IANA's dynamic ports (RFC 6335), which other systems use for outgoing connections."""
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
    return free_tcp_ports(1, host)


def free_tcp_port_like(preferred: int, host: str = LOOPBACK) -> int:
    """`preferred` when it is free, else another TCP port that was free at the time of the call."""
    return preferred if tcp_port_is_free(preferred, host) and reserve(preferred) else free_tcp_port(host)


def free_tcp_ports(count: int, host: str = ANY) -> int:
    """The first of `count` (1 to 100) consecutive TCP ports that were free at the time of the call."""
    return _first_of_free(count, host, tcp_port_is_free)


def free_udp_ports(count: int, host: str = LOOPBACK) -> int:
    """The first of `count` (1 to 100) consecutive ports that were free at the time of the call, for UDP and TCP.

    Media uses both protocols on the same port.
    """
    return _first_of_free(count, host, _media_port_is_free)


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


def first_ephemeral_port() -> int:
    """The first port that the system may give to an outgoing connection."""
    try:
        return int(EPHEMERAL_RANGE.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return DYNAMIC_PORTS


def _first_of_free(count: int, host: str, is_free: Callable[[int, str], bool]) -> int:
    end = first_ephemeral_port()
    for _ in range(1_000):
        first = next(_candidates)
        chosen = range(first, first + count)
        if chosen.stop <= end and all(is_free(port, host) for port in chosen) and all(map(reserve, chosen)):
            return first
    raise OSError(f"no {count} consecutive ports are free between {LOWEST} and {end}")


def _shuffled_ports() -> Iterator[int]:
    """Yields the ports that may be chosen, in another order in each process and without an early repetition."""
    ports = list(range(LOWEST, max(first_ephemeral_port(), LOWEST + 1)))
    random.shuffle(ports)
    return itertools.cycle(ports)


_candidates = _shuffled_ports()


def _binds(probe: socket.socket, host: str, port: int) -> bool:
    try:
        probe.bind((host, port))
    except OSError:
        return False
    return True

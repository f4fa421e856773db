"""Limits on the clients behind one address, and behind one site.

An IPv6 client counts by its /64. A site has up to 65,536 of these, so clients count by their /48 as well, with limits
that are `SITE_FACTOR` times as high.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv6Network

from .rate_limit import TokenBucket

REFILL_TIME = 100.0
"""Seconds in which an address that used up its room requests gets all of them back."""
HTTP_REQUESTS = 10_000
"""Requests about calls that an address may make at once; they come back within REFILL_TIME."""
BURST_TIME = 1.0
"""Seconds of its rate of messages that an address may send at once."""
SITE_FACTOR = 16
"""How many times the limits of one address a site has."""
_SITE_PREFIX = 48
_MIN_PRUNED = 1024


def site_of(address: str) -> str | None:
    """The site of an address, as it is counted; None: it has no larger network, as in IPv4."""
    if not address.endswith("/64"):
        return None
    return str(IPv6Network(address).supernet(new_prefix=_SITE_PREFIX))


@dataclass
class _Usage:
    room_requests: TokenBucket
    http_requests: TokenBucket
    connections: int = 0
    next_turn: float = 0.0
    """When the message after the last one is due at the rate of the address, in monotonic seconds."""


class AddressLimits:
    """Limits the connections, messages, `createRoom` requests and requests about calls of each client address.

    Messages above the rate wait for their turn instead of being refused: somebody who shares the address of a flood is
    slowed down, and not disconnected.

    An address is remembered while it has connections or has room requests to get back, so a new connection does not
    start anew.
    """

    def __init__(self, max_connections: int, max_room_requests: int, max_messages: int = 1_000) -> None:
        """`max_room_requests` may be made at once; they come back within `REFILL_TIME`. `max_messages`: per second."""
        self._max_connections = max_connections
        self._max_room_requests = max_room_requests
        self._message_interval = 1.0 / max_messages
        self._usage: dict[str, _Usage] = {}
        self._prune_at = _MIN_PRUNED

    def may_connect(self, address: str) -> bool:
        """Whether another connection of this address is allowed."""
        return all(
            usage is None or usage.connections < factor * self._max_connections
            for usage, factor in ((self._usage.get(name), factor) for name, factor in _counted(address))
        )

    def connected(self, address: str, now: float) -> None:
        """The address has one connection more. `now` is in monotonic seconds."""
        for name, factor in _counted(address):
            self._find(name, now, factor).connections += 1

    def disconnected(self, address: str) -> None:
        """The address has one connection less."""
        for name, _ in _counted(address):
            self._usage[name].connections -= 1

    def turn(self, address: str, now: float, messages: int = 1) -> float:
        """Seconds from `now` (monotonic) that messages of the address wait for their turn, 0 below the rate."""
        delay = 0.0
        for name, factor in _counted(address):
            usage = self._find(name, now, factor)
            due = max(usage.next_turn, now - BURST_TIME)
            usage.next_turn = due + messages * self._message_interval / factor
            delay = max(delay, due - now)
        return delay

    def waiting(self, address: str, now: float) -> float:
        """Seconds from `now` (monotonic) until the next message of the address has its turn."""
        known = (self._usage.get(name) for name, _ in _counted(address))
        return max((0.0, *(usage.next_turn - now for usage in known if usage is not None)))

    def take_room_request(self, address: str, now: float) -> bool:
        """Whether the address may request a room at `now` (monotonic seconds)."""
        return all(self._find(name, now, factor).room_requests.take(now) for name, factor in _counted(address))

    def take_http_request(self, address: str, now: float) -> bool:
        """Whether the address may make an HTTP request about calls at `now` (monotonic seconds)."""
        return all(self._find(name, now, factor).http_requests.take(now) for name, factor in _counted(address))

    def __len__(self) -> int:
        """How many addresses are remembered."""
        return len(self._usage)

    def _find(self, name: str, now: float, factor: int = 1) -> _Usage:
        usage = self._usage.get(name)
        if usage is None:
            if len(self._usage) >= self._prune_at:
                self._prune(now)
            rooms, requests = factor * self._max_room_requests, factor * HTTP_REQUESTS
            usage = self._usage[name] = _Usage(
                room_requests=TokenBucket(rate=rooms / REFILL_TIME, burst=rooms),
                http_requests=TokenBucket(rate=requests / REFILL_TIME, burst=requests),
            )
        return usage

    def _prune(self, now: float) -> None:
        self._usage = {
            address: usage
            for address, usage in self._usage.items()
            if usage.connections or not (usage.room_requests.is_full(now) and usage.http_requests.is_full(now))
        }
        self._prune_at = max(_MIN_PRUNED, 2 * len(self._usage))


def _counted(address: str) -> Iterator[tuple[str, int]]:
    """The names under which an address counts, with the factor of their limits."""
    yield address, 1
    site = site_of(address)
    if site is not None:
        yield site, SITE_FACTOR

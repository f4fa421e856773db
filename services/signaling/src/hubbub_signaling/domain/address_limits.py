"""Limits on the clients behind one address."""

from __future__ import annotations

from dataclasses import dataclass

from .rate_limit import TokenBucket

REFILL_TIME = 100.0
"""Seconds in which an address that used up its room requests gets all of them back."""
HTTP_REQUESTS = 10_000
"""Requests about calls that an address may make at once; they come back within REFILL_TIME."""
BURST_TIME = 1.0
"""Seconds of its rate of messages that an address may send at once."""
_MIN_PRUNED = 1024


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
        usage = self._usage.get(address)
        return usage is None or usage.connections < self._max_connections

    def connected(self, address: str, now: float) -> None:
        """The address has one connection more. `now` is in monotonic seconds."""
        self._find(address, now).connections += 1

    def disconnected(self, address: str) -> None:
        """The address has one connection less."""
        self._usage[address].connections -= 1

    def turn(self, address: str, now: float, messages: int = 1) -> float:
        """Seconds from `now` (monotonic) that messages of the address wait for their turn, 0 below the rate."""
        usage = self._find(address, now)
        due = max(usage.next_turn, now - BURST_TIME)
        usage.next_turn = due + messages * self._message_interval
        return max(0.0, due - now)

    def waiting(self, address: str, now: float) -> float:
        """Seconds from `now` (monotonic) until the next message of the address has its turn."""
        usage = self._usage.get(address)
        return 0.0 if usage is None else max(0.0, usage.next_turn - now)

    def take_room_request(self, address: str, now: float) -> bool:
        """Whether the address may request a room at `now` (monotonic seconds)."""
        return self._find(address, now).room_requests.take(now)

    def take_http_request(self, address: str, now: float) -> bool:
        """Whether the address may make an HTTP request about calls at `now` (monotonic seconds)."""
        return self._find(address, now).http_requests.take(now)

    def __len__(self) -> int:
        """How many addresses are remembered."""
        return len(self._usage)

    def _find(self, address: str, now: float) -> _Usage:
        usage = self._usage.get(address)
        if usage is None:
            if len(self._usage) >= self._prune_at:
                self._prune(now)
            burst = self._max_room_requests
            usage = self._usage[address] = _Usage(
                room_requests=TokenBucket(rate=burst / REFILL_TIME, burst=burst),
                http_requests=TokenBucket(rate=HTTP_REQUESTS / REFILL_TIME, burst=HTTP_REQUESTS),
            )
        return usage

    def _prune(self, now: float) -> None:
        self._usage = {
            address: usage
            for address, usage in self._usage.items()
            if usage.connections or not (usage.room_requests.is_full(now) and usage.http_requests.is_full(now))
        }
        self._prune_at = max(_MIN_PRUNED, 2 * len(self._usage))

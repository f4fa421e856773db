"""Limits on what a client may use of an instance.

Rules
- Without a valid token, a client counts by its address: whoever comes from there shares the limits. An IPv6 client
  counts by its /64. A site has up to 65,536 of these, so it counts by its /48 as well, with `SITE_FACTOR` times the
  limits.
- With one, it counts by tenant and user. Its address counts too, apart from those without a token and with
  `VERIFIED_FACTOR` times the limits: the people of an office have tokens of their own, and one address.
- A server with an API key counts by its address, as clients with tokens do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv6Network

from .identity import Identity
from .rate_limit import TokenBucket

REFILL_TIME = 100.0
"""Seconds in which a client that used up its room requests gets all of them back."""
BURST_TIME = 1.0
"""Seconds of its rate of messages that a client may send at once."""
SITE_FACTOR = 16
"""How many times the limits of one address a site has."""
VERIFIED_FACTOR = 10
"""How many times its limits an address has for clients with a valid token."""
_SITE_PREFIX = 48
_MIN_PRUNED = 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What one address, or one user, may use."""

    connections: int
    room_requests: int
    """At once; they come back within `REFILL_TIME`."""
    messages: int = 1_000
    """Per second."""
    http_requests: int = 10_000
    """Requests about calls, rooms, recordings and tokens at once; they come back within `REFILL_TIME`."""

    def times(self, factor: int) -> Limits:
        """All of them multiplied."""
        return Limits(
            factor * self.connections,
            factor * self.room_requests,
            factor * self.messages,
            factor * self.http_requests,
        )


@dataclass(frozen=True, slots=True)
class Counted:
    """As whom a client counts."""

    address: str
    """As `TrustedProxies` counts it."""
    verified: bool = False
    """It has a valid token, or an API key."""
    user: tuple[str | None, str] | None = None
    """Tenant and user of its token."""

    @classmethod
    def of(cls, address: str, identity: Identity) -> Counted:
        """The client at this address that has this identity."""
        return cls(address, identity.verified, identity.token_user)


def site_of(address: str) -> str | None:
    """The site of an address, as it is counted; None: it has no larger network, as in IPv4."""
    if not address.endswith("/64"):
        return None
    return str(IPv6Network(address).supernet(new_prefix=_SITE_PREFIX))


_Name = tuple[str, object]
"""What is counted: its kind, and which one."""


@dataclass
class _Usage:
    limits: Limits
    connections: int = 0
    next_turn: float = 0.0
    """When the message after the last one is due at the rate of the client, in monotonic seconds."""
    room_requests: TokenBucket = field(init=False)
    http_requests: TokenBucket = field(init=False)

    def __post_init__(self) -> None:
        rooms, requests = self.limits.room_requests, self.limits.http_requests
        self.room_requests = TokenBucket(rate=rooms / REFILL_TIME, burst=rooms)
        self.http_requests = TokenBucket(rate=requests / REFILL_TIME, burst=requests)

    def is_unused(self, now: float) -> bool:
        """Whether nothing is known that a new `_Usage` would not know."""
        return not self.connections and self.room_requests.is_full(now) and self.http_requests.is_full(now)


class ClientLimits:
    """Limits the connections, messages, `createRoom` requests and HTTP requests of clients.

    Messages above the rate wait for their turn instead of being refused: somebody who shares the address of a flood is
    slowed down, and not disconnected.

    A client is remembered while it has connections or has requests to get back, so a new connection does not start
    anew.
    """

    def __init__(self, address: Limits, user: Limits) -> None:
        """The limits of an address without tokens, and those of a user with one."""
        self._of_address = address
        self._of_site = address.times(SITE_FACTOR)
        self._of_verified_address = address.times(VERIFIED_FACTOR)
        self._of_verified_site = address.times(VERIFIED_FACTOR * SITE_FACTOR)
        self._of_user = user
        self._usage: dict[_Name, _Usage] = {}
        self._prune_at = _MIN_PRUNED

    def may_connect(self, client: Counted) -> bool:
        """Whether another connection of this client is allowed."""
        return all(
            usage is None or usage.connections < limits.connections
            for usage, limits in ((self._usage.get(name), limits) for name, limits in self._counted(client))
        )

    def connected(self, client: Counted, now: float) -> None:
        """The client has one connection more. `now` is in monotonic seconds."""
        for name, limits in self._counted(client):
            self._find(name, limits, now).connections += 1

    def disconnected(self, client: Counted) -> None:
        """The client has one connection less."""
        for name, _ in self._counted(client):
            self._usage[name].connections -= 1

    def turn(self, client: Counted, now: float, messages: int = 1) -> float:
        """Seconds from `now` (monotonic) that messages of the client wait for their turn, 0 below the rate."""
        delay = 0.0
        for name, limits in self._counted(client):
            usage = self._find(name, limits, now)
            due = max(usage.next_turn, now - BURST_TIME)
            usage.next_turn = due + messages / limits.messages
            delay = max(delay, due - now)
        return delay

    def waiting(self, client: Counted, now: float) -> float:
        """Seconds from `now` (monotonic) until the next message of the client has its turn."""
        known = (self._usage.get(name) for name, _ in self._counted(client))
        return max((0.0, *(usage.next_turn - now for usage in known if usage is not None)))

    def take_room_request(self, client: Counted, now: float) -> bool:
        """Whether the client may request a room at `now` (monotonic seconds)."""
        return all(self._find(name, limits, now).room_requests.take(now) for name, limits in self._counted(client))

    def take_http_request(self, client: Counted, now: float) -> bool:
        """Whether the client may make an HTTP request at `now` (monotonic seconds)."""
        return all(self._find(name, limits, now).http_requests.take(now) for name, limits in self._counted(client))

    def __len__(self) -> int:
        """How many addresses, sites and users are remembered."""
        return len(self._usage)

    def _counted(self, client: Counted) -> Iterator[tuple[_Name, Limits]]:
        """Under which names a client counts, with their limits: its own first."""
        site = site_of(client.address)
        if client.user is not None:
            yield ("user", client.user), self._of_user
        if client.verified:
            yield ("verified address", client.address), self._of_verified_address
            if site is not None:
                yield ("verified site", site), self._of_verified_site
        else:
            yield ("address", client.address), self._of_address
            if site is not None:
                yield ("site", site), self._of_site

    def _find(self, name: _Name, limits: Limits, now: float) -> _Usage:
        usage = self._usage.get(name)
        if usage is None:
            if len(self._usage) >= self._prune_at:
                self._prune(now)
            usage = self._usage[name] = _Usage(limits)
        return usage

    def _prune(self, now: float) -> None:
        self._usage = {name: usage for name, usage in self._usage.items() if not usage.is_unused(now)}
        self._prune_at = max(_MIN_PRUNED, 2 * len(self._usage))

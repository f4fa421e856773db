"""The connection to NATS: kept up for ever, watched, closed in order.

Rules
- Lost connections are made again without end. A connection that closed for good (credentials refused) is reported once.
- While there is no connection nothing is sent: a caller gets `unavailable` at once instead of a message that runs late.
- Whoever may have missed messages is told: after a reconnect all listeners, after an overflow the one subscription.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import nats.errors
from nats.aio.subscription import Subscription as NatsSubscription

from hubbub_contracts import ErrorCode, HubbubError, ids

from .cancellation import cancel_and_wait
from .link_health import LinkHealth
from .patched_client import PatchedClient
from .telemetry import BusTelemetry, NoTelemetry

log = logging.getLogger(__name__)

MINIMUM_SERVER = (2, 11)
"""The first NATS server with a time to live per message."""

PULSE_INTERVAL = 0.2
PULSE_TIMEOUT = 4.0
"""Longer than the client takes to call a silent connection stale: how old the last pulse is tells earlier that the link
is not healthy."""
PING_INTERVAL = 1
RECONNECT_WAIT = (0.1, 0.5)
"""Seconds between two tries: drawn once for a process, so that a crowd does not come back in step."""
DRAIN_TIMEOUT = 3

Listener = Callable[[], None]


class ServerTooOld(Exception):
    """The NATS server lacks what Hubbub needs."""


class Unreachable(Exception):
    """No NATS server answered in time, or one refused the credentials."""


class Connection:
    """One connection of this process; `name` shows in the server's monitoring.

    It begins with the service's name, as in `node-n1`: servers tell by it whose inbox is whose.
    """

    def __init__(self, client: PatchedClient, name: str, telemetry: BusTelemetry) -> None:
        self.client = client
        self.name = name
        self.telemetry = telemetry
        self.health = LinkHealth()
        self._reconnect_listeners: list[Listener] = []
        self._disconnect_listeners: list[Listener] = []
        self._closed_listeners: list[Listener] = []
        self._overflow: dict[NatsSubscription, Listener] = {}
        self._pulse: asyncio.Task[None] | None = None
        self._closing = False
        self._refused = asyncio.Event()

    @classmethod
    async def open(
        cls, url: str, name: str, timeout: float | None, telemetry: BusTelemetry | None = None
    ) -> Connection:
        """Connects, trying for `timeout` seconds (for ever when None). Raises Unreachable and ServerTooOld."""
        connection = cls(PatchedClient(), name, telemetry or NoTelemetry())
        servers = [part.strip() for part in url.split(",")]
        connect = connection.client.connect(
            servers=servers,
            name=name,
            error_cb=connection._on_error,
            disconnected_cb=connection._on_disconnected,
            reconnected_cb=connection._on_reconnected,
            closed_cb=connection._on_closed,
            max_reconnect_attempts=-1,
            reconnect_time_wait=random.uniform(*RECONNECT_WAIT),  # type: ignore[arg-type]  # noqa: S311  # it may be a fraction
            ping_interval=PING_INTERVAL,
            max_outstanding_pings=2,
            drain_timeout=DRAIN_TIMEOUT,
            inbox_prefix=_inbox(name),
        )
        where = ", ".join(_without_password(server) for server in servers)
        patience = asyncio.get_running_loop().call_later(2, log.warning, "waiting for a NATS server at %s", where)
        connecting = asyncio.create_task(connect, name="bus-connect")
        refused = asyncio.create_task(connection._refused.wait(), name="bus-refused")
        try:
            await asyncio.wait({connecting, refused}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await connection._give_up(connecting)
            raise
        finally:
            patience.cancel()
            refused.cancel()
        if not connecting.done() or connecting.exception() is not None:
            await connection._give_up(connecting)
            said = connection.client.last_error or "it does not answer"
            raise Unreachable(f"no NATS server at {where}: {said}")
        version = connection.client.connected_server_version
        if (version.major, version.minor) < MINIMUM_SERVER:
            connection._closing = True
            await connection.client.close()
            wanted = ".".join(map(str, MINIMUM_SERVER))
            raise ServerTooOld(f"the NATS server is {version.major}.{version.minor}; {wanted} or newer is needed")
        connection.health.connected(time.monotonic())
        connection._pulse = asyncio.create_task(connection._beat(), name="bus-pulse")
        return connection

    @property
    def connected(self) -> bool:
        """The connection stands, as far as is known."""
        return self.client.is_connected

    def require_connected(self) -> None:
        """Raises `unavailable` while there is no connection: nothing was sent, so trying again is safe."""
        if not self.client.is_connected:
            raise HubbubError(ErrorCode.UNAVAILABLE, "the bus is not connected", retryable=True)

    def on_reconnect(self, listener: Listener) -> Callable[[], None]:
        """Calls `listener` after each reconnect, subscriptions being in place again; the result undoes it."""
        return _add(self._reconnect_listeners, listener)

    def on_disconnect(self, listener: Listener) -> Callable[[], None]:
        """Calls `listener` when the connection is lost; the result undoes it."""
        return _add(self._disconnect_listeners, listener)

    def on_closed(self, listener: Listener) -> Callable[[], None]:
        """Calls `listener` when the connection is gone for good without our wish; the result undoes it."""
        return _add(self._closed_listeners, listener)

    def on_overflow(self, subscription: NatsSubscription, listener: Listener) -> Callable[[], None]:
        """Calls `listener` when messages of `subscription` were dropped because it was too slow."""
        self._overflow[subscription] = listener

        def remove() -> None:
            self._overflow.pop(subscription, None)

        return remove

    async def close(self) -> None:
        """Lets handlers finish and sends what is waiting, then closes."""
        self._closing = True
        if self._pulse is not None:
            await cancel_and_wait(self._pulse)
        try:
            await asyncio.wait_for(self.client.drain(), DRAIN_TIMEOUT + 1)
        except (TimeoutError, nats.errors.Error):
            with contextlib.suppress(Exception):
                await self.client.close()

    async def _give_up(self, connecting: asyncio.Task[None]) -> None:
        """Ends an attempt to connect. Once is not enough: the client may miss a cancellation and try on for ever."""
        self._closing = True
        self.client.options["allow_reconnect"] = False
        while not connecting.done():
            connecting.cancel()
            await asyncio.wait({connecting}, timeout=0.1)
        with contextlib.suppress(Exception):
            await self.client.close()

    async def _beat(self) -> None:
        """Round trips, for as long as the connection is wanted."""
        while True:
            if self.client.is_connected:
                try:
                    await self.client.flush(timeout=PULSE_TIMEOUT)  # type: ignore[arg-type]  # it may be a fraction
                    if self.client.is_connected:
                        self.health.pulse(time.monotonic())
                except (nats.errors.Error, OSError, TimeoutError):
                    pass  # an absent pulse is what `health` goes by
            await asyncio.sleep(PULSE_INTERVAL)

    async def _on_error(self, error: Exception) -> None:
        if isinstance(error, nats.errors.SlowConsumerError):
            log.warning("messages dropped, a handler is too slow: %s", error.subject)
            self.telemetry.message_dropped()
            listener = self._overflow.get(error.sub)
            if listener is not None:
                listener()
            return
        if "authorization violation" in str(error).lower():
            self._refused.set()  # asking again with the same credentials would not help
        # A connection that is down fails every few hundred milliseconds; only the loss itself is news.
        level = logging.DEBUG if isinstance(error, OSError | nats.errors.UnexpectedEOF) else logging.WARNING
        log.log(level, "bus: %s", repr(error))

    async def _on_disconnected(self) -> None:
        self.health.lost()
        if not self._closing:
            log.warning("the connection to the bus is lost")
            _call(self._disconnect_listeners)

    async def _on_reconnected(self) -> None:
        self.health.connected(time.monotonic())
        log.info("connected to the bus again")
        self.telemetry.reconnected()
        _call(self._reconnect_listeners)

    async def _on_closed(self) -> None:
        self.health.lost()
        if not self._closing:
            log.error("the connection to the bus is closed for good")
            _call(self._closed_listeners)


def _add(listeners: list[Listener], listener: Listener) -> Callable[[], None]:
    listeners.append(listener)

    def remove() -> None:
        with contextlib.suppress(ValueError):
            listeners.remove(listener)

    return remove


def _call(listeners: list[Listener]) -> None:
    for listener in list(listeners):
        try:
            listener()
        except Exception:
            log.exception("a listener of the connection failed")


def _inbox(name: str) -> str:
    """Where this connection is answered, as `_INBOX.node.n1.<random>`: a server can keep it for one kind of service."""
    return ".".join(["_INBOX", *map(_token, name.split("-", 1)), ids.mint()])


def _token(name: str) -> str:
    """`name` as a token of a subject."""
    return "".join(char if char.isalnum() and char.isascii() else "_" for char in name) or "_"


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return url if parts.hostname is None else f"{parts.hostname}:{parts.port or 4222}"

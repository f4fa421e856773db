"""The connection to NATS: reconnects, measures its own health, reports losses, and closes in order.

Rules
- The client reconnects without a limit. A connection that is closed for good (credentials refused) is reported once.
- The first connection fails at once when the credentials are refused or the server is not trusted: both would repeat.
- While disconnected, nothing is sent: a caller gets `unavailable` at once, instead of a message that arrives too late.
- Subscribers learn that they may have missed messages: all of them after a reconnect, one after a dropped message.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import ssl
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any
from urllib.parse import urlsplit

import nats.errors
import structlog
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription as NatsSubscription

from hubbub_contracts import ErrorCode, HubbubError, ids
from hubbub_service import Tasks, cancel_and_wait, report_failure

from .bus_failed import bus_failed
from .link_health import LinkHealth
from .patched_client import PatchedClient, ServerWithoutTls
from .telemetry import BusTelemetry, NoTelemetry

_log = structlog.get_logger(__name__)

MINIMUM_SERVER = (2, 11)
"""The first version of the NATS server with a time to live per message."""

ROUND_TRIP_INTERVAL = 0.2
ROUND_TRIP_TIMEOUT = 4.0
"""Longer than the client needs to detect a stale connection. `LinkHealth` notices a dead link earlier, by the age of
the last round trip."""
PING_INTERVAL = 1
RECONNECT_WAIT = (0.1, 0.5)
"""Seconds between two attempts: drawn once per process, so that many processes do not reconnect in step."""
DRAIN_TIMEOUT = 2
CLOSE_TIMEOUT = 1.0
"""Seconds that the server has to read what was sent before the connection was closed."""
CANCEL_TIMEOUT = 0.5
"""Seconds that a cancelled operation of the client has to end. Its `drain` continues after a cancellation."""

Listener = Callable[[], None]


class ServerTooOld(Exception):
    """The NATS server is older than MINIMUM_SERVER."""


class Unreachable(Exception):
    """No NATS server answered in time, a server refused the credentials, or it is not trusted."""


class Connection:
    """One connection of this process.

    `name` is shown in the server's monitoring. It begins with the service's name, as in `node-n1`, and prefixes the
    inbox: the server's permissions tell the services' inboxes apart by it.
    """

    def __init__(self, client: PatchedClient, name: str, telemetry: BusTelemetry) -> None:
        self.client = client
        self.name = name
        self.telemetry = telemetry
        self.health = LinkHealth()
        self._reconnect_listeners: list[Listener] = []
        self._disconnect_listeners: list[Listener] = []
        self._closed_listeners: list[Listener] = []
        self._drop_listeners: dict[NatsSubscription, Listener] = {}
        self._tasks = Tasks(on_fatal=lambda _reason: self._report_closed())
        self._closing = False
        self._ending: asyncio.Task[None] | None = None
        self._refused = asyncio.Event()

    @classmethod
    async def open(
        cls,
        url: str,
        name: str,
        timeout: float | None,
        telemetry: BusTelemetry | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> Connection:
        """See `Bus.connect`."""
        servers = [part.strip() for part in url.split(",")]
        needs_tls = tls is not None or any(server.startswith("tls://") for server in servers)
        connection = cls(PatchedClient(needs_tls=needs_tls), name, telemetry or NoTelemetry())
        connect = connection.client.connect(
            servers=servers,
            name=name,
            error_cb=connection._on_error,
            disconnected_cb=connection._on_disconnected,
            reconnected_cb=connection._on_reconnected,
            closed_cb=connection._on_closed,
            max_reconnect_attempts=-1,
            reconnect_time_wait=random.uniform(*RECONNECT_WAIT),  # type: ignore[arg-type]  # noqa: S311  # the client accepts a float
            ping_interval=PING_INTERVAL,
            max_outstanding_pings=2,
            drain_timeout=DRAIN_TIMEOUT,
            inbox_prefix=_inbox(name),
            tls=tls,
        )
        where = ", ".join(_without_password(server) for server in servers)
        waiting = asyncio.get_running_loop().call_later(2, _log.warning, f"waiting for a NATS server at {where}")
        connecting = asyncio.create_task(connect, name="bus-connect")
        refused = asyncio.create_task(connection._refused.wait(), name="bus-refused")
        try:
            await asyncio.wait({connecting, refused}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await asyncio.shield(asyncio.create_task(connection._abort(connecting), name="bus-abort"))
            raise
        finally:
            waiting.cancel()
            refused.cancel()
        if not connecting.done() or connecting.exception() is not None:
            await connection._abort(connecting)
            reason = connection.client.last_error or "it does not answer"
            raise Unreachable(f"no NATS server at {where}: {reason}")
        version = connection.client.connected_server_version
        if (version.major, version.minor) < MINIMUM_SERVER:
            connection._closing = True
            await connection.client.close()
            minimum = ".".join(map(str, MINIMUM_SERVER))
            raise ServerTooOld(f"the NATS server is {version.major}.{version.minor}; {minimum} or newer is needed")
        connection.health.connected(time.monotonic())
        connection._tasks.spawn(connection._measure_round_trips(), "bus-round-trips", vital=True)
        return connection

    @property
    def connected(self) -> bool:
        """See `Bus.connected`."""
        return self.client.is_connected

    @property
    def cluster(self) -> str | None:
        """See `Bus.cluster`."""
        name = self.client.cluster_name
        return None if name is None else _token(name)

    def report_gap(self) -> None:
        """See `Bus.report_gap`."""
        _call(self._reconnect_listeners)

    def require_connected(self) -> None:
        """Raises `unavailable` while disconnected: nothing was sent, so a retry is safe."""
        if not self.client.is_connected:
            raise HubbubError(ErrorCode.UNAVAILABLE, "the bus is not connected", retryable=True)

    def on_reconnect(self, listener: Listener) -> Callable[[], None]:
        """Calls `listener` after each reconnect, once the subscriptions are restored. The result removes it."""
        return _add(self._reconnect_listeners, listener)

    def on_disconnect(self, listener: Listener) -> Callable[[], None]:
        """Calls `listener` when the connection is lost. The result removes it."""
        return _add(self._disconnect_listeners, listener)

    def on_closed(self, listener: Listener) -> Callable[[], None]:
        """Calls `listener` when the connection is closed for good, other than by `close`. The result removes it."""
        return _add(self._closed_listeners, listener)

    def on_message_dropped(self, subscription: NatsSubscription, listener: Listener) -> Callable[[], None]:
        """Calls `listener` when the client drops a message because the handler of `subscription` is too slow."""
        self._drop_listeners[subscription] = listener

        def remove() -> None:
            self._drop_listeners.pop(subscription, None)

        return remove

    async def subscribe(
        self, subject: str, receive: Callable[[Msg], Awaitable[None]], queue: str = ""
    ) -> NatsSubscription:
        """Subscribes to `subject`. Raises `unavailable`."""
        try:
            return await self.client.subscribe(subject, queue=queue, cb=receive)
        except nats.errors.Error as error:
            raise bus_failed(error) from error

    async def close(self) -> None:
        """See `Bus.close`. Continues when the caller is cancelled: an abandoned client would keep its socket."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._close(), name="bus-close")
        await asyncio.shield(self._ending)

    async def _close(self) -> None:
        self._closing = True
        await self._tasks.close()
        # A server that does not answer would delay the drain until it times out.
        if self.connected and not self.health.overdue(time.monotonic()):
            await _attempt(self.client.drain(), DRAIN_TIMEOUT + 1)
        if not self.client.is_closed and not await _attempt(self.client.close(), CLOSE_TIMEOUT):
            self.client.abort()

    async def _abort(self, connecting: asyncio.Task[None]) -> None:
        """Ends an attempt to connect. Cancels repeatedly: the client can lose a cancellation and keep trying."""
        self._closing = True
        self.client.options["allow_reconnect"] = False
        while not connecting.done():
            connecting.cancel()
            await asyncio.wait({connecting}, timeout=0.1)
        if not await _attempt(self.client.close(), CLOSE_TIMEOUT):
            self.client.abort()

    async def _measure_round_trips(self) -> None:
        """Makes a round trip every ROUND_TRIP_INTERVAL, and records the successful ones."""
        while True:
            if self.client.is_connected:
                try:
                    await self.client.flush(timeout=ROUND_TRIP_TIMEOUT)  # type: ignore[arg-type]  # the client accepts a float
                    if self.client.is_connected:
                        self.health.round_trip(time.monotonic())
                except (nats.errors.Error, OSError, TimeoutError):
                    pass  # `health` notices the missing round trip
                except Exception as error:  # noqa: BLE001  without round trips, no failure of another process is noticed
                    report_failure("a round trip failed", error)
            await asyncio.sleep(ROUND_TRIP_INTERVAL)

    async def _on_error(self, error: Exception) -> None:
        if isinstance(error, nats.errors.SlowConsumerError):
            _log.warning("message dropped: its handler is too slow", subject=error.subject)
            self.telemetry.message_dropped()
            if error.sub in self._drop_listeners:
                _call([self._drop_listeners[error.sub]])  # its exception would end the client's reader
            return
        untrusted = isinstance(error, ssl.SSLCertVerificationError | ServerWithoutTls)
        if untrusted or "authorization violation" in str(error).lower():
            self._refused.set()
        # A lost connection fails every few hundred milliseconds; the loss itself is logged elsewhere.
        expected = isinstance(error, OSError | nats.errors.UnexpectedEOF) and not untrusted
        level = logging.DEBUG if expected else logging.WARNING
        _log.log(level, "bus error", error=repr(error))

    async def _on_disconnected(self) -> None:
        self.health.disconnected()
        if not self._closing:
            reason = self.client.disconnect_reason
            _log.warning("connection to the bus lost", reason=reason.value)
            self.telemetry.disconnected(reason.value)
            _call(self._disconnect_listeners)

    async def _on_reconnected(self) -> None:
        self.health.connected(time.monotonic())
        _log.info("reconnected to the bus")
        self.telemetry.reconnected()
        _call(self._reconnect_listeners)

    async def _on_closed(self) -> None:
        self.health.disconnected()
        self._report_closed()

    def _report_closed(self) -> None:
        if not self._closing:
            _log.error("connection to the bus closed for good")
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
        except Exception as error:  # noqa: BLE001  a failing listener must not keep the others from being called
            report_failure("a listener of the connection failed", error)


async def _attempt(work: Coroutine[Any, Any, None], timeout: float) -> bool:
    """Returns whether `work` succeeded within `timeout` seconds. Abandons work that ignores its cancellation."""
    task = asyncio.create_task(work)
    await asyncio.wait({task}, timeout=timeout)
    if not task.done():
        await cancel_and_wait(task, timeout=CANCEL_TIMEOUT)
        return False
    return not task.cancelled() and task.exception() is None


def _inbox(name: str) -> str:
    """Returns the inbox prefix, as in `_INBOX.node.n1.<random>`: permissions can reserve it for one kind of service."""
    return ".".join(["_INBOX", *map(_token, name.split("-", 1)), ids.mint()])


def _token(name: str) -> str:
    """Returns `name` with the characters that a token of a subject cannot contain replaced."""
    return "".join(char if char.isalnum() and char.isascii() else "_" for char in name) or "_"


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return url if parts.hostname is None else f"{parts.hostname}:{parts.port or 4222}"

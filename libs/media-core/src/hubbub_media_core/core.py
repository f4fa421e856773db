"""The asyncio facade of the workers."""

import asyncio
import itertools
import logging
from collections.abc import Callable
from typing import Any, Literal, Self, TypeAlias

from hubbub_media_core._native import WorkerPool
from hubbub_media_core.commands import Command
from hubbub_media_core.counters import WorkerCounters
from hubbub_media_core.events import ErrorCode, Event, Reply, parse

_log = logging.getLogger(__name__)

CoreErrorCode: TypeAlias = ErrorCode | Literal["busy", "closed"]
"""`busy`: too many commands are unanswered; `closed`: the core was shut down. The worker has the others."""


class CoreError(Exception):
    """A command was not executed."""

    def __init__(self, code: CoreErrorCode, command: Command) -> None:
        super().__init__(f"{command.type}: {code}")
        self.code: CoreErrorCode = code


class MediaCore:
    """The workers of this process. To be made, used and closed in one running event loop.

    Rules:
    - Commands to one worker are executed in the order in which they were sent; `call` sends when awaited.
    - The subscriber gets a worker's events in their order, without replies; what awaits a reply runs after the
      events that precede it.
    - After `close` there are no events, and every call raises `CoreError("closed")`.
    """

    def __init__(
        self,
        sockets: list[tuple[str, int]],
        *,
        max_incoming_bitrate: int | None = None,
        pin: bool = False,
        handshake_timeout: float = 15.0,
        consent_timeout: float = 30.0,
        tcp: bool = True,
    ) -> None:
        """Start one worker for each (IP address, port); port 0 lets the system choose, `::` is every address of both
        families. With `tcp`, clients may connect to each port by TCP as well (RFC 6544).

        `max_incoming_bitrate` is what each client is told to stay below, bit/s. A transport is closed when
        `handshake_timeout` seconds pass from `ConnectTransport` to `SetSrtpKeys`, or its client is silent for
        `consent_timeout` seconds (RFC 7675). `pin` binds each worker to a core.

        Raises OSError naming an address that cannot be bound.
        """
        self._loop = asyncio.get_running_loop()
        self._pool = WorkerPool(
            sockets,
            max_incoming_bitrate=max_incoming_bitrate,
            pin=pin,
            handshake_timeout=handshake_timeout,
            consent_timeout=consent_timeout,
            tcp=tcp,
        )
        self._requests = itertools.count(1)
        self._pending: dict[int, tuple[asyncio.Future[dict[str, Any]], Command]] = {}
        self._closed = False
        self._subscriber: Callable[[int, Event], None] = lambda _worker, _event: None
        self._loop.add_reader(self._pool.fileno(), self._deliver)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.close()

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Where each worker is bound."""
        return self._pool.addresses()

    def subscribe(self, subscriber: Callable[[int, Event], None]) -> None:
        """Call `subscriber` with the worker's index and each of its events but replies, instead of an earlier one."""
        self._subscriber = subscriber

    async def call(self, worker: int, command: Command) -> dict[str, Any]:
        """Execute a command and return what it replies: counters for the `*Stats` ones, else nothing.

        Raises CoreError with the reason when nothing was done.
        """
        request = next(self._requests)
        self._submit(worker, request, command)
        future: asyncio.Future[dict[str, Any]] = self._loop.create_future()
        self._pending[request] = (future, command)
        try:
            return await future
        finally:
            self._pending.pop(request, None)

    def send(self, worker: int, command: Command) -> None:
        """Execute a command whose outcome does not matter.

        Raises CoreError `busy` or `closed`.
        """
        self._submit(worker, next(self._requests), command)

    def counters(self) -> list[WorkerCounters]:
        """What each worker has done, 10 ms ago at most while it is busy; empty after `close`."""
        return self._pool.counters()

    def events_dropped(self) -> int:
        """Events dropped because this loop was slow: DTLS, superseded addresses, faults; never closures."""
        return self._pool.events_dropped()

    async def close(self) -> None:
        """Execute what was sent, end the threads, fail what is awaited. Twice is as good as once."""
        if self._closed:
            return
        self._closed = True
        self._loop.remove_reader(self._pool.fileno())
        await asyncio.to_thread(self._pool.shutdown)
        for future, command in self._pending.values():
            if not future.done():
                future.set_exception(CoreError("closed", command))

    def _submit(self, worker: int, request: int, command: Command) -> None:
        if self._closed:
            raise CoreError("closed", command)
        try:
            self._pool.submit(worker, request, command.wire())
        except BlockingIOError as error:
            raise CoreError("busy", command) from error

    def _deliver(self) -> None:
        for worker, wire in self._pool.drain():
            event = parse(wire)
            if isinstance(event, Reply):
                self._resolve(event)
                continue
            try:
                self._subscriber(worker, event)
            except Exception:  # noqa: BLE001  a handler's bug must not cost the events that follow
                _log.exception("a handler of media core events failed", extra={"event": type(event).__name__})

    def _resolve(self, reply: Reply) -> None:
        future, command = self._pending.get(reply.request, (None, None))
        if future is None or command is None or future.done():
            return
        if reply.error is None:
            future.set_result(reply.body)
        else:
            future.set_exception(CoreError(reply.error, command))

"""The asyncio API of the workers."""

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
"""`busy`: too many commands are pending. `closed`: the core was closed. The other codes come from the worker."""


class CoreError(Exception):
    """A command failed. `code` is the reason."""

    def __init__(self, code: CoreErrorCode, command: Command) -> None:
        super().__init__(f"{command.type}: {code}")
        self.code: CoreErrorCode = code


class MediaCore:
    """The workers of this process. Create, use and close it in one running event loop.

    Rules:
    - A worker executes its commands in the order in which they were sent. `call` sends when it is awaited.
    - The subscriber gets the events of a worker in order, except replies. A task that awaits a reply resumes after the
      events that precede the reply.
    - After `close` there are no events, and every command raises CoreError `closed`.
    """

    def __init__(
        self,
        sockets: list[tuple[str, int]],
        *,
        max_incoming_bitrate: int | None = None,
        min_outgoing_bitrate: int = 30_000,
        initial_outgoing_bitrate: int = 600_000,
        max_outgoing_bitrate: int = 100_000_000,
        max_ingress_bitrate: int = 50_000_000,
        pin: bool = False,
        handshake_timeout: float = 15.0,
        consent_timeout: float = 30.0,
        tcp: bool = True,
        last_n_audio: int = 0,
        plain: tuple[str, int, int] | None = None,
    ) -> None:
        """Starts one worker per socket address.

        Args:
            sockets: (IP address, port) of each worker. Port 0 lets the system choose; `::` is dual-stack.
            max_incoming_bitrate: bitrate limit that each client is sent (REMB), in bit/s; None for no limit.
            min_outgoing_bitrate, initial_outgoing_bitrate, max_outgoing_bitrate: limits of the estimate of the bitrate
                to a client, in bit/s.
            max_ingress_bitrate: bitrate above which the media of one transport is dropped, in bit/s.
            pin: pins each worker to a core.
            handshake_timeout: seconds from `ConnectTransport` to `SetSrtpKeys`, after which a transport is closed.
            consent_timeout: seconds without a STUN request of the client, after which a transport is closed (RFC 7675).
            tcp: accepts ICE-TCP connections (RFC 6544) on each port.
            last_n_audio: microphones of a router that are forwarded at the same time, the loudest ones; 0 for all.
            plain: (IP address, first port, last port) of plain transports; a first port of 0 lets the system choose.
                None for no plain transports.

        Raises:
            OSError: an address cannot be bound; the message names it.
            ValueError: an IP address or a timeout is invalid.
        """
        self._loop = asyncio.get_running_loop()
        self._pool = WorkerPool(
            sockets,
            max_incoming_bitrate=max_incoming_bitrate,
            min_outgoing_bitrate=min_outgoing_bitrate,
            initial_outgoing_bitrate=initial_outgoing_bitrate,
            max_outgoing_bitrate=max_outgoing_bitrate,
            max_ingress_bitrate=max_ingress_bitrate,
            pin=pin,
            handshake_timeout=handshake_timeout,
            consent_timeout=consent_timeout,
            tcp=tcp,
            last_n_audio=last_n_audio,
            plain=plain,
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
        """The bound (IP address, port) of each worker."""
        return self._pool.addresses()

    def subscribe(self, subscriber: Callable[[int, Event], None]) -> None:
        """Calls `subscriber` with the worker index and each event except replies. Replaces the previous subscriber."""
        self._subscriber = subscriber

    async def call(self, worker: int, command: Command) -> dict[str, Any]:
        """Executes a command and waits for its reply.

        Returns:
            The counters for a `*Stats` command, the ports for `CreatePlainTransport`, else an empty dict.

        Raises:
            CoreError: the command failed; its `code` is the reason.
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
        """Sends a command and ignores its reply.

        Raises:
            CoreError: `busy` or `closed`.
        """
        self._submit(worker, next(self._requests), command)

    def counters(self) -> list[WorkerCounters]:
        """The counters of each worker, at most 10 ms old while it is busy; empty after `close`."""
        return self._pool.counters()

    def events_dropped(self) -> int:
        """Number of events dropped because this loop was slow: DTLS, faults, and those that a newer one replaced; never
        `*Closed`."""
        return self._pool.events_dropped()

    async def close(self) -> None:
        """Executes the sent commands, ends the threads, then fails pending calls. Further calls do nothing."""
        if self._closed:
            return
        self._closed = True
        self._loop.remove_reader(self._pool.fileno())
        try:
            await asyncio.to_thread(self._pool.shutdown)
        finally:
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
            try:
                event = parse(wire)
                if isinstance(event, Reply):
                    self._resolve(event)
                else:
                    self._subscriber(worker, event)
            except Exception:  # noqa: BLE001  a bug must not lose the events after it
                _log.exception("an event of the media core was not handled", extra={"event": wire.get("type")})

    def _resolve(self, reply: Reply) -> None:
        future, command = self._pending.get(reply.request, (None, None))
        if future is None or command is None or future.done():
            return
        if reply.error is None:
            future.set_result(reply.body)
        else:
            future.set_exception(CoreError(reply.error, command))

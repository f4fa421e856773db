"""The signaling connection: typed requests, refusals as CallErrors with the server's code, and typed events.

Rules
- The socket reconnects without a limit until `close`, after pauses that grow until a session is opened.
- Requests are not queued while the socket is disconnected. A lost socket fails the pending ones.
- Answers and events are handled in the order in which they arrive: `on_answer` runs before the next event.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

import aiohttp
import socketio
from pydantic import ValidationError

from hubbub_contracts import ErrorReply
from hubbub_contracts.base import Model
from hubbub_contracts.socket.access import RefreshToken, TokenExpiring
from hubbub_contracts.socket.base import ClientRequest, Push

from .background import retrieve_exception
from .errors import CallError

_log = logging.getLogger(__name__)

REQUEST_TIMEOUT = 10.0
CONNECT_TIMEOUT = 10.0
_FIRST_PAUSE = 0.3
_LONGEST_PAUSE = 2.0
_PAUSE_AFTER_KICK = 1.0
"""The server closed the connection on purpose. The pause keeps clients from flooding it."""
_SERVER_DISCONNECT = "server disconnect"
_CLOSE_TIMEOUT = 2.0
_MAX_PENDING = 256

TokenSource = Callable[[], Awaitable[str]]
"""Returns an access token that is valid now. Called for each attempt to connect, and before the last token expires."""
AnswerT = TypeVar("AnswerT", bound=Model)
PushT = TypeVar("PushT", bound=Push)


class Signaling:
    """One socket, which is connected again and again."""

    def __init__(self, url: str, path: str, token: TokenSource | None = None) -> None:
        """Does not connect yet. `path` is the path of the server on its origin, `token` returns access tokens."""
        self._url = url
        self._token = token
        self._refreshing: asyncio.Task[None] | None = None
        self._refusal: CallError | None = None
        """Why the server did not open the last connection; None: it opened it, or could not be reached."""
        self._path = f"{path.strip('/')}/socket.io".lstrip("/")
        self._handlers: dict[str, Callable[..., None]] = {}
        self._http: aiohttp.ClientSession | None = None
        self._socket: Any = None
        """A new one for each attempt: an interrupted attempt leaves the old one in an unknown state."""
        self._pause = 0.0
        self._pending: set[asyncio.Future[Any]] = set()
        self._runner: asyncio.Task[None] | None = None
        self._disconnected = asyncio.Event()
        self._settled = asyncio.Event()
        """The server has opened or refused the session of this attempt, or the connection was lost."""
        self._watcher: asyncio.Task[None] | None = None
        self._on_connected: Callable[[], None] = lambda: None
        self._on_disconnected: Callable[[CallError | None], None] = lambda _refusal: None
        self.on(TokenExpiring, lambda _push: self._refresh_token())

    @property
    def connected(self) -> bool:
        """Whether requests can be sent."""
        return self._socket is not None and "/" in self._socket.namespaces and not self._disconnected.is_set()

    def connect(self, on_connected: Callable[[], None], on_disconnected: Callable[[CallError | None], None]) -> None:
        """Starts to connect. Calls `on_connected` after each success, `on_disconnected` after each loss or failure.

        `on_disconnected` gets an error when the server refuses this client for good.
        """
        self._on_connected, self._on_disconnected = on_connected, on_disconnected
        self._runner = asyncio.create_task(self._run(), name="signaling")

    async def close(self) -> None:
        """Closes the socket and fails pending requests."""
        self._on_connected, self._on_disconnected = (lambda: None), (lambda _refusal: None)
        if self._refreshing is not None:
            self._refreshing.cancel()
        if self._runner is not None:
            self._runner.cancel()
            await asyncio.wait([self._runner])
        self._fail_pending()
        await self._drop_socket()
        if self._http is not None:
            await self._http.close()

    def on(self, push: type[PushT], listener: Callable[[PushT], None]) -> None:
        """Calls `listener` on each event of this type. Events that cannot be read are logged and ignored."""

        def receive(payload: Any = None) -> None:
            try:
                message = push.model_validate(payload)
            except ValidationError as error:
                _log.warning("the server sent an invalid %s: %s", push.event, error)
                return
            listener(message)

        self._handlers[push.event] = receive

    async def request(
        self, request: ClientRequest[AnswerT], on_answer: Callable[[AnswerT], None] = lambda _: None
    ) -> AnswerT:
        """Sends a request and returns its acknowledgement.

        `on_answer` gets the acknowledgement before any event that arrives after it. Raises CallError with the server's
        code, or `unreachable` without a connection or an answer within 10 s.
        """
        if not self.connected or len(self._pending) >= _MAX_PENDING:
            raise _unreachable()
        answered: asyncio.Future[AnswerT] = asyncio.get_running_loop().create_future()
        model = type(request).answer_model()

        def acknowledge(answer: Any = None) -> None:
            if answered.done():
                return
            try:
                result = _read(answer, model)
                on_answer(result)
            except Exception as error:  # noqa: BLE001  the requester gets every error
                answered.set_exception(error)
                return
            answered.set_result(result)

        self._pending.add(answered)
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT):
                await self._socket.emit(request.event, request.wire(), callback=acknowledge)
                return await answered
        except (TimeoutError, socketio.exceptions.SocketIOError) as error:
            raise _unreachable() from error
        finally:
            self._pending.discard(answered)
            answered.cancel()

    async def _run(self) -> None:
        self._http = aiohttp.ClientSession()
        while True:
            await asyncio.sleep(self._pause)
            if await self._connect():
                self._pause = _FIRST_PAUSE
                self._on_connected()
                await self._disconnected.wait()
                self._fail_pending()
            else:
                self._pause = min(max(2 * self._pause, _FIRST_PAUSE), _LONGEST_PAUSE) * random.uniform(0.5, 1.0)  # noqa: S311
            refusal = self._refusal
            self._on_disconnected(refusal if refusal is not None and not refusal.retryable else None)
            await self._drop_socket()

    async def _connect(self) -> bool:
        """Whether it succeeded."""
        self._disconnected.clear()
        self._settled.clear()
        self._refusal = None
        self._socket = socket = socketio.AsyncClient(reconnection=False, handle_sigint=False, http_session=self._http)
        socket.on("connect", self._settled.set)
        socket.on("disconnect", self._lost)
        socket.on("connect_error", self._refused)
        for event, handler in self._handlers.items():
            socket.on(event, handler)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                await socket.connect(
                    self._url,
                    auth=await self._auth(),
                    transports=["websocket"],
                    socketio_path=self._path,
                    wait=False,
                )
                self._watcher = asyncio.create_task(self._watch(socket), name="socket")
                await self._settled.wait()
        except Exception as error:  # noqa: BLE001  python-engineio raises a TypeError on a CLOSE instead of OPEN
            _log.info("cannot connect to %s: %s", self._url, error)
            return False
        return self.connected

    async def _watch(self, socket: Any) -> None:
        """Reports the end of the Engine.IO connection.

        python-socketio reports it only when the server has opened the session, and its own wait for the session goes on
        after it.
        """
        await asyncio.wait([socket.eio.read_loop_task])  # unlike `eio.wait`, without cancelling it
        if not self._disconnected.is_set():
            self._lost()

    async def _drop_socket(self) -> None:
        if self._watcher is not None:
            self._watcher.cancel()
        with contextlib.suppress(Exception):
            async with asyncio.timeout(_CLOSE_TIMEOUT):
                await self._socket.disconnect()

    async def _auth(self) -> dict[str, str] | None:
        """A new access token. Raises OSError when the application has none at the moment."""
        if self._token is None:
            return None
        try:
            return {"token": await self._token()}
        except Exception as error:
            raise OSError(f"no access token: {error}") from error

    def _refused(self, data: Any = None) -> None:
        """`data` is that of Socket.IO's CONNECT_ERROR: the server's error is its `data`."""
        with contextlib.suppress(ValidationError):
            body = ErrorReply.model_validate(data.get("data") if isinstance(data, dict) else None).error
            self._refusal = CallError(body.code, body.message, retryable=body.retryable)
        self._settled.set()

    def _refresh_token(self) -> None:
        self._refreshing = asyncio.create_task(self._send_new_token(), name="refresh-token")
        self._refreshing.add_done_callback(retrieve_exception)

    async def _send_new_token(self) -> None:
        """A failure does no harm: the server closes the socket, which is opened with a new token."""
        if self._token is not None:
            await self.request(RefreshToken(token=await self._token()))

    def _lost(self, reason: str = "") -> None:
        if reason == _SERVER_DISCONNECT:
            self._pause = _PAUSE_AFTER_KICK
        self._disconnected.set()
        self._settled.set()

    def _fail_pending(self) -> None:
        for answered in self._pending:
            if not answered.done():
                answered.set_exception(_unreachable())


def _read(answer: Any, model: type[AnswerT]) -> AnswerT:
    """The acknowledgement. Raises CallError."""
    if isinstance(answer, dict) and isinstance(answer.get("error"), dict):
        error = cast("dict[str, Any]", answer["error"])
        code, message = str(error.get("code", "internal")), str(error.get("message", ""))
        raise CallError(code, message, retryable=error.get("retryable") is True)
    try:
        return model.model_validate(answer)
    except ValidationError as error:
        raise CallError("internal", f"The server sent an invalid answer: {error}") from error


def _unreachable() -> CallError:
    return CallError("unreachable", "The server does not answer.", retryable=True)

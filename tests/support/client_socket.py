"""A client's socket at frame level: Engine.IO 4 and Socket.IO 5 over one WebSocket.

It shows the order of events, and can send invalid frames.

Rules
- `log` has acknowledgements and events in the order of arrival.
- A closed socket stays closed: a client that reconnects opens another.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp

ANSWER_TIMEOUT = 20.0
"""Seconds; bounds what never comes. A busy machine may take some."""
RETRIED_FOR = 10.0
FIRST_PAUSE, LAST_PAUSE = 0.05, 0.4
"""Seconds before a request is repeated: many clients that are refused would keep a busy machine busy."""


class Refused(Exception):
    """The server answered with an error."""

    def __init__(self, event: str, error: dict[str, Any]) -> None:
        super().__init__(f"{event}: {error}")
        self.code: str = error["code"]
        self.retryable: bool = error["retryable"]


@dataclass(frozen=True)
class Received:
    """An event, or an acknowledgement, whose name is `ack <id>`."""

    name: str
    payload: dict[str, Any]


class ClientSocket:
    """One connection. Call `open`, or use it as a context manager."""

    def __init__(
        self,
        url: str,
        *,
        local_address: str | None = None,
        namespace: str = "",
        auth: dict[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        retried_for: float = RETRIED_FOR,
    ) -> None:
        """`local_address` is the address to connect from; `namespace` such as `/calls`, empty for the default one.

        `auth` is sent when the namespace is opened, and `headers` with the handshake.
        `ask` asks again for `retried_for` seconds.
        """
        self._local_address = local_address
        self._prefix = f"{namespace}," if namespace else ""
        self._auth = auth
        self._headers = headers
        self.retried_for = retried_for
        self.last_refusal = ""
        """For diagnosis."""
        self.other: list[str] = []
        """Frames of other namespaces."""
        self.log: list[Received] = []
        self.sid: str | None = None
        self.url = url
        self._url = f"{url}/socket.io/?EIO=4&transport=websocket"
        self._session: aiohttp.ClientSession | None = None
        self._websocket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._last_id = -1
        self._arrived = asyncio.Event()
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._closed = asyncio.Event()
        self._silent = False

    async def open(self, *, connect: bool = True) -> None:
        """Opens the Engine.IO connection, and with `connect` the Socket.IO session of the default namespace."""
        local_address = (self._local_address, 0) if self._local_address else None
        connector = aiohttp.TCPConnector(force_close=True, local_addr=local_address)
        self._session = aiohttp.ClientSession(connector=connector)
        try:
            self._websocket = await self._session.ws_connect(
                self._url, max_msg_size=0, autoping=False, headers=self._headers
            )
        except BaseException:
            await self._session.close()
            raise
        self._reader = asyncio.create_task(self._read(self._websocket))
        if connect:
            await self.send(f"40{self._prefix}" + ("" if self._auth is None else json.dumps(self._auth)))
            try:
                await asyncio.wait_for(asyncio.shield(self._opened), ANSWER_TIMEOUT)
            except Refused:
                await self.close()
                raise

    async def close(self) -> None:
        """Closes the WebSocket, as a closed page does."""
        if self._websocket is not None and not self._websocket.closed:
            await self._websocket.close()
        await self._end()

    async def cut(self) -> None:
        """Drops the TCP connection without a WebSocket close."""
        if self._session is not None and self._session.connector is not None:
            await self._session.connector.close()
        await self._end()

    def stop_answering_pings(self) -> None:
        """Leaves all further pings unanswered, on an open connection."""
        self._silent = True

    async def send(self, text: str) -> None:
        """Sends a text frame unchanged."""
        assert self._websocket is not None
        await self._websocket.send_str(text)

    async def send_bytes(self, data: bytes) -> None:
        """Sends a binary frame."""
        assert self._websocket is not None
        await self._websocket.send_bytes(data)

    async def emit(self, event: str, *arguments: Any) -> None:
        """Sends an event without an acknowledgement."""
        await self.send(f"42{self._prefix}" + json.dumps([event, *arguments]))

    async def start_request(self, event: str, *arguments: Any) -> asyncio.Future[dict[str, Any]]:
        """Sends an event. The future resolves with its acknowledgement."""
        self._last_id += 1
        answer = self._answers[self._last_id] = asyncio.get_running_loop().create_future()
        await self.send(f"42{self._prefix}{self._last_id}" + json.dumps([event, *arguments]))
        return answer

    async def request(self, event: str, *arguments: Any) -> dict[str, Any]:
        """Sends an event and returns its acknowledgement, which may be an error."""
        return await asyncio.wait_for(await self.start_request(event, *arguments), ANSWER_TIMEOUT)

    async def call(self, event: str, **payload: Any) -> dict[str, Any]:
        """Sends an event and returns its result. Raises Refused for an error."""
        answer = await self.request(event, payload)
        if "error" in answer:
            refused = Refused(event, answer["error"])
            self.last_refusal = str(refused)
            raise refused
        return answer

    async def ask(self, event: str, **payload: Any) -> dict[str, Any]:
        """Sends an event and returns its result. Raises Refused.

        It asks again after a retryable error, as clients do: a busy machine misses a deadline, and an instance may not
        know yet what the client of another one has created.
        """
        deadline = time.monotonic() + self.retried_for
        pause = FIRST_PAUSE
        while True:
            try:
                return await self.call(event, **payload)
            except Refused as refused:
                if not refused.retryable or time.monotonic() > deadline:
                    raise
            await asyncio.sleep(pause)
            pause = min(2 * pause, LAST_PAUSE)

    def events(self, event: str, **fields: Any) -> list[dict[str, Any]]:
        """The payloads of the received events with this name and these fields."""
        return [one.payload for one in self.log if one.name == event and fields.items() <= one.payload.items()]

    async def event(self, event: str, *, within: float = ANSWER_TIMEOUT, **fields: Any) -> dict[str, Any]:
        """Waits for the first event with this name and these fields, received already or not. Raises TimeoutError."""
        async with asyncio.timeout(within):
            while not (found := self.events(event, **fields)):
                await self.wait_for_more()
        return found[0]

    async def wait_for_more(self) -> None:
        """Waits until something arrives. Raises ConnectionError on a closed socket."""
        if self._closed.is_set():
            raise ConnectionError("the socket is closed")
        self._arrived.clear()
        await self._arrived.wait()

    async def wait_closed(self, within: float = ANSWER_TIMEOUT) -> int | None:
        """Waits until the server closes the connection. Returns the WebSocket close code, if any."""
        async with asyncio.timeout(within):
            await self._closed.wait()
        return self._websocket.close_code if self._websocket else None

    @property
    def is_closed(self) -> bool:
        """Whether the connection is closed."""
        return self._closed.is_set()

    async def _read(self, websocket: aiohttp.ClientWebSocketResponse) -> None:
        try:
            async for message in websocket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    await self._handle(message.data)
                elif message.type is aiohttp.WSMsgType.PING and not self._silent:
                    await websocket.pong(message.data)
        except (aiohttp.ClientError, OSError):
            pass
        finally:
            self._closed.set()
            self._arrived.set()
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(ConnectionError("the connection was closed before the acknowledgement"))
                    answer.exception()  # a test need not await it

    async def _handle(self, frame: str) -> None:
        if frame == "2" and not self._silent:
            await self.send("3")
        elif frame[:1] == "4" and not self._is_own(frame[2:]):
            self.other.append(frame)
            self._arrived.set()
        elif frame.startswith("40"):
            self.sid = json.loads(self._body(frame))["sid"]
            if not self._opened.done():
                self._opened.set_result(None)
            self._arrived.set()
        elif frame.startswith("44") and not self._opened.done():
            refusal = json.loads(self._body(frame))
            self._opened.set_exception(Refused("connect", refusal["data"]["error"]))
        elif frame.startswith("42"):
            name, *payload = json.loads(self._body(frame))
            self._record(Received(name, payload[0] if payload else {}))
        elif frame.startswith("43"):
            head, _, body = self._body(frame).partition("[")
            answer = json.loads("[" + body)[0]
            self._record(Received(f"ack {head}", answer))
            if (future := self._answers.pop(int(head), None)) and not future.done():
                future.set_result(answer)

    def _is_own(self, body: str) -> bool:
        return body.startswith(self._prefix) if self._prefix else not body.startswith("/")

    def _body(self, frame: str) -> str:
        return frame[2 + len(self._prefix) :]

    def _record(self, received: Received) -> None:
        self.log.append(received)
        self._arrived.set()

    async def _end(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait([self._reader])
        if self._session is not None:
            await self._session.close()
        self._opened.cancel()

    async def __aenter__(self) -> Self:
        """Opens the connection."""
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the connection."""
        await self.close()

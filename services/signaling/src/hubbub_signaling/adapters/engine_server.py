"""The Engine.IO server: python-engineio with bounded queues, and with strict parsing of what clients send.

This file uses parts of python-engineio that its documentation does not mention: `_async`, from which a server takes its
WebSocket class, and that a socket makes its queue with `create_queue`. `tests/integration/test_hostile_sockets.py` and
`test_slow_readers.py` fail when these change.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any

import engineio

from .send_queue import SendQueue
from .socket_packets import MAX_FRAME, PacketSocket, is_payload

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
WaitTurn = Callable[[Message, int], Awaitable[None]]
"""Returns when so many packets of the client of an ASGI scope may be handled."""

BODY_TIMEOUT = 10.0
"""Seconds that the body of a POST may take."""


class EngineServer(engineio.AsyncServer):  # type: ignore[misc]
    """The Engine.IO server of one signaling instance."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._async = {**self._async, "websocket": PacketSocket}  # type: ignore[has-type]
        self.wait_turn: WaitTurn = _at_once

    def create_queue(self, *_args: Any, **_options: Any) -> SendQueue:
        """The queue of a new socket."""
        return SendQueue()


async def _at_once(_scope: Message, _packets: int) -> None:
    """No limit."""


class InvalidPayload(Exception):
    """The body of a POST is not one that a client may send."""


async def read_payload(receive: Receive, connected: Callable[[], Collection[str]]) -> bytes:
    """The body of a POST of long polling. Raises InvalidPayload.

    `connected` returns the namespaces that the client has opened.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT):
            while True:
                message = await receive()
                body += message.get("body", b"")
                if message["type"] != "http.request" or len(body) > MAX_FRAME:
                    raise InvalidPayload
                if not message.get("more_body"):
                    break
    except TimeoutError as error:
        raise InvalidPayload from error
    if not is_payload(bytes(body), connected()):
        raise InvalidPayload
    return bytes(body)


def replay(scope: Message, receive: Receive, body: bytes) -> tuple[Message, Receive]:
    """The ASGI scope and `receive` of a request whose body was read. python-engineio needs a Content-Length."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return pending.pop() if pending else await receive()

    headers = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
    return {**scope, "headers": [*headers, (b"content-length", str(len(body)).encode())]}, replayed

"""The connection to a server that goes away while the client connects."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from hubbub_client.signaling import CONNECT_TIMEOUT, Signaling

OPEN = '0{"sid":"engine","upgrades":[],"pingInterval":5000,"pingTimeout":5000,"maxPayload":100000}'
CONNECTED = '40{"sid":"session"}'
RESTART = 1012
"""The close code of a server that is stopped."""

Answer = Callable[[web.WebSocketResponse], Awaitable[None]]
"""What the server does with an accepted WebSocket."""


@asynccontextmanager
async def engine_server(answers: list[Answer]) -> AsyncIterator[str]:
    """A server that accepts WebSockets, one answer for each. Yields its URL."""

    async def connection(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await answers.pop(0)(socket)
        return socket

    app = web.Application()
    app.router.add_get("/socket.io/", connection)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


async def stop_at_once(socket: web.WebSocketResponse) -> None:
    """Closes before the Engine.IO connection is open."""
    await socket.close(code=RESTART)


async def stop_before_session(socket: web.WebSocketResponse) -> None:
    """Closes when the client asks for a session."""
    await socket.send_str(OPEN)
    await socket.receive_str()
    await socket.close(code=RESTART)


async def stop_with_session(socket: web.WebSocketResponse) -> None:
    """The session and the end of the connection reach the client together."""
    await socket.send_str(OPEN)
    await socket.receive_str()
    await socket.send_str(CONNECTED)
    await socket.close(code=RESTART)


async def serve(socket: web.WebSocketResponse) -> None:
    """Opens the session and keeps it."""
    await socket.send_str(OPEN)
    await socket.receive_str()
    await socket.send_str(CONNECTED)
    await socket.receive()


@pytest.mark.parametrize("first", [stop_at_once, stop_before_session, stop_with_session])
async def test_connects_again_when_the_server_goes_away_in_the_handshake(first: Answer) -> None:
    """At once: the timeout of a handshake is for servers that say nothing."""
    answers: list[Answer] = [first, serve]
    async with engine_server(answers) as url:
        signaling = Signaling(url, "/")
        connected = asyncio.Event()

        def on_connected() -> None:
            if not answers:
                connected.set()

        signaling.connect(on_connected, lambda _refusal: None)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT / 2):
                await connected.wait()
            assert signaling.connected
        finally:
            await signaling.close()


async def test_pauses_grow_while_no_session_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "uniform", lambda _least, most: most)
    attempts: list[float] = []
    tried_four_times = asyncio.Event()

    async def refuse(socket: web.WebSocketResponse) -> None:
        attempts.append(time.monotonic())
        if len(attempts) == 4:
            tried_four_times.set()
        await stop_before_session(socket)

    async with engine_server([refuse] * 10) as url:
        signaling = Signaling(url, "/")
        signaling.connect(lambda: None, lambda _refusal: None)
        try:
            async with asyncio.timeout(20):
                await tried_four_times.wait()
        finally:
            await signaling.close()
    pauses = [later - earlier for earlier, later in itertools.pairwise(attempts)]
    assert pauses[2] > 1.1, "0.3, 0.6 and 1.2 seconds"

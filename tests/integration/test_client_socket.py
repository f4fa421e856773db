"""The tests' own client."""

from __future__ import annotations

import asyncio

from aiohttp import WSMsgType, web

from support.client_socket import ClientSocket


async def test_a_client_answers_the_pings_of_the_websocket(tcp_port: int) -> None:
    """The HTTP server closes a WebSocket after 40 s without them."""
    answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def serve(request: web.Request) -> web.WebSocketResponse:
        websocket = web.WebSocketResponse(autoping=False)
        await websocket.prepare(request)
        await websocket.ping(b"alive")
        async for message in websocket:
            if message.type is WSMsgType.PONG:
                answered.set_result(message.data)
        return websocket

    application = web.Application()
    application.router.add_get("/socket.io/", serve)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", tcp_port).start()
    client = ClientSocket(f"http://127.0.0.1:{tcp_port}")
    await client.open(connect=False)
    async with asyncio.timeout(5):
        assert await answered == b"alive"
    await client.close()
    await runner.cleanup()

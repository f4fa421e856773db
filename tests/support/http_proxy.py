"""An HTTP proxy in front of signaling, as an operator would run one."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web


class HttpProxy:
    """Passes HTTP and WebSockets on to `target`, and appends the client's address to `X-Forwarded-For`."""

    def __init__(self, target: str, *, prefix: str = "", strip: bool = True) -> None:
        """Serves `target` below `prefix` and nothing else. With `strip` the prefix is not passed on."""
        self._target = target
        self._prefix = prefix
        self._strip = strip
        self._runner: web.AppRunner | None = None
        self._client: aiohttp.ClientSession | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        """Listens on a free port of the loopback interface."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._client = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), auto_decompress=False)
        self._runner = web.AppRunner(app, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}{self._prefix}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops."""
        assert self._client is not None
        assert self._runner is not None
        await self._client.close()
        await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if self._prefix and not request.path.startswith(f"{self._prefix}/"):
            return web.Response(status=404, text="another application")
        path = request.path_qs.removeprefix(self._prefix) if self._strip else request.path_qs
        forwarded_for = ", ".join([*request.headers.getall("X-Forwarded-For", []), request.remote or ""])
        headers = {"X-Forwarded-For": forwarded_for, "X-Forwarded-Host": request.host}
        if "Origin" in request.headers:
            headers["Origin"] = request.headers["Origin"]
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._serve_websocket(request, path, headers)
        assert self._client is not None
        body = await request.read()
        async with self._client.request(request.method, self._target + path, data=body, headers=headers) as answer:
            content_type = answer.headers.get("Content-Type", "text/plain")
            return web.Response(status=answer.status, body=await answer.read(), headers={"Content-Type": content_type})

    async def _serve_websocket(self, request: web.Request, path: str, headers: dict[str, str]) -> web.StreamResponse:
        assert self._client is not None
        try:
            upstream = await self._client.ws_connect(self._target + path, headers=headers, max_msg_size=0)
        except aiohttp.WSServerHandshakeError as error:
            return web.Response(status=error.status)
        downstream = web.WebSocketResponse(max_msg_size=0)
        await downstream.prepare(request)
        ends = [asyncio.create_task(_pump(*way)) for way in ((downstream, upstream), (upstream, downstream))]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.gather(downstream.close(), upstream.close(), *ends)
        return downstream


_WebSocket = web.WebSocketResponse | aiohttp.ClientWebSocketResponse


async def _pump(source: _WebSocket, sink: _WebSocket) -> None:
    async for message in source:
        if message.type is aiohttp.WSMsgType.TEXT and not sink.closed:
            await sink.send_str(message.data)

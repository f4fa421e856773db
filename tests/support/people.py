"""Users who ring each other: their devices in the namespace `/calls`, their peers, and their HTTP requests."""

from __future__ import annotations

import secrets
from contextlib import AsyncExitStack
from typing import Any

import aiohttp

from .caller import Caller
from .client_socket import ClientSocket
from .installation import Installation


class People:
    """Users with unique ids. Everything that they open closes with the stack."""

    def __init__(self, installation: Installation, stack: AsyncExitStack, http: aiohttp.ClientSession) -> None:
        self.installation = installation
        self._stack = stack
        self._http = http
        unique = secrets.token_hex(4)
        self.ann, self.bob, self.carol = (f"{name}-{unique}" for name in ("ann", "bob", "carol"))

    async def device(self, user: str, *, signaling: int = 0, device: str | None = None) -> ClientSocket:
        """A device that is connected to `/calls`."""
        auth = {"userId": user} | ({} if device is None else {"deviceId": device})
        socket = ClientSocket(self.installation.urls[signaling], namespace="/calls", auth=auth)
        return await self._stack.enter_async_context(socket)

    async def peer(self, user: str, call_id: str) -> Caller:
        """A peer in the call's room."""
        caller = await self._stack.enter_async_context(Caller(self.installation.url))
        await caller.join(call_id, userId=user)
        return caller

    async def ask(
        self, method: str, path: str, user: str | None, *, status: int = 200, signaling: int = 0, **options: Any
    ) -> dict[str, Any]:
        """Sends an HTTP request as a user, and checks the status of the answer."""
        headers = ({} if user is None else {"X-User-Id": user}) | options.pop("headers", {})
        url = f"{self.installation.urls[signaling]}{path}"
        async with self._http.request(method, url, headers=headers, **options) as response:
            body: dict[str, Any] = await response.json()
            assert response.status == status, body
            return body

    async def call(
        self, caller: str, *callees: str, status: int = 201, signaling: int = 0, **fields: Any
    ) -> dict[str, Any]:
        """Starts a call."""
        body = {"participants": list(callees), **fields}
        return await self.ask("POST", "/calls", caller, status=status, signaling=signaling, json=body)

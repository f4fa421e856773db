"""An application's server that receives webhooks, and checks their signatures."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from aiohttp import ClientSession, web

from hubbub_cli.ports import free_tcp_port
from support.client_socket import ClientSocket
from support.installation import Installation

LOOPBACK = "127.0.0.0/8"
"""The setting WEBHOOK_PRIVATE_NETWORKS of installations that post to a receiver."""
_NOTHING: dict[str, object] = {"codecs": [], "headerExtensions": []}
Event = dict[str, Any]


class WebhookReceiver:
    """A server on a free port."""

    def __init__(self) -> None:
        self.accepted: list[Event] = []
        """The bodies of the events that were accepted, in their order."""
        self.ids: list[str] = []
        """Their `webhook-id`."""
        self.refuse: Callable[[Event], int | None] = lambda _event: None
        """Returns the status with which a delivery is refused; None accepts it."""
        self.attempts = 0
        self.secrets: list[str] = []
        self.bad_signatures = 0
        self._runner: web.AppRunner | None = None
        self._port = free_tcp_port()  # nobody else gets it while the receiver is stopped

    @property
    def url(self) -> str:
        """Where to post."""
        return f"http://127.0.0.1:{self._port}/events"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listens, on the same port as before."""
        app = web.Application()
        app.router.add_post("/events", self._receive)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()

    async def stop(self) -> None:
        """Stops listening."""
        runner, self._runner = self._runner, None
        if runner is None:
            return
        for site in list(runner.sites):
            await site.stop()
        await _turn_loop()  # a connection that was accepted just now becomes known to the runner, which closes it
        await runner.cleanup()
        await _turn_loop()  # closed transports give up their sockets

    async def wait_for(self, enough: Callable[[list[Event]], bool], timeout: float = 40.0) -> list[Event]:
        """Waits until what was accepted is enough, and returns it. Raises TimeoutError."""
        async with asyncio.timeout(timeout):
            while not enough(self.accepted):
                await asyncio.sleep(0.02)
        return self.accepted

    def of_room(self, call_id: str) -> list[Event]:
        """What was accepted of one room."""
        return [event for event in self.accepted if event["data"]["callId"] == call_id]

    async def _receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.attempts += 1
        if not self._is_signed(request, body):
            self.bad_signatures += 1
            return web.Response(status=401)
        event: Event = await request.json()
        status = self.refuse(event)
        if status is not None:
            return web.Response(status=status)
        event_id = request.headers["webhook-id"]
        if event_id not in self.ids:  # delivered at least once: repetitions are recognized
            self.accepted.append(event)
            self.ids.append(event_id)
        return web.Response(status=204)

    def _is_signed(self, request: web.Request, body: bytes) -> bool:
        headers = request.headers
        content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = {
            "v1," + base64.b64encode(hmac.digest(_key(each), content, hashlib.sha256)).decode() for each in self.secrets
        }
        return bool(expected & set(headers["webhook-signature"].split(" ")))


async def _turn_loop() -> None:
    """Lets the event loop do what is due."""
    for _ in range(10):
        await asyncio.sleep(0)


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix("whsec_"))


class Webhooks:
    """The routes about webhooks of an installation."""

    def __init__(self, installation: Installation, http: ClientSession) -> None:
        self._installation = installation
        self._url = f"{installation.url}/webhooks"
        self._http = http

    async def add(self, receiver: WebhookReceiver, **options: Any) -> dict[str, Any]:
        """Adds the receiver as an endpoint, and waits until it is told of changes as they happen."""
        status, created = await self.request("POST", "", {"url": receiver.url, **options})
        assert status == 201, created
        receiver.secrets = created["secrets"]
        async with ClientSocket(self._installation.url) as socket:
            marker = secrets.token_hex(8)
            await socket.ask("createRoom", callId=marker)
            async with asyncio.timeout(40):
                while not receiver.of_room(marker):
                    await socket.ask("joinRoom", callId=marker, userId="marker", rtpCapabilities=_NOTHING)
                    await socket.ask("leaveRoom")
                    await asyncio.sleep(0.05)
        return created

    async def request(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        """The status and the body of an answer."""
        async with self._http.request(method, f"{self._url}{path}", json=body) as answer:
            return answer.status, await answer.json()


def shown(events: list[Event]) -> list[str]:
    """Events as short texts: type and user."""
    return [f"{event['type']} {event['data'].get('peer', {}).get('userId', '')}".strip() for event in events]

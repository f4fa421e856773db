"""Clients behind a proxy are told apart by their addresses, and one address cannot use up an installation."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from support.client_socket import ClientSocket
from support.http_proxy import HttpProxy
from support.installation import Installation

HONEST, HOSTILE = "127.0.0.3", "127.0.0.2"
MAX_ROOMS = 100
ROOM_REQUESTS = 40
LIMITED = {
    "environment": {
        "AUTH": "off",
        "TRUSTED_PROXIES": "127.0.0.1",
        "MAX_ROOMS": str(MAX_ROOMS),
        "MAX_ROOM_REQUESTS_PER_ADDRESS": str(ROOM_REQUESTS),
        "MAX_CONNECTIONS_PER_ADDRESS": "3",
    }
}


async def create_rooms(socket: ClientSocket, count: int, prefix: str) -> list[str]:
    """Requests rooms. Returns the error codes, "" for success."""
    futures = [await socket.start_request("createRoom", {"callId": f"{prefix} {number}"}) for number in range(count)]
    return [answer.get("error", {}).get("code", "") for answer in await asyncio.gather(*futures)]


@pytest.mark.parametrize("fresh_installation", [LIMITED], indirect=True)
async def test_one_address_cannot_use_up_the_rooms(fresh_installation: Installation, call_id: str) -> None:
    async with HttpProxy(fresh_installation.url) as proxy:
        codes: list[str] = []
        for connection in range(3):
            async with ClientSocket(proxy.url, local_address=HOSTILE) as hostile:
                codes += await create_rooms(hostile, MAX_ROOMS // 2, f"{call_id} {connection}")
        assert ROOM_REQUESTS <= codes.count("") < 2 * ROOM_REQUESTS < MAX_ROOMS
        assert set(codes) == {"", "rate_limited"}
        async with ClientSocket(proxy.url, local_address=HONEST) as honest:
            assert await create_rooms(honest, 1, call_id) == [""]


@pytest.mark.parametrize("fresh_installation", [LIMITED], indirect=True)
async def test_connections_of_one_address_are_limited(fresh_installation: Installation) -> None:
    async with HttpProxy(fresh_installation.url) as proxy:
        sockets = [ClientSocket(proxy.url, local_address=HOSTILE) for _ in range(3)]
        await asyncio.gather(*(socket.open() for socket in sockets))
        for transport in ("websocket", "polling"):
            assert await connect_status(proxy.url, HOSTILE, transport) == 429
        async with ClientSocket(proxy.url, local_address=HONEST):
            pass
        await sockets[0].close()
        async with asyncio.timeout(5):
            while await connect_status(proxy.url, HOSTILE, "polling") != 200:
                await asyncio.sleep(0.05)
        await asyncio.gather(*(socket.close() for socket in sockets[1:]))


async def connect_status(url: str, local_address: str, transport: str) -> int:
    """The HTTP status of an attempt to connect."""
    connector = aiohttp.TCPConnector(local_addr=(local_address, 0))
    address = f"{url}/socket.io/?EIO=4&transport={transport}"
    async with aiohttp.ClientSession(connector=connector) as session:
        if transport == "polling":
            async with session.get(address) as answer:
                return answer.status
        try:
            async with session.ws_connect(address):
                return 101
        except aiohttp.WSServerHandshakeError as error:
            return error.status


@pytest.mark.parametrize("fresh_installation", [{"environment": {"MAX_CONNECTIONS_PER_ADDRESS": "1"}}], indirect=True)
async def test_address_named_by_an_untrusted_sender_is_ignored(fresh_installation: Installation) -> None:
    async with HttpProxy(fresh_installation.url) as proxy, ClientSocket(proxy.url, local_address=HOSTILE):
        for _ in range(2):
            assert await connect_status(proxy.url, HONEST, "websocket") == 429
    logs = dict(fresh_installation.logs())["signaling-1"]
    assert logs.count("ignoring X-Forwarded-For") == 1

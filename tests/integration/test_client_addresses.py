"""Clients behind a proxy are told apart by their addresses, and one address cannot use up an installation.

With tokens, clients are told apart by their users.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hubbub_access import Grants, KeySet, issue
from hubbub_access.key_set import new_secret
from support.caller import Caller
from support.client_socket import ClientSocket, Refused
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


OFFICE = 300
SECRET = b"s" * 32
log = logging.getLogger(__name__)


def token_of(user: str) -> dict[str, Any]:
    """The `auth` of a user who may enter every room."""
    key = KeySet.parse(json.dumps(new_secret("key", "app", SECRET))).signing_key
    assert key is not None
    grants = Grants(rooms=("*",), join=True, publish=True, subscribe=True)
    return {"token": issue(key, user, grants, audience="hubbub", now=time.time(), lifetime=3_600, token_id=user)}


@contextlib.contextmanager
def with_tokens(directory: Path, **environment: str) -> Iterator[Installation]:
    """An installation that needs tokens."""
    keys = directory / "keys.json"
    keys.write_text(json.dumps(new_secret("key", "app", SECRET)), encoding="utf-8")
    settings = {"AUTH": "on", "ACCESS_KEYS": str(keys), **environment}
    with Installation(directory / "data", environment=settings) as running:
        yield running


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
        async with asyncio.timeout(20):
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


async def test_three_hundred_people_of_one_office_join_with_tokens(tmp_path: Path) -> None:
    """The address may have fewer connections and rooms without a token than the office has people.

    That the default limits let them join within 10 s without a wait is tested in `test_settings.py` of signaling.
    """
    limits = {"MAX_CONNECTIONS_PER_ADDRESS": "40", "MAX_ROOM_REQUESTS_PER_ADDRESS": "30"}
    with with_tokens(tmp_path, **limits) as installation:
        url = installation.url

        async def arrive(stack: contextlib.AsyncExitStack, number: int) -> str:
            caller = Caller(url, local_address=HOSTILE, auth=token_of(f"user {number}"))
            await stack.enter_async_context(caller)
            await caller.join(f"team {number // 30}")
            return caller.peer_id

        async with contextlib.AsyncExitStack() as stack:
            began, joined = time.monotonic(), set[str]()
            for first in range(0, OFFICE, 30):  # those who have connected count as themselves
                joined.update(await asyncio.gather(*(arrive(stack, number) for number in range(first, first + 30))))
            took = time.monotonic() - began
        log.info("%d people of one address joined with tokens in %.1f s", OFFICE, took)
        assert len(joined) == OFFICE


async def test_connections_and_rooms_of_one_user_are_limited(tmp_path: Path, call_id: str) -> None:
    limits = {"MAX_CONNECTIONS_PER_USER": "2", "MAX_ROOM_REQUESTS_PER_USER": "10"}
    with with_tokens(tmp_path, **limits) as installation:
        url = installation.url
        async with ClientSocket(url, auth=token_of("mallory")) as first, ClientSocket(url, auth=token_of("mallory")):
            with pytest.raises(Refused) as refused:
                await ClientSocket(url, local_address=HOSTILE, auth=token_of("mallory")).open()
            assert refused.value.code == "quota_exceeded"
            codes = await create_rooms(first, 15, call_id)
            assert (codes.count(""), codes.count("rate_limited")) == (10, 5)
            async with ClientSocket(url, auth=token_of("alice")) as alice:
                assert await create_rooms(alice, 1, call_id) == [""]


async def test_a_guest_token_used_many_times_has_the_rate_of_one_user(tmp_path: Path, call_id: str) -> None:
    rate = 100
    with with_tokens(tmp_path, MAX_MESSAGES_PER_USER=str(rate)) as installation:
        url, guest = installation.url, token_of("guest")
        async with Caller(url, auth=token_of("alice")) as alice, contextlib.AsyncExitStack() as stack:
            await alice.join(call_id)
            sockets = [ClientSocket(url, local_address=f"127.0.0.{number + 2}", auth=guest) for number in range(3)]
            for socket in sockets:
                await stack.enter_async_context(socket)
            began = time.monotonic()
            requests = [await socket.start_request("createTransport", {}) for _ in range(rate) for socket in sockets]
            answering = asyncio.gather(*requests)
            while not answering.done():
                assert await alice.call("getProducers") == {"producers": []}
                await asyncio.sleep(0.05)
            await answering
            assert time.monotonic() - began > (len(requests) - 1.2 * rate) / rate

"""Scaled services: rooms spread over media nodes, clients over signaling instances."""

import asyncio
import secrets
from contextlib import AsyncExitStack
from typing import Any

import aiohttp

from support.compose import Compose
from support.pair import connected_pair

NODES = 3
CLIENTS = 16
"""With random choice between two instances, all clients choose the same one once in 32,768 runs."""


async def test_rooms_spread_over_nodes(stack: Compose) -> None:
    await asyncio.to_thread(stack.up, media_node=NODES, signaling=1)
    await asyncio.to_thread(
        stack.wait_until, lambda: stack.stats()["nodes"] == NODES and stack.stats()["rooms"] == 0, 15, "three nodes"
    )
    async with AsyncExitStack() as calls:
        pairs = [await calls.enter_async_context(connected_pair(stack.url, secrets.token_hex(8))) for _ in range(NODES)]
        await asyncio.gather(*(pair.wait_media() for pair in pairs))

        def spread() -> bool:
            return _by_node(stack.stats()) == [(1, 2)] * NODES

        await asyncio.to_thread(stack.wait_until, spread, 10, "a room of two people on each node")


def _by_node(stats: dict[str, Any]) -> list[tuple[int, int]]:
    """The numbers of rooms and peers of each node."""
    nodes: dict[str, tuple[int, int]] = {}
    for worker in stats["workers"]:
        rooms, peers = nodes.get(worker["nodeId"], (0, 0))
        nodes[worker["nodeId"]] = (rooms + worker["rooms"], peers + worker["peers"])
    return sorted(nodes.values())


async def test_requests_of_a_client_reach_the_same_signaling_instance(stack: Compose) -> None:
    await asyncio.to_thread(stack.up, signaling=2)
    assert len(set(await asyncio.gather(*(_polling(stack.url, cookies=True) for _ in range(CLIENTS))))) == 2


async def test_client_without_cookies_reaches_the_same_signaling_instance(stack: Compose) -> None:
    await asyncio.to_thread(stack.up, signaling=2)
    await asyncio.gather(*(_polling(stack.url, cookies=False) for _ in range(CLIENTS)))


async def _polling(url: str, *, cookies: bool) -> str:
    """Opens a Socket.IO session by long polling. All its requests must reach the instance that has the session.

    Returns the cookie that names the instance, or an empty string.
    """
    jar = None if cookies else aiohttp.DummyCookieJar()
    # A new connection per request, so that only the proxy's affinity keeps them together.
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True), cookie_jar=jar) as session:
        if cookies:
            await _text(session.get(url))
        address = f"{url}/socket.io/?EIO=4&transport=polling"
        opened = await _text(session.get(address))
        assert opened.startswith("0{"), opened
        sid = opened.split('"sid":"')[1].split('"')[0]
        assert await _text(session.post(f"{address}&sid={sid}", data="40")) == "OK"
        for _ in range(4):
            assert await _text(session.post(f"{address}&sid={sid}", data="3")) == "OK"
        connected = await _text(session.get(f"{address}&sid={sid}"))
        assert connected.startswith("40{"), connected
        return ";".join(f"{cookie.key}={cookie.value}" for cookie in session.cookie_jar)


async def _text(request: Any) -> str:
    async with request as answer:
        text: str = await answer.text()
        assert answer.status == 200, f"{answer.status}: {text}"
        return text

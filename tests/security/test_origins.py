"""Pages of other origins reach neither the socket nor the routes (cross-site WebSocket hijacking, CORS).

ASVS 3.4.2, 3.5.1, 3.5.2 and 4.4.2.
"""

from __future__ import annotations

from collections.abc import Iterator

import aiohttp
import pytest

from support.client_socket import ClientSocket
from support.installation import Installation

FRIEND = "https://app.example"
STRANGERS = (
    "https://evil.example",
    "https://app.example.evil.example",
    "https://evilapp.example",
    "http://app.example",
    "https://app.example:8443",
    "https://app.example@evil.example",
    "null",
    "file://",
)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation that pages of one other origin may use."""
    with Installation(tmp_path_factory.mktemp("origins"), calls=1, environment={"FRONTEND_URL": FRIEND}) as running:
        yield running


async def test_a_page_of_an_allowed_origin_connects(guarded: Installation) -> None:
    for origin in (FRIEND, guarded.url):
        async with ClientSocket(guarded.url, headers={"Origin": origin}) as socket:
            assert socket.sid


@pytest.mark.parametrize("origin", STRANGERS)
async def test_a_page_of_another_origin_cannot_connect(guarded: Installation, origin: str) -> None:
    socket = ClientSocket(guarded.url, headers={"Origin": origin})
    try:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await socket.open()
    finally:
        await socket.close()
    async with (
        aiohttp.ClientSession(guarded.url, headers={"Origin": origin}) as http,
        http.get("/socket.io/", params={"EIO": "4", "transport": "polling"}) as answer,
    ):
        assert answer.status == 400
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("origin", STRANGERS)
async def test_routes_tell_browsers_nothing_for_another_origin(guarded: Installation, origin: str) -> None:
    async with aiohttp.ClientSession(guarded.url, headers={"Origin": origin}) as http:
        for path in ("/health", "/stats", "/calls", "/recordings"):
            async with http.get(path) as answer:
                assert "Access-Control-Allow-Origin" not in answer.headers, path
            asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
            async with http.options(path, headers=asked) as answer:
                assert "Access-Control-Allow-Origin" not in answer.headers, path


async def test_an_allowed_origin_is_named_and_never_everybody(guarded: Installation) -> None:
    async with aiohttp.ClientSession(guarded.url, headers={"Origin": FRIEND}) as http, http.get("/stats") as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == FRIEND
        assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_a_form_of_another_page_starts_no_call(guarded: Installation, content_type: str) -> None:
    """A request that a browser sends without asking first (CSRF)."""
    headers = {"Origin": STRANGERS[0], "Content-Type": content_type}
    body = '{"participants": ["bob"], "callerId": "ann"}'
    async with (
        aiohttp.ClientSession(guarded.url, headers=headers) as http,
        http.post("/calls", data=body) as answer,
        http.get("/calls", headers={"X-User-Id": "bob"}) as calls,
    ):
        assert 400 <= answer.status < 500
        assert (await calls.json())["calls"] == []

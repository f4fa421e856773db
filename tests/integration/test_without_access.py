"""With AUTH on, a client without, with a foreign and with a lapsed token can do nothing.

Generated from the tables of all events and all routes: a new one is tested without a change here.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from hubbub_access import LEEWAY, Grants, KeySet, issue
from hubbub_access.key_set import new_secret
from hubbub_contracts import ids
from hubbub_contracts.socket.calls_catalogue import CALL_REQUESTS
from hubbub_contracts.socket.catalogue import CLIENT_REQUESTS
from hubbub_signaling.domain.route_grants import PUBLIC, ROUTE_GRANTS
from support.caller import Caller
from support.installation import Installation

SECRET, FOREIGN = b"s" * 32, b"f" * 32
ADMIN = Grants(admin=True)
ROUTES = sorted(each for each, grant in ROUTE_GRANTS.items() if grant != PUBLIC)
EVENTS = [*(("", event) for event in CLIENT_REQUESTS), *(("/calls,", event) for event in CALL_REQUESTS)]


def token(secret: bytes = SECRET, lifetime: float = 600) -> str:
    """Of somebody who may do everything."""
    key = KeySet.parse(json.dumps(new_secret("key", "app", secret))).signing_key
    assert key is not None
    return issue(key, "eve", ADMIN, audience="hubbub", now=time.time(), lifetime=lifetime, token_id=ids.mint())


SHOWN: dict[str, str | None] = {
    "none": None,
    "foreign": token(FOREIGN),
    "lapsed": token(lifetime=-LEEWAY - 1),
}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Every service, with access tokens."""
    directory = tmp_path_factory.mktemp("guarded")
    keys = directory / "keys.json"
    keys.write_text(json.dumps(new_secret("key", "app", SECRET)))
    environment = {"AUTH": "on", "ACCESS_KEYS": str(keys), "API_KEY": "key-of-the-tests-0123456789"}
    with Installation(directory, calls=1, recorders=1, environment=environment, metrics=True) as running:
        yield running


@pytest.mark.parametrize("shown", SHOWN.values(), ids=SHOWN)
async def test_no_route_answers(guarded: Installation, shown: str | None) -> None:
    headers = {} if shown is None else {"Authorization": f"Bearer {shown}"}
    assert len(ROUTES) > 40
    async with aiohttp.ClientSession(guarded.url, headers=headers) as http:
        for method, path in ROUTES:
            async with http.request(method, re.sub(r"{\w+}", "a", path), json={}) as answer:
                assert answer.status == 401, (method, path, await answer.text())
                assert (await answer.json())["error"]["code"] == "unauthenticated"


@pytest.mark.parametrize("shown", SHOWN.values(), ids=SHOWN)
async def test_no_event_is_answered_or_has_an_effect(guarded: Installation, shown: str | None, call_id: str) -> None:
    auth = "" if shown is None else json.dumps({"token": shown})
    payload = {"callId": call_id, "userId": "eve", "rtpCapabilities": {"codecs": []}, "token": shown or ""}
    async with Caller(guarded.url, auth={"token": token()}) as witness, aiohttp.ClientSession() as http:
        await witness.join(call_id)
        for prefix, event in EVENTS:
            async with http.ws_connect(f"{guarded.url}/socket.io/?EIO=4&transport=websocket") as socket:
                await socket.send_str(f"40{prefix}{auth}")
                # Whether the client waits for the refusal or not.
                await socket.send_str(f"42{prefix}0{json.dumps([event, payload])}")
                received = await _until_refused(socket)
            assert any(frame.startswith(f"44{prefix}") for frame in received), (event, received)
            assert not any(frame.startswith((f"43{prefix}", f"42{prefix}", f"40{prefix}")) for frame in received), event
        assert witness.events("peerJoined") == witness.events("peerLeft") == []
        assert (await witness.call("getProducers"))["producers"] == []


async def _until_refused(socket: aiohttp.ClientWebSocketResponse) -> list[str]:
    """What the server sends until it refuses the namespace, and shortly after."""
    received: list[str] = []
    try:
        async with asyncio.timeout(10):
            while not any(frame.startswith("44") for frame in received):
                message = await socket.receive()
                if message.type is not aiohttp.WSMsgType.TEXT:
                    return received
                received.append(message.data)
        async with asyncio.timeout(0.02):
            while (message := await socket.receive()).type is aiohttp.WSMsgType.TEXT:
                received.append(message.data)
    except TimeoutError:
        pass
    return received


async def test_an_event_after_the_token_has_lapsed_is_not_answered(guarded: Installation, call_id: str) -> None:
    async with Caller(guarded.url, auth={"token": token()}) as witness:
        await witness.join(call_id)
        lapsing: dict[str, Any] = {"token": token(lifetime=8 - LEEWAY)}
        async with Caller(guarded.url, auth=lapsing) as eve:
            await eve.join(call_id)
            await witness.event("peerLeft", within=30, peerId=eve.peer_id, reason="removed")
            await eve.wait_closed()


async def test_the_metrics_port_needs_no_token(guarded: Installation) -> None:
    async with aiohttp.ClientSession() as http:
        for url in guarded.layout.metrics_urls():
            async with http.get(url) as answer:
                assert (answer.status, "hubbub_bus_connected" in await answer.text()) == (200, True)
        async with http.get(f"{guarded.url}/metrics") as answer:
            assert answer.status == 401
        for path in ("/health", "/ready", "/"):
            async with http.get(f"{guarded.url}{path}") as answer:
                assert answer.status == 200, path

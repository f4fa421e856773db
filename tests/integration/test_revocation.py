"""Revoked access tokens in a running installation of two signaling instances."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from typer.testing import CliRunner

from hubbub_access import Grants, KeySet, issue
from hubbub_access.key_set import new_secret
from hubbub_cli.main import app
from hubbub_contracts import ids
from support.caller import Caller, rtp_capabilities
from support.client_socket import ClientSocket, Refused
from support.installation import Installation

MEMBER = Grants(rooms=("team:*",), join=True, publish=True, subscribe=True, calls=True, record=True)
ADMIN = Grants(admin=True)
DOCUMENT = new_secret("key", "app", b"s" * 32)
OFFERS = Path(__file__).parents[1] / "fixtures" / "sdp"
AT_ONCE = 15.0
"""Seconds in which a revocation has to take effect, of which a busy machine may take some."""


def token(user: str, grants: Grants = MEMBER, token_id: str | None = None) -> str:
    key = KeySet.parse(json.dumps(DOCUMENT)).signing_key
    assert key is not None
    token_id = token_id or ids.mint()
    # Issued some seconds ago, since `iat` counts whole seconds.
    return issue(key, user, grants, audience="hubbub", now=time.time() - 5, lifetime=600, token_id=token_id)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with access tokens."""
    directory = tmp_path_factory.mktemp("revocation")
    keys = directory / "keys.json"
    keys.write_text(json.dumps(DOCUMENT))
    environment = {"AUTH": "on", "ACCESS_KEYS": str(keys)}
    with Installation(directory, calls=1, signalings=2, environment=environment, reconnect_grace=5) as running:
        yield running


@pytest.fixture
def room(call_id: str) -> str:
    """A room of the tests."""
    return f"team:{call_id[-40:]}"


async def post(installation: Installation, bearer: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {bearer}"}
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{installation.url}/revocations", headers=headers, json=body) as answer,
    ):
        return answer.status, await answer.json()


async def revoke(installation: Installation, **body: Any) -> None:
    status, answer = await post(installation, token("root", ADMIN), body)
    assert status == 201, answer
    assert answer["expiresAt"] > time.time() * 1000


async def refused(attempt: Awaitable[Any]) -> str:
    with pytest.raises(Refused) as caught:
        await attempt
    return caught.value.code


async def until_refused(url: str, shown: str, namespace: str = "") -> None:
    """Connects until the token is refused, which takes AT_ONCE at most."""
    async with asyncio.timeout(AT_ONCE):
        while True:
            try:
                async with ClientSocket(url, namespace=namespace, auth={"token": shown}):
                    await asyncio.sleep(0.05)
            except Refused as error:
                if error.code == "unauthenticated":
                    return
                raise


async def until_transports(installation: Installation, count: int) -> None:
    headers = {"Authorization": f"Bearer {token('root', ADMIN)}"}
    async with aiohttp.ClientSession(installation.url, headers=headers) as http, asyncio.timeout(30):
        while True:
            async with http.get("/stats") as answer:
                if (await answer.json())["transports"] == count:
                    return
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("target", ["token", "user"])
async def test_a_connected_client_is_removed_at_once(guarded: Installation, room: str, target: str) -> None:
    user = f"ann of {room}"
    shown, token_id = token(user, token_id=room), room
    async with Caller(guarded.urls[0], auth={"token": shown}) as ann:
        await ann.join(room, resumable=True)
        async with (
            Caller(guarded.urls[1], auth={"token": token("bob")}) as bob,
            ClientSocket(guarded.urls[1], namespace="/calls", auth={"token": shown}) as ringing,
        ):
            await bob.join(room)
            await revoke(guarded, **({"tokenId": token_id} if target == "token" else {"userId": user}))
            left = await bob.event("peerLeft", within=AT_ONCE)
            assert (left["peerId"], left["reason"]) == (ann.peer_id, "removed")
            await asyncio.wait_for(ann.wait_closed(), AT_ONCE)
            await asyncio.wait_for(ringing.wait_closed(), AT_ONCE)
            for url in guarded.urls:
                await until_refused(url, shown)
                await until_refused(url, shown, "/calls")
            assert await refused(bob.call("refreshToken", token=shown)) == "unauthenticated"
            assert not bob.is_closed
    headers = {"Authorization": f"Bearer {shown}"}
    async with aiohttp.ClientSession() as http:
        for path in ("/calls", f"/recordings?callId={room}"):
            async with http.get(f"{guarded.url}{path}", headers=headers) as answer:
                assert answer.status == 401, path
        async with http.post(f"{guarded.url}/whip/{room}", headers=headers, data="") as answer:
            assert answer.status == 401
    fresh = KeySet.parse(json.dumps(DOCUMENT)).signing_key
    assert fresh is not None
    newer = issue(fresh, user, MEMBER, audience="hubbub", now=time.time() + 1, lifetime=600, token_id="newer")
    async with Caller(guarded.url, auth={"token": newer}) as again:
        await again.join(room)


@pytest.mark.parametrize(
    ("protocol", "offer"), [("whip", "ffmpeg-9-baseline.sdp"), ("whep", "chromium-156-recvonly.sdp")]
)
async def test_an_encoder_and_a_player_are_removed_at_once(
    guarded: Installation, room: str, protocol: str, offer: str
) -> None:
    user = f"{protocol} of {room}"
    may = {"publish": True} if protocol == "whip" else {"publish": False, "hidden": True}
    shown = token(user, MEMBER.model_copy(update=may))
    headers = {"Authorization": f"Bearer {shown}", "Content-Type": "application/sdp"}
    async with Caller(guarded.urls[1], auth={"token": token("bob")}) as bob, aiohttp.ClientSession() as http:
        await bob.join(room)
        url = f"{guarded.urls[0]}/{protocol}/{room}"
        async with http.post(url, headers=headers, data=(OFFERS / offer).read_bytes()) as answer:
            assert answer.status == 201, await answer.text()
            location = f"{guarded.urls[0]}{answer.headers['Location']}"
        await until_transports(guarded, 1)
        await revoke(guarded, userId=user)
        if protocol == "whip":
            await bob.event("peerLeft", within=AT_ONCE, userId=user)
        await until_transports(guarded, 0)
        async with http.delete(location, headers=headers) as answer:
            assert answer.status == 401
        operator = {"Authorization": f"Bearer {token(user + '2', MEMBER.model_copy(update=may))}"}
        async with http.delete(location, headers=operator) as answer:
            assert answer.status == 404


async def test_a_ban_concerns_one_room(guarded: Installation, room: str) -> None:
    user, other = f"ann of {room}", f"{room}2"
    async with (
        Caller(guarded.urls[0], auth={"token": token(user)}) as banned,
        Caller(guarded.urls[0], auth={"token": token(user)}) as elsewhere,
        Caller(guarded.urls[1], auth={"token": token("bob")}) as bob,
    ):
        await banned.join(room, resumable=True)
        await elsewhere.join(other)
        await bob.join(room)
        await revoke(guarded, userId=user, callId=room)
        await bob.event("peerLeft", within=AT_ONCE, peerId=banned.peer_id)
        await asyncio.wait_for(banned.wait_closed(), AT_ONCE)
        async with Caller(guarded.urls[1], auth={"token": token(user)}) as again:
            async with asyncio.timeout(AT_ONCE):  # until this instance knows of it, too
                while await refused(again.call("resume", resumeToken=banned.resume_token)) != "not_allowed":
                    await asyncio.sleep(0.05)
            join = {"callId": room, "userId": "x", "rtpCapabilities": rtp_capabilities()}
            assert await refused(again.call("joinRoom", **join)) == "not_allowed"
            await again.join(other)
        assert not elsewhere.is_closed


async def test_without_the_bus_the_last_known_list_holds_and_calls_go_on(guarded: Installation, room: str) -> None:
    user = f"eve of {room}"
    shown = token(user)
    async with Caller(guarded.url, auth={"token": token("ann")}) as ann:
        await ann.join(room)
        await revoke(guarded, userId=user)
        await until_refused(guarded.url, shown)
        guarded.nats.kill()
        try:
            await until_refused(guarded.url, shown)
            assert (await ann.call("getProducers"))["producers"] == []
        finally:
            guarded.nats.start()
            guarded.wait_ready()
        await until_refused(guarded.url, shown)


async def test_only_an_admin_revokes(guarded: Installation) -> None:
    status, answer = await post(guarded, token("ann"), {"userId": "bob"})
    assert (status, answer["error"]["code"]) == (403, "not_allowed")
    status, answer = await post(guarded, "no token", {"userId": "bob"})
    assert (status, answer["error"]["code"]) == (401, "unauthenticated")
    status, answer = await post(guarded, token("root", ADMIN), {"callId": "standup"})
    assert (status, answer["error"]["code"]) == (400, "invalid_argument")


async def test_the_command_revokes_a_token(guarded: Installation, tmp_path_factory: pytest.TempPathFactory) -> None:
    keys = tmp_path_factory.mktemp("keys") / "keys.json"
    keys.write_text(json.dumps(DOCUMENT))
    shown = token("dave")
    options = ["--keys", str(keys), "--url", guarded.url]
    done = await asyncio.to_thread(CliRunner().invoke, app, ["token", "revoke", shown, *options])
    assert (done.exit_code, "revoked; kept until" in done.stdout) == (0, True), done.output
    await until_refused(guarded.urls[1], shown)
    wrong = await asyncio.to_thread(CliRunner().invoke, app, ["token", "revoke", *options])
    assert (wrong.exit_code, "name a token" in wrong.stderr) == (1, True)

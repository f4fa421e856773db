"""Access tokens in a running installation."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from hubbub_access import LEEWAY, Grants, KeySet, issue
from hubbub_access.key_set import new_secret
from hubbub_client import Call, CallError
from hubbub_contracts import ids
from support.caller import Caller, rtp_capabilities
from support.client_socket import ClientSocket, Refused
from support.installation import Installation
from support.key_server import ISSUER, KeyServer
from support.python_sdk import until

API_KEY = "key-of-the-tests-0123456789"
MEMBER = Grants(rooms=("team/*",), join=True, publish=True, subscribe=True)
SECRET, FOREIGN = b"s" * 32, b"f" * 32


def token(user: str, grants: Grants = MEMBER, *, lifetime: float = 600, secret: bytes = SECRET) -> str:
    key = KeySet.parse(json.dumps(new_secret("key", "app", secret))).signing_key
    assert key is not None
    return issue(key, user, grants, audience="hubbub", now=time.time(), lifetime=lifetime, token_id=ids.mint())


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with access tokens."""
    directory = tmp_path_factory.mktemp("access")
    keys = directory / "keys.json"
    keys.write_text(json.dumps(new_secret("key", "app", SECRET)))
    environment = {"AUTH": "on", "ACCESS_KEYS": str(keys), "API_KEY": API_KEY}
    with Installation(directory, calls=1, environment=environment, reconnect_grace=5) as running:
        yield running


def caller(installation: Installation, user: str, grants: Grants = MEMBER) -> Caller:
    return Caller(installation.url, auth={"token": token(user, grants)})


async def why_refused(socket: ClientSocket, event: str, **payload: Any) -> str:
    with pytest.raises(Refused) as refused:
        await socket.call(event, **payload)
    return refused.value.code


@pytest.fixture
def room(call_id: str) -> str:
    """A room of the tests."""
    return f"team/{call_id[-40:]}"


@pytest.mark.parametrize(
    "auth",
    [
        None,
        {"userId": "ann"},
        {"token": "x" * 100_000},
        {"token": token("ann", secret=FOREIGN)},
        {"token": token("ann", lifetime=-LEEWAY - 1)},
    ],
    ids=["no token", "a name", "huge", "foreign", "lapsed"],
)
@pytest.mark.parametrize("namespace", ["", "/calls"])
async def test_nobody_enters_without_a_valid_token(
    guarded: Installation, namespace: str, auth: dict[str, Any] | None
) -> None:
    with pytest.raises(Refused) as refused:
        await ClientSocket(guarded.url, namespace=namespace, auth=auth).open()
    assert refused.value.code == "unauthenticated"


async def test_a_call_between_two_token_holders(guarded: Installation, room: str) -> None:
    async with caller(guarded, "ann") as ann, caller(guarded, "bob") as bob:
        await ann.join(room, userId="mallory")
        joined = await bob.join(room)
        assert [peer["userId"] for peer in joined["peers"]] == ["ann"]
        producer_id = await ann.publish("audio")
        consumer = await bob.consume(producer_id)
        await consumer.wait_packets()


async def test_another_room_is_closed(guarded: Installation) -> None:
    async with caller(guarded, "ann") as ann:
        assert await why_refused(ann, "createRoom", callId="elsewhere") == "not_allowed"
        join = {"callId": "elsewhere", "userId": "ann", "rtpCapabilities": rtp_capabilities()}
        assert await why_refused(ann, "joinRoom", **join) == "not_allowed"


async def test_a_stolen_resume_token_is_worthless(guarded: Installation, room: str) -> None:
    async with caller(guarded, "ann") as ann:
        await ann.join(room, resumable=True)
        async with caller(guarded, "eve") as eve:
            assert await why_refused(eve, "resume", resumeToken=ann.resume_token) == "not_allowed"
        async with caller(guarded, "ann") as again:
            resumed = await again.call("resume", resumeToken=ann.resume_token)
            assert resumed["peerId"] == ann.peer_id


async def test_a_listener_publishes_only_after_its_token_says_so(guarded: Installation, room: str) -> None:
    listener = MEMBER.model_copy(update={"publish": False})
    async with caller(guarded, "ann", listener) as ann, caller(guarded, "bob") as bob:
        await ann.join(room)
        await bob.join(room)
        with pytest.raises(Refused, match="not_allowed"):
            await ann.publish("audio")
        await ann.call("refreshToken", token=token("ann"))
        producer_id = await ann.publish("audio")
        await bob.event("newProducer")
        await ann.call("refreshToken", token=token("ann", listener))
        closed = await bob.event("producerClosed")
        assert closed["producerId"] == producer_id


async def test_a_peer_is_removed_when_its_token_expires(guarded: Installation, room: str) -> None:
    async with caller(guarded, "bob") as bob:
        await bob.join(room)
        # The clock of the installation is the real one, so the token lapses LEEWAY after its `exp`, in eight seconds.
        async with Caller(guarded.url, auth={"token": token("ann", lifetime=8 - LEEWAY)}) as ann:
            await ann.join(room, resumable=True)
            await ann.event("tokenExpiring", within=30)
            left = await bob.event("peerLeft", within=30)
            assert (left["peerId"], left["reason"]) == (ann.peer_id, "removed")
            await ann.wait_closed()


async def test_statistics_need_an_admin_or_the_api_key(guarded: Installation) -> None:
    async with aiohttp.ClientSession() as http:
        statuses = []
        for bearer in (None, token("ann"), token("root", Grants(admin=True)), API_KEY):
            headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
            async with http.get(f"{guarded.url}/stats", headers=headers) as answer:
                statuses.append(answer.status)
        assert statuses == [401, 403, 200, 200]
        async with http.get(f"{guarded.url}/ready") as answer:
            assert (answer.status, (await answer.json())["nodes"]) == (200, 1)


async def test_the_python_sdk_shows_its_tokens_and_learns_of_a_refusal(guarded: Installation, room: str) -> None:
    lifetimes = [10 - LEEWAY, 600.0]
    lapses = time.time() + 10

    async def next_token() -> str:
        return token("ann", lifetime=lifetimes.pop(0))

    async with Call(guarded.url, room, "Ann", token=next_token) as ann:
        await until(lambda: lifetimes == [])
        peer_id = ann.local.peer_id
        await until(lambda: time.time() > lapses + 1)
        assert (ann.state, ann.local.peer_id) == ("connected", peer_id)

    async def old_token() -> str:
        return token("ann", lifetime=-LEEWAY - 1)

    call = Call(guarded.url, room, "Ann", token=old_token)
    with pytest.raises(CallError) as refused:
        await call.join()
    assert refused.value.code == "unauthenticated"
    await call.wait_ended()


async def test_calls_need_their_grant(guarded: Installation) -> None:
    with pytest.raises(Refused, match="not_allowed"):
        await ClientSocket(guarded.url, namespace="/calls", auth={"token": token("ann")}).open()
    ringing = {"token": token("bob", Grants(calls=True))}
    async with ClientSocket(guarded.url, namespace="/calls", auth=ringing) as bob:
        assert (await bob.call("setPresence", status="away"))["userId"] == "bob"


async def test_keys_of_a_url(tmp_path_factory: pytest.TempPathFactory, room: str) -> None:
    with KeyServer() as keys:
        keys.add("old")
        environment = {"AUTH": "on", "ACCESS_KEYS": f"{keys.url}/keys", "ACCESS_ISSUER": ISSUER}
        with Installation(tmp_path_factory.mktemp("published"), environment=environment) as installation:
            async with Caller(installation.url, auth={"token": keys.token("old", "ann", MEMBER)}) as ann:
                await ann.join(room)
            keys.add("new")

            async def next_token() -> str:
                return keys.token("new", "bob", MEMBER)

            # The first connection is refused for a moment, while the new key is fetched; the SDK connects again.
            async with Call(installation.url, room, "Bob", token=next_token) as bob:
                assert bob.state == "connected"
            assert keys.requests >= 2


async def test_a_server_with_the_api_key_creates_tokens(guarded: Installation, room: str) -> None:
    body = {"userId": "ann", "grants": {"rooms": [room], "join": True}, "lifetime": 60}
    created: dict[str, Any] = {}
    async with aiohttp.ClientSession(guarded.url) as http:
        for bearer, status in ((None, 401), (token("root", Grants(admin=True)), 403), (API_KEY, 201)):
            headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
            async with http.post("/tokens", headers=headers, json=body) as answer:
                assert answer.status == status
                created = await answer.json()
    async with Caller(guarded.url, auth={"token": created["token"]}) as ann:
        await ann.join(room)
        assert await why_refused(ann, "createRoom", callId="elsewhere") == "not_allowed"

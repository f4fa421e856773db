"""Two tenants of one installation, with the same call ids, users and groups, never meet."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from hubbub_access import Grants, KeySet, issue
from hubbub_access.key_set import new_secret
from hubbub_contracts import ids
from support.caller import Caller
from support.client_socket import ClientSocket
from support.installation import Installation

TENANTS = ("acme", "globex")
API_KEYS = {tenant: f"api-key-of-{tenant}-0123456789" for tenant in TENANTS}
KEYS = {"keys": [new_secret(each, f"issuer of {each}", each.encode() * 8, each)["keys"][0] for each in TENANTS]}
EVERYTHING = Grants(rooms=("*",), join=True, publish=True, subscribe=True, calls=True, record=True)
VIEWER = EVERYTHING.model_copy(update={"publish": False, "hidden": True})
SDP = {"Content-Type": "application/sdp"}
OFFERS = Path(__file__).parents[1] / "fixtures" / "sdp"


def token(tenant: str, user: str = "ann", grants: Grants = EVERYTHING) -> str:
    key = KeySet.parse(json.dumps(KEYS)).signing_key_of(tenant)
    assert key is not None
    # Issued some seconds ago, since `iat` counts whole seconds.
    return issue(key, user, grants, audience="hubbub", now=time.time() - 5, lifetime=600, token_id=ids.mint())


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation for both."""
    directory = tmp_path_factory.mktemp("tenants")
    keys = directory / "keys.json"
    keys.write_text(json.dumps(KEYS))
    environment = {"AUTH": "on", "ACCESS_KEYS": str(keys), "TENANT_API_KEYS": json.dumps(API_KEYS)}
    with Installation(directory, calls=1, recorders=1, captions=1, webhooks=1, environment=environment) as running:
        yield running


class Tenant:
    """A tenant's clients over HTTP: Ann with her token, and a server with the API key."""

    def __init__(self, url: str, tenant: str) -> None:
        self.name = tenant
        self.url = url
        self._http = aiohttp.ClientSession(url)

    async def ask(
        self, method: str, path: str, *, bearer: str | None = None, status: int | None = None, **options: Any
    ) -> Any:
        """The JSON body of the answer, and its headers. `bearer` is Ann's token unless it is given."""
        headers = {"Authorization": f"Bearer {bearer or token(self.name)}", **options.pop("headers", {})}
        async with self._http.request(method, path, headers=headers, **options) as answer:
            text = await answer.text()
            assert answer.status == (status or answer.status), text
            body = json.loads(text) if "json" in answer.content_type else text
            return answer.status, body, answer.headers

    def caller(self, user: str = "ann") -> Caller:
        """A client's socket."""
        return Caller(self.url, auth={"token": token(self.name, user)})

    def device(self, user: str) -> ClientSocket:
        """A device that can be rung."""
        return ClientSocket(self.url, namespace="/calls", auth={"token": token(self.name, user)})

    async def close(self) -> None:
        """Closes the HTTP client."""
        await self._http.close()


@pytest.fixture
async def tenants(shared: Installation) -> AsyncIterator[tuple[Tenant, Tenant]]:
    """Both tenants."""
    acme, globex = (Tenant(shared.url, name) for name in TENANTS)
    yield acme, globex
    await acme.close()
    await globex.close()


async def code(socket: ClientSocket, event: str, **payload: Any) -> str | None:
    answer = await socket.request(event, payload)
    return answer["error"]["code"] if "error" in answer else None


async def test_rooms(tenants: tuple[Tenant, Tenant], call_id: str) -> None:
    acme, globex = tenants
    async with acme.caller() as ann, globex.caller() as other, acme.caller("bob") as bob:
        await ann.join(call_id, resumable=True)
        assert (await other.join(call_id))["peers"] == []
        assert [peer["peerId"] for peer in (await bob.join(call_id))["peers"]] == [ann.peer_id]
        producer_id = await ann.publish("audio")
        await bob.event("newProducer", producerId=producer_id)
        assert (await other.call("getProducers"))["producers"] == []
        receiving = await other.call("createTransport", direction="recv")
        assert await code(other, "consume", transportId=receiving["id"], producerId=producer_id) == "not_found"
        assert other.events("peerJoined") == other.events("newProducer") == []
        await other.call("leaveRoom")
        assert await code(other, "resume", resumeToken=ann.resume_token) == "not_allowed"
        # The same name written as the other tenant's room id would be.
        foreign = ids.room_id(call_id, "acme")
        _, peer_id, secret = str(ann.resume_token).split(".")
        assert str(ann.resume_token).startswith(foreign)
        assert await code(other, "resume", resumeToken=f"{ids.room_id(call_id)}.{peer_id}.{secret}") == "not_allowed"
        assert await code(other, "refreshToken", token=token("acme")) == "not_allowed"


async def test_captions_and_recordings_over_the_socket(tenants: tuple[Tenant, Tenant], call_id: str) -> None:
    acme, globex = tenants
    async with acme.caller() as ann, globex.caller() as other:
        await ann.join(call_id)
        await other.join(call_id)
        await ann.call("startCaptions")
        await ann.event("captionsState", on=True)
        recording = await ann.call("startRecording")
        await ann.event("recordingStarted")
        assert await code(other, "stopRecording", recordingId=recording["recordingId"]) == "not_found"
        mine = await other.call("startRecording")
        assert mine["recordingId"] != recording["recordingId"]
        started = await other.event("recordingStarted")
        assert started["recording"]["recordingId"] == mine["recordingId"]
        assert other.events("captionsState") == []
        assert [one["recording"]["recordingId"] for one in ann.events("recordingStarted")] == [recording["recordingId"]]
        await ann.call("stopRecording", recordingId=recording["recordingId"])
        await other.call("stopRecording", recordingId=mine["recordingId"])


async def test_recordings_over_http(tenants: tuple[Tenant, Tenant], call_id: str) -> None:
    acme, globex = tenants
    async with acme.caller() as ann:
        await ann.join(call_id)
        own, foreign = API_KEYS["acme"], API_KEYS["globex"]
        _, started, _ = await acme.ask("POST", "/recordings", bearer=own, json={"callId": call_id}, status=201)
        path = f"/recordings/{started['recordingId']}"
        for who in (foreign, token("globex"), token("globex", grants=Grants(admin=True))):
            for method, rest in (("GET", ""), ("POST", "/stop"), ("POST", "/ticket"), ("DELETE", "")):
                assert (await globex.ask(method, path + rest, bearer=who))[0] == 404, (method, rest)
            assert (await globex.ask("POST", f"{path}/compositions", bearer=who, json={}))[0] == 404
            assert (await globex.ask("GET", f"{path}/files/manifest.json", bearer=who))[0] == 404
            _, listed, _ = await globex.ask("GET", "/recordings", params={"callId": call_id}, bearer=who)
            assert listed["recordings"] == []
        _, listed, _ = await acme.ask("GET", "/recordings", bearer=own, status=200)
        assert started["recordingId"] in [one["recordingId"] for one in listed["recordings"]]
        await acme.ask("POST", f"{path}/stop", bearer=own, status=200)
        _, ticket, _ = await acme.ask("POST", f"{path}/ticket", bearer=own, status=201)
        async with asyncio.timeout(60):
            while (await acme.ask("GET", path, bearer=own))[1]["recording"]["state"] != "finished":
                await asyncio.sleep(0.1)
        # A ticket is for whoever has it.
        shown = {"ticket": ticket["ticket"]}
        assert (await globex.ask("GET", f"{path}/files/manifest.json", params=shown))[0] == 200
        # One that was made with a token ends with it.
        user = f"viewer of {call_id}"
        _, made, _ = await acme.ask("POST", f"{path}/ticket", bearer=token("acme", user), status=201)
        by_user = {"ticket": made["ticket"]}
        assert (await globex.ask("GET", f"{path}/files/manifest.json", params=by_user))[0] == 200
        await acme.ask("POST", "/revocations", bearer=own, json={"userId": user}, status=201)
        async with asyncio.timeout(20):
            while (await globex.ask("GET", f"{path}/files/manifest.json", params=by_user))[0] != 401:
                await asyncio.sleep(0.05)
        assert (await globex.ask("GET", f"{path}/files/manifest.json", params=shown))[0] == 200


@pytest.mark.parametrize(
    ("protocol", "offer"), [("whip", "ffmpeg-9-baseline.sdp"), ("whep", "chromium-156-recvonly.sdp")]
)
async def test_whip_and_whep(tenants: tuple[Tenant, Tenant], call_id: str, protocol: str, offer: str) -> None:
    acme, globex = tenants
    path = f"/{protocol}/{quote(call_id)}"
    async with globex.caller("bob") as other, acme.caller("bob") as bob:
        await other.join(call_id)
        await bob.join(call_id)
        grants = EVERYTHING if protocol == "whip" else VIEWER
        body = (OFFERS / offer).read_bytes()
        own, foreign = token("acme", grants=grants), token("globex", grants=grants)
        _, _, created = await acme.ask("POST", path, bearer=own, data=body, headers=SDP, status=201)
        if protocol == "whip":
            await bob.event("peerJoined", userId="ann")
            assert other.events("peerJoined") == []
        for method in ("GET", "DELETE"):
            assert (await globex.ask(method, created["Location"], bearer=foreign))[0] == 404
        assert (await acme.ask("DELETE", created["Location"], bearer=own))[0] == 200


async def test_calls(tenants: tuple[Tenant, Tenant]) -> None:
    acme, globex = tenants
    user = ids.mint()
    async with AsyncExitStack() as stack:
        bob, other = [await stack.enter_async_context(each.device(user)) for each in tenants]
        _, call, _ = await acme.ask("POST", "/calls", json={"participants": [user]}, status=201)
        await bob.event("incomingCall")
        path = f"/calls/{call['callId']}"
        for who in (token("globex", user), token("globex"), API_KEYS["globex"]):
            for method, rest in (("GET", ""), ("POST", "/join"), ("POST", "/leave"), ("POST", "/end")):
                headers = {"X-User-Id": user}
                status, body, _ = await globex.ask(method, path + rest, bearer=who, headers=headers)
                assert status == 404, (method, rest, body)
            assert (await globex.ask("GET", f"{path}/participants", bearer=who, headers={"X-User-Id": user}))[0] == 404
        for event in ("accept", "decline", "ignore", "cancel"):
            assert await code(other, event, callId=call["callId"]) == "not_found"
        # The other tenant's user of this name is free, and its call is another one.
        _, foreign, _ = await globex.ask("POST", "/calls", json={"participants": [user]}, status=201)
        await other.event("incomingCall")
        assert foreign["callId"] != call["callId"]
        assert [one["call"]["callId"] for one in other.events("incomingCall")] == [foreign["callId"]]
        assert [one["call"]["callId"] for one in bob.events("incomingCall")] == [call["callId"]]
        _, listed, _ = await globex.ask("GET", "/calls", bearer=token("globex", user))
        assert [one["callId"] for one in listed["calls"]] == [foreign["callId"]]
        await acme.ask("POST", f"{path}/end", status=200)
        _, listed, _ = await globex.ask("GET", "/calls", bearer=token("globex", user), params={"state": "ended"})
        assert listed["calls"] == []
        await globex.ask("POST", f"/calls/{foreign['callId']}/end", status=200)


async def test_groups_presence_and_messages(tenants: tuple[Tenant, Tenant]) -> None:
    acme, globex = tenants
    user, group = ids.mint(), ids.mint()
    body = {"participants": [], "groupId": group}
    _, call, _ = await acme.ask("POST", "/calls", json=body, status=201)
    _, foreign, _ = await globex.ask("POST", "/calls", json=body, status=201)
    assert call["callId"] != foreign["callId"]
    _, listed, _ = await globex.ask("GET", "/calls", params={"groupId": group})
    assert [one["callId"] for one in listed["calls"]] == [foreign["callId"]]
    async with acme.device(user) as bob, globex.device("ann") as other, acme.device("ann") as ann:
        # An instance that is slow to answer is not counted.
        async with asyncio.timeout(20):
            while await devices_of(acme, user) == 0:
                pass
        assert await devices_of(globex, user) == 0
        assert (await other.call("sendMessage", userIds=[user], data={"from": "other"}))["devices"] == 0
        await ann.call("sendMessage", userIds=[user], data={"from": "ann"})
        await bob.event("message", data={"from": "ann"})
        assert len(bob.events("message")) == 1


async def devices_of(tenant: Tenant, user: str) -> int:
    """How many devices of the user the tenant sees."""
    _, presence, _ = await tenant.ask("GET", "/presence", params={"userId": user})
    devices: int = presence["users"][0]["devices"]
    return devices


async def test_tokens_and_revocations(tenants: tuple[Tenant, Tenant], call_id: str) -> None:
    acme, globex = tenants
    user = ids.mint()
    body = {"userId": user, "grants": {"rooms": ["*"], "join": True}}
    _, created, _ = await globex.ask("POST", "/tokens", bearer=API_KEYS["globex"], json=body, status=201)
    async with (
        acme.caller(user) as own,
        Caller(acme.url, auth={"token": created["token"]}) as foreign,
    ):
        await own.join(call_id)
        assert (await foreign.join(call_id))["peers"] == []
        key = API_KEYS["globex"]
        soon = {"userId": user, "notBefore": round(time.time() * 1000) + 1000}
        await globex.ask("POST", "/revocations", bearer=key, json=soon, status=201)
        await foreign.wait_closed()
        assert not own.is_closed
    for path in ("/stats", "/metrics", "/nodes"):
        for bearer in (API_KEYS["acme"], token("acme", grants=Grants(admin=True))):
            assert (await acme.ask("GET", path, bearer=bearer))[0] == 403
    for bearer in (API_KEYS["acme"], token("acme", grants=Grants(admin=True))):
        assert (await acme.ask("POST", "/nodes/node-1/drain", bearer=bearer))[0] == 403


async def test_a_ban_concerns_the_user_of_one_tenant(tenants: tuple[Tenant, Tenant], call_id: str) -> None:
    acme, globex = tenants
    user = ids.mint()
    async with acme.caller(user) as banned, globex.caller(user) as namesake:
        await banned.join(call_id)
        await namesake.join(call_id)
        path = f"/rooms/{quote(call_id)}/peers/{banned.peer_id}"
        await acme.ask("DELETE", path, bearer=API_KEYS["acme"], params={"ban": "true"}, status=200)
        assert (await banned.event("roomClosed"))["reason"] == "banned"
        assert (await namesake.call("getProducers"))["producers"] == []
        async with acme.caller(user) as again, globex.caller(user) as other:
            async with asyncio.timeout(20):  # its token is revoked a moment after it was removed
                while await code(again, "createRoom", callId=call_id) != "not_allowed":
                    await asyncio.sleep(0.05)
            assert await code(other, "createRoom", callId=call_id) is None


async def test_rooms_over_http(tenants: tuple[Tenant, Tenant], call_id: str) -> None:
    acme, globex = tenants
    for tenant, limit in ((acme, 3), (globex, 5)):
        await tenant.ask(
            "POST", "/rooms", bearer=API_KEYS[tenant.name], status=201, json={"callId": call_id, "maxPeers": limit}
        )
    for tenant, limit in ((acme, 3), (globex, 5)):
        key = API_KEYS[tenant.name]
        _, found, _ = await tenant.ask("GET", f"/rooms/{quote(call_id)}", bearer=key)
        assert found["maxPeers"] == limit
        _, listed, _ = await tenant.ask("GET", "/rooms?limit=100", bearer=key)
        assert [room["maxPeers"] for room in listed["rooms"] if room["callId"] == call_id] == [limit]
    await acme.ask("DELETE", f"/rooms/{quote(call_id)}", bearer=API_KEYS["acme"], status=200)
    await globex.ask("GET", f"/rooms/{quote(call_id)}", bearer=API_KEYS["globex"], status=200)


async def test_webhooks_are_managed_by_their_tenant(tenants: tuple[Tenant, Tenant]) -> None:
    acme, globex = tenants
    _, created, _ = await acme.ask(
        "POST", "/webhooks", bearer=API_KEYS["acme"], status=201, json={"url": "https://app.example/"}
    )
    path = f"/webhooks/{created['webhookId']}"
    _, listed, _ = await globex.ask("GET", "/webhooks", bearer=API_KEYS["globex"])
    assert listed == {"webhooks": []}
    await globex.ask("DELETE", path, bearer=API_KEYS["globex"], status=404)
    await globex.ask("GET", f"{path}/dead-letters", bearer=API_KEYS["globex"], status=404)
    await acme.ask("DELETE", path, bearer=API_KEYS["acme"], status=200)

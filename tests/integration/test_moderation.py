"""Moderation in a running installation: hostile clients, other instances, moved rooms, and the lobby."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from hubbub_access import Grants, KeySet, issue
from hubbub_access.key_set import new_secret
from hubbub_client import Call, CallError
from hubbub_contracts import ids
from support.bus_client import bus_client
from support.caller import Caller, Consumer, rtp_capabilities
from support.client_socket import ClientSocket, Refused
from support.installation import Installation
from support.python_sdk import participant_of, publication_of, until
from support.rebuild_media import wait_moved
from support.tracks import ToneTrack

SECRET = b"s" * 32
MEMBER = Grants(rooms=("team/*",), join=True, publish=True, subscribe=True)
HOST = MEMBER.model_copy(update={"moderate": True})


def token(user: str, grants: Grants) -> str:
    key = KeySet.parse(json.dumps(new_secret("key", "app", SECRET))).signing_key
    assert key is not None
    return issue(key, user, grants, audience="hubbub", now=time.time(), lifetime=600, token_id=ids.mint())


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Two of everything, with access tokens. Clients that know no lobby wait in one for twelve seconds."""
    directory = tmp_path_factory.mktemp("moderation")
    keys = directory / "keys.json"
    keys.write_text(json.dumps(new_secret("key", "app", SECRET)))
    environment = {"AUTH": "on", "ACCESS_KEYS": str(keys), "LOBBY_TIMEOUT": "12"}
    with Installation(directory, registries=2, signalings=2, environment=environment) as running:
        yield running


@pytest.fixture
def room(call_id: str) -> str:
    """A room of the tests."""
    return f"team/{call_id[-40:]}"


def member(installation: Installation, user: str, grants: Grants = MEMBER, *, instance: int = 0) -> Caller:
    return Caller(installation.urls[instance], auth={"token": token(user, grants)})


@pytest.fixture
async def host(guarded: Installation, room: str) -> AsyncIterator[Caller]:
    """A moderator, in the room by the second signaling instance."""
    async with member(guarded, "host", HOST, instance=1) as host:
        await host.join(room)
        yield host


async def code(socket: ClientSocket, event: str, **payload: Any) -> str | None:
    """The error code; None: it succeeded."""
    try:
        await socket.call(event, **payload)
    except Refused as refused:
        return refused.code
    return None


async def wait_join(client: ClientSocket, expected: str | None, join: dict[str, Any]) -> None:
    """Joins until this is the outcome. The instance may hear of a decision a moment later. Raises TimeoutError."""
    async with asyncio.timeout(20):
        while await code(client, "joinRoom", **join) != expected:
            await asyncio.sleep(0.05)


async def test_a_hostile_client_cannot_evade_a_mute(guarded: Installation, room: str, host: Caller) -> None:
    async with member(guarded, "eve") as eve:
        await eve.join(room)
        first = await eve.publish("audio")
        heard = await host.consume(first)
        await heard.wait_packets()
        await host.call("mutePeer", peerId=eve.peer_id, source="microphone")
        await eve.event("peerMuted", peerId=eve.peer_id, source="microphone", muted=True)
        await heard.wait_silent()
        await host.event("producerPaused", producerId=first)
        assert await code(eve, "resumeProducer", producerId=first) == "muted"
        # It does not help to send another track, or to call it differently.
        names: list[dict[str, Any]] = [{}, {"appData": {"source": "other"}}, {"source": "microphone"}]
        for name in names:
            second = await eve.publish("audio", **name)
            await host.event("newProducer", producerId=second)
            (listed,) = [one for one in await producers(host) if one["producerId"] == second]
            assert listed["paused"]
            await (await host.consume(second)).wait_silent()
        await heard.wait_silent()
    # Nor to come back, by another instance.
    async with member(guarded, "eve", instance=1) as again:
        joined = await again.join(room)
        assert joined["moderation"]["muted"] == ["microphone"]
        third = await again.publish("audio")
        heard = await host.consume(third)
        await heard.wait_silent()
        await host.call("unmutePeer", peerId=again.peer_id, source="microphone")
        await again.event("unmuteRequested", source="microphone", askedBy="host")
        await heard.wait_silent()  # nobody else switches a microphone on
        await again.call("resumeProducer", producerId=third)
        await heard.wait_packets()


async def producers(caller: Caller) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = (await caller.call("getProducers"))["producers"]
    return listed


@asynccontextmanager
async def heard_without_signaling(
    installation: Installation, call_id: str
) -> AsyncIterator[tuple[Caller, Caller, Consumer]]:
    """A moderator, and somebody who is heard although the signaling instance of that peer is dead."""
    first, second = installation.urls
    async with Caller(second) as host, Caller(first) as eve:
        await host.join(call_id, userId="host")
        await eve.join(call_id, userId="eve", resumable=True)
        heard = await host.consume(await eve.publish("audio"))
        await heard.wait_packets()
        await asyncio.to_thread(installation.signaling[0].kill)
        await heard.wait_packets()
        yield host, eve, heard


@pytest.mark.parametrize("fresh_installation", [{"signalings": 2, "reconnect_grace": 20}], indirect=True)
async def test_a_mute_holds_without_the_signaling_of_the_muted(fresh_installation: Installation, call_id: str) -> None:
    async with heard_without_signaling(fresh_installation, call_id) as (host, eve, heard):
        await host.call("mutePeer", peerId=eve.peer_id, source="microphone")
        await heard.wait_silent()
        async with Caller(host.url) as again:
            resumed = await again.call("resume", resumeToken=eve.resume_token)
            again.take_over_media(eve)
            assert resumed["moderation"]["muted"] == ["microphone"]
            assert [(one["producerId"], one["paused"]) for one in resumed["producers"]] == [(heard.producer_id, True)]
            assert await code(again, "resumeProducer", producerId=heard.producer_id) == "muted"


@pytest.mark.parametrize("fresh_installation", [{"signalings": 2, "reconnect_grace": 20}], indirect=True)
async def test_a_listener_is_silent_without_its_signaling(fresh_installation: Installation, call_id: str) -> None:
    async with heard_without_signaling(fresh_installation, call_id) as (host, eve, heard):
        await host.call("setRole", peerId=eve.peer_id, role="listener")
        await heard.wait_silent()
        await host.event("producerPaused", producerId=heard.producer_id)
        async with Caller(host.url) as again:
            await again.call("resume", resumeToken=eve.resume_token)
            again.take_over_media(eve)
            await again.event("producerClosed", producerId=heard.producer_id, reason="not_allowed")
            assert await code(again, "resumeProducer", producerId=heard.producer_id) is not None


@pytest.mark.parametrize("fresh_installation", [{"nodes": 2}], indirect=True)
async def test_a_mute_moves_with_the_room(fresh_installation: Installation, call_id: str) -> None:
    url = fresh_installation.url
    async with Caller(url) as host, Caller(url) as eve, bus_client(fresh_installation) as client:
        await host.join(call_id, userId="host")
        await eve.join(call_id, userId="eve")
        await eve.publish("audio")
        await host.call("mutePeer", peerId=eve.peer_id, source="microphone")
        await eve.event("peerMuted", muted=True)
        home = await client.placement(call_id, eve.peer_id)
        await asyncio.to_thread(next(node for node in fresh_installation.nodes if node.name == home.node_id).kill)
        await wait_moved(eve, within=30)
        await eve.end_media()
        await host.end_media()
        producer_id = await eve.publish("audio")
        await (await host.consume(producer_id)).wait_silent()
        await host.call("unmutePeer", peerId=eve.peer_id, source="microphone")
        await eve.event("unmuteRequested")
        await eve.call("resumeProducer", producerId=producer_id)


async def test_a_stopped_screen_is_closed_and_may_start_again(guarded: Installation, room: str, host: Caller) -> None:
    """docs/closures.md, row 31."""
    async with member(guarded, "ann") as ann:
        await ann.join(room)
        screen = await ann.publish("video", source="screen")
        await host.event("newProducer", producerId=screen, source="screen")
        await host.call("stopPeerSource", peerId=ann.peer_id, source="screen")
        await ann.event("producerClosed", producerId=screen, reason="stopped_by_moderator")
        await host.event("producerClosed", producerId=screen)
        again = await ann.publish("video", source="screen")
        await host.event("newProducer", producerId=again)


async def test_who_is_banned_is_out_until_the_room_ends(guarded: Installation, room: str, host: Caller) -> None:
    """docs/closures.md, row 30."""
    async with member(guarded, "eve") as eve, member(guarded, "eve", instance=1) as tab, member(guarded, "ann") as ann:
        await eve.join(room, resumable=True)
        await tab.join(room)
        await ann.join(room)
        await host.call("removePeer", peerId=eve.peer_id, ban=True)
        for client in (eve, tab):
            await client.event("roomClosed", reason="banned")
            await ann.event("peerLeft", peerId=client.peer_id, reason="banned")
        join = {"callId": room, "userId": "eve", "rtpCapabilities": rtp_capabilities()}
        for client in (eve, tab):  # the token is revoked in this room
            await wait_join(client, "not_allowed", join)
        assert await code(eve, "resume", resumeToken=eve.resume_token) == "not_allowed"
        await asyncio.sleep(1)  # `iat` has seconds
        async with member(guarded, "eve") as renewed:
            assert await code(renewed, "joinRoom", **join) == "banned"
            await host.call("closeRoom")
            await ann.event("roomClosed", reason="closed")
            assert (await renewed.join(room))["peers"] == []


async def test_who_is_removed_may_come_back(guarded: Installation, room: str, host: Caller) -> None:
    async with member(guarded, "ann") as ann:
        await ann.join(room)
        await host.call("removePeer", peerId=ann.peer_id)
        await ann.event("roomClosed", reason="removed")
        await host.event("peerLeft", peerId=ann.peer_id, reason="kicked")
        await ann.join(room)


async def test_a_locked_room_takes_back_who_resumes(guarded: Installation, room: str, host: Caller) -> None:
    async with member(guarded, "ann") as ann, member(guarded, "bob") as bob:
        await ann.join(room, resumable=True)
        await host.call("lockRoom")
        await ann.event("roomAccessChanged", locked=True, lobby=False)
        join = {"callId": room, "userId": "bob", "rtpCapabilities": rtp_capabilities()}
        assert await code(bob, "joinRoom", **join) == "room_locked"
        await ann.cut()
        async with member(guarded, "ann", instance=1) as again, member(guarded, "boss", HOST) as boss:
            assert (await again.call("resume", resumeToken=ann.resume_token))["moderation"]["locked"]
            await boss.join(room)
            await host.call("lockRoom", locked=False)
            await again.event("roomAccessChanged", locked=False)
            await bob.join(room)


async def test_a_lifted_ban_lets_the_same_token_in(guarded: Installation, room: str, host: Caller) -> None:
    shown = {"token": token("eve", MEMBER)}
    admin = {"Authorization": f"Bearer {token('server', Grants(admin=True))}"}
    async with Caller(guarded.urls[0], auth=shown) as eve, aiohttp.ClientSession(guarded.urls[0]) as http:
        await eve.join(room)
        await asyncio.sleep(1)  # `iat` has seconds
        await host.call("removePeer", peerId=eve.peer_id, ban=True)
        await eve.event("roomClosed", reason="banned")
        join = {"callId": room, "userId": "eve", "rtpCapabilities": rtp_capabilities()}
        await wait_join(eve, "not_allowed", join)  # its token was revoked
        path = f"/rooms/~{ids.room_id(room)}/bans"
        async with http.delete(path, params={"userId": "eve"}, headers=admin) as answer:
            assert answer.status == 200, await answer.text()
        await wait_join(eve, None, join)


async def test_only_moderators_moderate(guarded: Installation, room: str, host: Caller) -> None:
    async with member(guarded, "ann") as ann:
        await ann.join(room)
        for event, payload in (
            ("mutePeer", {"peerId": host.peer_id, "source": "microphone"}),
            ("removePeer", {"peerId": host.peer_id, "ban": True}),
            ("setRole", {"peerId": ann.peer_id, "role": "moderator"}),
            ("lowerHand", {"peerId": host.peer_id}),
            ("closeRoom", {}),
        ):
            assert await code(ann, event, **payload) == "not_allowed"
        await host.call("setRole", peerId=ann.peer_id, role="moderator")
        await ann.event("roleChanged", peerId=ann.peer_id, role="moderator")
        await ann.call("lockRoom", locked=False)
        await ann.call("setRole", peerId=ann.peer_id, role="listener")
        await ann.event("roleChanged", peerId=ann.peer_id, role="listener")
        assert await code(ann, "lockRoom") == "not_allowed"


async def test_a_listener_raises_its_hand_and_becomes_a_speaker(guarded: Installation, room: str, host: Caller) -> None:
    async with member(guarded, "ann") as ann:
        await ann.join(room)
        producer_id = await ann.publish("audio")
        await host.call("setRole", peerId=ann.peer_id, role="listener")
        await ann.event("producerClosed", producerId=producer_id, reason="not_allowed")
        await host.event("producerClosed", producerId=producer_id)
        with pytest.raises(Refused, match="not_allowed"):
            await ann.publish("audio")
        await ann.call("raiseHand")
        raised = await host.event("handRaised", peerId=ann.peer_id)
        assert raised["raisedAt"] > 0
        await host.call("setRole", peerId=ann.peer_id, role="speaker")
        await ann.event("roleChanged", role="speaker")
        again = await ann.publish("audio")
        await host.event("newProducer", producerId=again)
        await host.call("lowerHand", peerId=ann.peer_id)
        await ann.event("handLowered", peerId=ann.peer_id)


async def test_an_original_client_is_answered_when_it_is_admitted(
    guarded: Installation, room: str, host: Caller
) -> None:
    await host.call("setLobby", enabled=True)
    async with member(guarded, "ann") as ann, member(guarded, "bob") as bob, member(guarded, "cid") as cid:
        joins = [asyncio.ensure_future(caller.join(room)) for caller in (ann, bob, cid)]
        peers = {}
        for user in ("ann", "bob", "cid"):
            peers[user] = (await lobby_peer(host, user))["peerId"]
        await host.call("admitPeer", peerId=peers["ann"])
        assert [peer["userId"] for peer in (await joins[0])["peers"]] == ["host"]
        await host.event("peerJoined", userId="ann")
        await host.call("refusePeer", peerId=peers["bob"])
        for join in joins[1:]:  # Cid waits until nobody has decided
            with pytest.raises(Refused, match="not_admitted"):
                await join
        await host.event("lobbyPeerLeft", peerId=peers["cid"], admitted=False)
        producer_id = await ann.publish("audio")
        await (await host.consume(producer_id)).wait_packets()


async def lobby_peer(host: Caller, user: str) -> dict[str, Any]:
    """Waits until the user is in the lobby."""
    async with asyncio.timeout(20):
        while True:
            for push in host.events("lobbyPeerJoined"):
                if push["peer"]["userId"] == user:
                    peer: dict[str, Any] = push["peer"]
                    return peer
            await host.wait_for_more()


async def test_who_waits_survives_a_lost_socket_and_sees_nothing(
    guarded: Installation, room: str, host: Caller
) -> None:
    await host.call("setLobby", enabled=True)
    async with member(guarded, "ann") as ann:
        joined = await ann.join(room, resumable=True, features=["lobby"])
        assert (joined["waiting"], joined["peers"]) == (True, [])
        assert await code(ann, "getProducers") == "invalid_state"
        await host.publish("audio")
        await ann.cut()
        async with member(guarded, "ann", instance=1) as again:
            resumed = await again.call("resume", resumeToken=ann.resume_token)
            assert (resumed["waiting"], resumed["peers"]) == (True, [])
            await host.call("admitPeer", peerId=ann.peer_id)
            admitted = await again.event("admitted")
            (peer,) = admitted["room"]["peers"]
            assert (peer["userId"], len(peer["producers"])) == ("host", 1)
            assert again.events("newProducer") == []


async def test_the_python_sdk_moderates_and_is_moderated(guarded: Installation, room: str) -> None:
    def call(name: str, grants: Grants) -> Call:
        async def fresh() -> str:
            return token(name, grants)

        return Call(guarded.url, room, name, token=fresh)

    async with call("Host", HOST) as host:
        await host.moderation.set_lobby(True)
        ann = call("Ann", MEMBER)
        joining = asyncio.ensure_future(ann.join())
        await until(lambda: ann.state == "waiting")
        (waits,) = await until(lambda: host.moderation.waiting)
        await host.moderation.admit(waits)
        await joining
        await ann.local.publish(ToneTrack(), "microphone")
        microphone = await publication_of(host, "Ann", "microphone")
        guest = participant_of(host, "Ann")
        assert guest is not None
        asked: list[tuple[str, str | None]] = []
        ann.moderation.on("unmute_requested", lambda source, by: asked.append((source, by)))
        await host.moderation.mute(guest, "microphone")
        await until(lambda: microphone.muted and ann.local.publications["microphone"].muted)
        with pytest.raises(CallError, match="muted"):
            await ann.local.set_muted("microphone", False)
        await host.moderation.unmute(guest, "microphone")
        await until(lambda: asked)
        assert microphone.muted
        await ann.local.set_muted("microphone", False)
        await until(lambda: not microphone.muted)
        await ann.moderation.raise_hand()
        await until(lambda: guest.hand_raised_at)
        await host.moderation.set_role(guest, "listener")
        await until(lambda: not ann.local.publications and ann.local.role == "listener")
        await host.moderation.remove(guest, ban=True)
        ended = await ann.wait_ended()
        assert (ended.reason, ended.error and ended.error.code) == ("removed", "banned")
        with pytest.raises(CallError, match=r"banned|not_allowed"):
            await call("Ann", MEMBER).join()

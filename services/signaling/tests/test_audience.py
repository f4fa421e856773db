"""An audience of clients: counted, not listed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hubbub_access import Grants
from hubbub_contracts import ids
from hubbub_contracts.bus.moderation_records import Moderation
from hubbub_contracts.bus.peer import ClaimPeer, JoinRoom
from hubbub_contracts.bus.records import PeerRecord
from hubbub_contracts.bus.room import GetRoom, RoomSnapshot
from hubbub_contracts.types import PeerRole
from hubbub_room import PeerChanged
from hubbub_signaling.domain.client_kind import PUBLISHER, SOCKET, VIEWER, ClientKind, joining_role
from hubbub_signaling.domain.room_view import RoomView
from hubbub_signaling.handlers import rooms
from support.signaling_fakes import OTHER_NODE, SENDS, FakeClient, SignalingRig, code, peer_record

JOIN = {"callId": "call", "userId": "ann", "rtpCapabilities": {"codecs": []}, "audience": True}


def watcher(peer_id: str) -> PeerRecord:
    return peer_record(peer_id).model_copy(update={"role": "audience"})


def counts(client: FakeClient) -> list[int]:
    return [body["count"] for event, body in client.socket.sent if event == "audienceChanged"]


async def watching(rig: SignalingRig, **payload: Any) -> tuple[FakeClient, dict[str, Any]]:
    client = rig.client()
    answer = await client.ask("joinRoom", {**JOIN, **payload})
    return client, answer


@pytest.mark.parametrize(
    ("kind", "hidden", "audience", "role"),
    [
        (SOCKET, False, False, "participant"),
        (SOCKET, False, True, "audience"),
        (SOCKET, True, True, "viewer"),
        (SOCKET, True, False, "viewer"),
        (VIEWER, False, False, "viewer"),
        (PUBLISHER, False, False, "participant"),
    ],
)
def test_the_role_of_a_join(kind: ClientKind, hidden: bool, audience: bool, role: PeerRole) -> None:
    assert joining_role(kind, Grants(join=True, hidden=hidden), audience=audience) == role


async def test_the_registry_is_told_that_a_client_only_watches() -> None:
    rig = SignalingRig()
    await watching(rig)
    [join] = [one for one in rig.backend.registry_requests if isinstance(one, JoinRoom)]
    assert (join.role, join.may_wait) == ("audience", True)


async def test_the_answer_to_a_join_contains_the_number_and_nobody_of_it() -> None:
    rig = SignalingRig()
    rig.backend.peers |= {each: watcher(each) for each in ("one", "two")} | {"bob": peer_record("bob", "microphone")}
    client, answer = await watching(rig)
    assert answer["audience"] == 3
    assert [peer["peerId"] for peer in answer["peers"]] == ["bob"]
    producers = await client.ask("getProducers")
    assert [one["peerId"] for one in producers["producers"]] == ["bob"], "it receives as the others do"


async def test_a_participant_hears_only_the_number() -> None:
    rig = SignalingRig()
    client = await rig.joined()
    rig.backend.change_peer("one", watcher("one"))
    rig.backend.update_peer("one", connection_state="disconnected")
    rig.backend.update_peer("one", room_role="speaker")
    rig.backend.change_peer("one", None, "left")
    await asyncio.sleep(5)
    assert client.socket.sent == [("audienceChanged", {"count": 1}), ("audienceChanged", {"count": 0})]


async def test_many_changes_are_told_at_the_end_of_the_period() -> None:
    rig = SignalingRig()
    client = await rig.joined()
    for number in range(150):
        rig.backend.change_peer(f"{number}", watcher(f"{number}"))
    assert counts(client) == [1]
    await asyncio.sleep(9.9)
    assert counts(client) == [1]
    await asyncio.sleep(0.2)
    assert counts(client) == [1, 150]
    await asyncio.sleep(100)
    assert counts(client) == [1, 150]


async def test_a_number_that_changes_back_is_told() -> None:
    """A client that joins in between is answered with the other number."""
    rig = SignalingRig()
    client = await rig.joined()
    rig.backend.change_peer("one", watcher("one"))
    rig.backend.change_peer("two", watcher("two"))
    between, answer = await watching(rig)
    assert answer["audience"] == 3
    rig.backend.change_peer("two", None, "left")
    rig.backend.change_peer("one", None, "left")
    rig.backend.change_peer("three", watcher("three"))
    await asyncio.sleep(2)
    assert counts(client)[-1] == counts(between)[-1] == 2


async def test_a_snapshot_after_a_gap_corrects_the_number() -> None:
    rig = SignalingRig()
    client = await rig.joined()
    rig.backend.change_peer("one", watcher("one"))
    await asyncio.sleep(2)
    hub = client.session.membership.hub if client.session.membership else None
    assert hub is not None
    peers = [rig.backend.peers[client.peer_id], watcher("two"), watcher("three")]
    hub.replica.adopt(RoomSnapshot(room=rig.backend.room, peers=peers, revision=rig.backend.revision + 5))
    assert counts(client) == [1, 2]


async def test_one_in_the_audience_may_not_produce() -> None:
    rig = SignalingRig()
    client, _ = await watching(rig)
    client.session.resources.transports["up"] = SENDS
    payload = {"transportId": "up", "kind": "audio", "rtpParameters": {"codecs": []}}
    answer = await client.ask("produce", payload)
    assert code(answer) == "not_allowed"
    assert "audience" in answer["error"]["message"]
    assert code(await client.ask("produce", {**payload, "replaces": "p"})) == "not_allowed"
    assert rig.backend.node_requests == []


async def test_what_happens_to_one_in_the_audience_reaches_its_client() -> None:
    rig = SignalingRig()
    client, _ = await watching(rig)
    other = await rig.joined()
    client.socket.sent.clear()
    rig.backend.update_peer(client.peer_id, placement=OTHER_NODE)
    rig.backend.change_peer("bob", peer_record("bob"))
    assert client.socket.pushes() == ["peerMoved", "peerJoined"]
    assert other.socket.pushes() == ["peerJoined"]
    rig.backend.change_peer(client.peer_id, None, "kicked")
    assert ("roomClosed", {"reason": "removed"}) in client.socket.sent


async def test_a_moderator_sees_that_one_in_the_lobby_was_admitted_to_the_audience() -> None:
    rig = SignalingRig()
    moderator = await rig.joined()
    waiting = watcher("one").model_copy(update={"role": "waiting", "admit_as": "audience"})
    rig.backend.change_peer("one", waiting)
    rig.backend.update_peer("one", role="audience", admitted=True)
    assert moderator.socket.pushes() == ["lobbyPeerJoined", "lobbyPeerLeft", "audienceChanged"]


async def test_a_resumed_client_is_answered_with_the_number() -> None:
    rig = SignalingRig()
    client, joined = await watching(rig, resumable=True)
    rig.backend.change_peer("one", watcher("one"))
    peer_id = client.peer_id
    client.session.client.close()

    async def claim(message: Any) -> RoomSnapshot:
        rig.backend.update_peer(peer_id, claim_id=message.claim_id, signaling_id=message.signaling_id)
        return rig.backend.snapshot()

    rig.backend.answers[ClaimPeer] = claim
    again = rig.client()
    resumed = await again.ask("resume", {"resumeToken": joined["resumeToken"]})
    assert resumed["audience"] == 2


async def test_one_in_the_audience_waits_in_a_lobby_and_is_admitted() -> None:
    rig = SignalingRig()
    rig.backend.room = rig.backend.room.model_copy(update={"moderation": Moderation(lobby=True)})
    rig.backend.peers["one"] = watcher("one")
    client, answer = await watching(rig, features=["lobby"])
    assert (answer["waiting"], answer["audience"]) == (True, 0)
    rig.backend.change_peer("two", watcher("two"))
    assert counts(client) == []
    client.socket.sent.clear()
    rig.backend.update_peer(client.peer_id, role="audience", admitted=True)
    ((event, body), *_) = client.socket.sent
    assert (event, body["room"]["audience"]) == ("admitted", 3)


async def test_one_who_is_sent_to_the_lobby_while_it_joins_is_not_counted_meanwhile() -> None:
    view = RoomView()
    view.apply(PeerChanged(1, "one", watcher("one"), ""))
    assert view.audience == 1
    view.apply(PeerChanged(2, "one", watcher("one").model_copy(update={"role": "waiting"}), ""))
    assert view.audience == 0
    view.apply(PeerChanged(3, "one", watcher("one"), ""))
    assert view.audience == 1
    view.remove()
    assert view.audience == 0


async def test_the_http_api_counts_an_audience_and_lists_nobody_of_it() -> None:
    rig = SignalingRig()
    rig.backend.peers |= {"one": watcher("one"), "bob": peer_record("bob")}
    rig.backend.room = rig.backend.room.model_copy(update={"room_id": ids.room_id("call")})
    rig.backend.answers[GetRoom] = rig.backend.snapshot()
    info = await rooms.get(rig.backend, ids.room_id("call"))
    assert (info.participants, info.audience) == (1, 1)
    assert [peer.peer_id for peer in (await rooms.list_peers(rig.backend, ids.room_id("call"))).peers] == ["bob"]

"""A session in the lobby, of clients that know it and of those that do not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hubbub_contracts.bus.moderation_records import AssignedRole, Moderation
from hubbub_contracts.bus.peer import ClaimPeer, JoinRoom
from hubbub_signaling.domain.session_state import SessionState
from support.signaling_fakes import FakeClient, SignalingRig, code, peer_record

JOIN = {"callId": "call", "userId": "ann", "rtpCapabilities": {"codecs": []}}


@pytest.fixture
def rig() -> SignalingRig:
    """A room with a lobby, and Bob in it."""
    rig = SignalingRig()
    rig.backend.room = rig.backend.room.model_copy(update={"moderation": Moderation(lobby=True)})
    rig.backend.peers["bob"] = peer_record("bob", "microphone")
    return rig


async def waiting(rig: SignalingRig, *, resumable: bool = True) -> tuple[FakeClient, dict[str, Any]]:
    """A client that knows the lobby, and the answer to its join."""
    client = rig.client()
    answer = await client.ask("joinRoom", {**JOIN, "resumable": resumable, "features": ["lobby", "another"]})
    client.socket.sent.clear()
    return client, answer


async def knocking(rig: SignalingRig) -> tuple[FakeClient, asyncio.Future[dict[str, Any]]]:
    """A client that knows no lobby, and the answer to its join, which has not come yet."""
    client = rig.client()
    answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
    client.send("joinRoom", JOIN, answer.set_result)
    while not client.session.awaits_admission:
        await asyncio.sleep(0.01)
    return client, answer


def admit(rig: SignalingRig, peer_id: str) -> None:
    rig.backend.update_peer(peer_id, role="participant", admitted=True)


async def test_a_client_that_waits_learns_nothing_of_the_room(rig: SignalingRig) -> None:
    client, answer = await waiting(rig)
    assert (answer["waiting"], answer["peers"], answer["iceServers"]) == (True, [], [])
    assert "moderation" not in answer
    assert "resumeToken" in answer
    rig.backend.change_peer("carol", peer_record("carol"))
    rig.backend.moderate(Moderation(lobby=True, locked=True))
    assert client.socket.pushes() == []
    for event in ("createTransport", "getProducers", "raiseHand", "admitPeer"):
        payload = {"direction": "send", "peerId": client.peer_id}
        assert code(await client.ask(event, payload)) == "invalid_state"


async def test_an_admitted_client_gets_the_room(rig: SignalingRig) -> None:
    client, _ = await waiting(rig)
    admit(rig, client.peer_id)
    ((event, body),) = client.socket.sent
    assert event == "admitted"
    assert [peer["peerId"] for peer in body["room"]["peers"]] == ["bob"]
    assert body["room"]["moderation"]["lobby"]
    assert client.session.machine.state is SessionState.JOINED
    rig.backend.change_peer("carol", peer_record("carol"))
    assert client.socket.pushes() == ["admitted", "peerJoined"]


async def test_a_join_of_an_original_client_is_answered_when_it_is_admitted(rig: SignalingRig) -> None:
    client, answer = await knocking(rig)
    rig.backend.change_peer("carol", peer_record("carol"))
    admit(rig, client.peer_id)
    rig.backend.change_peer("dave", peer_record("dave"))
    joined = await answer
    assert [peer["peerId"] for peer in joined["peers"]] == ["bob", "carol", "dave"], "the answer contains everything"
    assert "waiting" not in joined or not joined["waiting"]
    assert client.socket.pushes() == []
    assert client.session.machine.state is SessionState.JOINED


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("refused", "not_admitted"), ("kicked", "not_admitted"), ("banned", "banned"), ("room_closed", "room_not_found")],
)
async def test_a_join_of_an_original_client_is_refused(rig: SignalingRig, reason: str, expected: str) -> None:
    client, answer = await knocking(rig)
    rig.backend.change_peer(client.peer_id, None, reason)
    assert code(await answer) == expected
    assert client.socket.pushes() == []
    assert client.session.machine.state is SessionState.LEFT
    assert rig.backend.departures() == []
    assert rig.manager.serving == 0
    rig.backend.moderate(Moderation())
    assert code(await client.join()) is None, "it may try again"


async def test_a_join_of_an_original_client_is_refused_after_a_time(rig: SignalingRig) -> None:
    client, answer = await knocking(rig)
    peer_id = client.peer_id
    began = asyncio.get_running_loop().time()
    assert code(await answer) == "not_admitted"
    assert asyncio.get_running_loop().time() - began == pytest.approx(rig.ports.settings.lobby_timeout, abs=1)
    await rig.ports.outbox.drain()
    assert rig.backend.departures() == [(peer_id, "left")]
    assert client.session.machine.state is SessionState.LEFT


async def test_a_refused_client_is_told(rig: SignalingRig) -> None:
    client, _ = await waiting(rig)
    rig.backend.change_peer(client.peer_id, None, "refused")
    assert client.socket.sent == [("roomClosed", {"reason": "refused"})]


@pytest.mark.parametrize("original", [True, False])
async def test_a_client_may_leave_the_lobby(rig: SignalingRig, original: bool) -> None:
    if original:
        client, answer = await knocking(rig)
        peer_id = client.peer_id
        assert code(await client.ask("leaveRoom")) is None
        assert code(await answer) == "cancelled"
    else:
        client, _ = await waiting(rig)
        peer_id = client.peer_id
        assert code(await client.ask("leaveRoom")) is None
    await rig.ports.outbox.drain()
    assert rig.backend.departures() == [(peer_id, "left")]


async def test_the_lobby_outlives_a_socket(rig: SignalingRig) -> None:
    former, answer = await waiting(rig)
    peer_id = former.peer_id
    await rig.manager.socket_lost(former.session, closed_by_client=False)
    assert rig.backend.departures() == []
    rig.backend.answers.clear()
    client = rig.client()
    waits = rig.backend.peers[peer_id]

    async def claim(message: Any) -> Any:
        rig.backend.peers[peer_id] = waits.model_copy(update={"claim_id": message.claim_id})
        rig.backend.revision += 1
        return rig.backend.snapshot()

    rig.backend.answers[ClaimPeer] = claim
    resumed = await client.ask("resume", {"resumeToken": answer["resumeToken"]})
    assert (resumed["waiting"], resumed["peers"]) == (True, [])
    admit(rig, peer_id)
    assert client.socket.pushes() == ["admitted"]


async def test_an_original_client_that_loses_its_socket_leaves_the_lobby(rig: SignalingRig) -> None:
    client = rig.client()
    client.send("joinRoom", {**JOIN, "resumable": True})
    while not client.session.awaits_admission:
        await asyncio.sleep(0.01)
    peer_id = client.peer_id
    await rig.manager.socket_lost(client.session, closed_by_client=False)
    await rig.ports.outbox.drain()
    assert rig.backend.departures() == [(peer_id, "disconnected")]


async def test_moderators_see_the_lobby_and_others_do_not() -> None:
    rig = SignalingRig()
    moderator, speaker = await rig.joined(), await rig.joined()
    rig.backend.update_peer(speaker.peer_id, user_id="sam")
    speaker_is = Moderation(lobby=True, roles=[AssignedRole(user_id="sam", role="speaker")])
    rig.backend.moderate(speaker_is)
    moderator.socket.sent.clear()
    speaker.socket.sent.clear()
    first, second = (peer_record(each).model_copy(update={"role": "waiting"}) for each in ("one", "two"))
    rig.backend.change_peer("one", first)
    rig.backend.change_peer("two", second)
    admit(rig, "one")
    rig.backend.change_peer("two", None, "refused")
    assert moderator.socket.pushes() == [
        "lobbyPeerJoined",
        "lobbyPeerJoined",
        "lobbyPeerLeft",
        "peerJoined",
        "lobbyPeerLeft",
    ]
    assert [body["admitted"] for event, body in moderator.socket.sent if event == "lobbyPeerLeft"] == [True, False]
    assert speaker.socket.pushes() == ["peerJoined"]
    rig.backend.change_peer("two", second)
    rig.backend.moderate(Moderation(lobby=True, roles=[AssignedRole(user_id="sam", role="moderator")]))
    assert speaker.socket.pushes() == ["peerJoined", "lobbyPeerJoined", "roleChanged"], "who becomes one sees it then"
    late = await rig.client().ask("joinRoom", {**JOIN, "features": ["lobby"]})
    assert late["waiting"]


async def test_the_join_of_a_moderator_lists_the_lobby() -> None:
    rig = SignalingRig()
    rig.backend.peers["one"] = peer_record("one").model_copy(update={"role": "waiting", "display_name": "One"})
    answer = await rig.client().join()
    assert [(each["peerId"], each["displayName"]) for each in answer["moderation"]["waiting"]] == [("one", "One")]
    assert answer["peers"] == []


async def test_only_a_verified_moderator_passes_the_lobby(rig: SignalingRig) -> None:
    await waiting(rig)
    (join,) = [each for each in rig.backend.registry_requests if isinstance(each, JoinRoom)]
    assert (join.exempt, join.may_wait, join.room_role) == (False, True, "moderator")

"""The sessions of an instance: the peers that they serve, and how they end."""

from __future__ import annotations

import asyncio

import pytest

from hubbub_contracts import ErrorCode, HubbubError, Model
from hubbub_contracts.bus.node import DescribePeer, PeerDescription, ProducerDescription
from hubbub_contracts.bus.peer import ClaimPeer, JoinRoom, LeaveRoom
from hubbub_contracts.bus.room import GetRoom
from hubbub_signaling.domain.media_silence import SENDER_SILENCE, SETTLE_DELAY
from hubbub_signaling.domain.session_state import SessionState
from hubbub_signaling.handlers.session_manager import DRAIN_TIMEOUT
from support.signaling_fakes import GRACE, SIGNALING_EPOCH, FakeClient, SignalingRig, code, peer_record, unavailable


def resume_token(client: FakeClient) -> dict[str, str]:
    """The payload that resumes this client's session."""
    membership = client.session.membership
    assert membership is not None
    return {"resumeToken": f"{membership.room_id}.{membership.peer_id}.{membership.resume_secret}"}


@pytest.mark.parametrize(
    ("resumable", "departed_at"), [pytest.param(True, GRACE, id="resumable"), pytest.param(False, 0.0, id="not")]
)
async def test_a_lost_socket_leads_to_a_departure(resumable: bool, departed_at: float) -> None:
    rig = SignalingRig()
    client = await rig.joined(resumable=resumable)
    peer_id = client.peer_id
    await rig.manager.socket_lost(client.session, closed_by_client=False)
    assert rig.manager.serving == (1 if resumable else 0)
    await asyncio.sleep(10 * GRACE)
    assert rig.backend.departures() == [(peer_id, "disconnected")]
    assert rig.backend.requested_at[-1] == departed_at
    assert rig.telemetry.departed == ["disconnected"]
    assert rig.manager.serving == 0
    assert client.session.machine.state is SessionState.CLOSED
    assert rig.backend.open_subscriptions() == 0


@pytest.mark.parametrize(
    ("closed_by_client", "departed_at"),
    [
        pytest.param(True, SETTLE_DELAY + SENDER_SILENCE, id="closed by the client"),
        pytest.param(False, GRACE, id="closed by this instance"),
    ],
)
async def test_silent_media_shortens_the_grace_period_of_a_client_that_closed_its_socket(
    closed_by_client: bool, departed_at: float
) -> None:
    rig = SignalingRig()
    client = await rig.joined(resumable=True)
    producer = ProducerDescription(producer_id="camera", transport_id="up", kind="video", paused=False)
    rig.backend.answers[DescribePeer] = PeerDescription(transports=[], producers=[producer], consumers=[])
    await rig.manager.socket_lost(client.session, closed_by_client=closed_by_client)
    await asyncio.sleep(10 * GRACE)
    assert len(rig.backend.departures()) == 1
    assert rig.backend.requested_at[-1] == pytest.approx(departed_at)


async def test_a_client_that_left_does_not_listen_to_the_room() -> None:
    rig = SignalingRig()
    staying, leaving = await rig.joined(), await rig.joined()
    assert staying.session.membership is not None
    await leaving.ask("leaveRoom")
    assert staying.session.membership.hub.listeners == {staying.session}


async def test_a_lost_socket_outside_a_room_closes_the_session_only() -> None:
    rig = SignalingRig()
    client = rig.client()
    await rig.manager.socket_lost(client.session, closed_by_client=True)
    await asyncio.sleep(10 * GRACE)
    assert client.session.machine.state is SessionState.CLOSED
    assert rig.backend.departures() == []


async def test_a_client_that_leaves_departs_at_once_and_its_lost_socket_adds_nothing() -> None:
    rig = SignalingRig()
    client = await rig.joined(resumable=True)
    peer_id = client.peer_id
    await client.ask("leaveRoom")
    assert rig.manager.serving == 0
    assert rig.backend.open_subscriptions() == 0
    await rig.manager.socket_lost(client.session, closed_by_client=True)
    await asyncio.sleep(10 * GRACE)
    assert rig.backend.departures() == [(peer_id, "left")]


async def test_a_departure_is_reported_although_the_socket_closes_while_leaving() -> None:
    rig = SignalingRig()
    client = await rig.joined()
    peer_id = client.peer_id
    rig.backend.media[peer_id].stop_delay = 1.0
    client.send("leaveRoom")
    await asyncio.sleep(0.5)
    await rig.manager.socket_lost(client.session, closed_by_client=True)
    await asyncio.sleep(10)
    assert rig.backend.departures() == [(peer_id, "left")]
    assert rig.backend.open_subscriptions() == 0


async def test_a_departure_is_reported_although_its_session_is_still_ending() -> None:
    rig = SignalingRig()
    client = await rig.joined()
    peer_id = client.peer_id
    rig.backend.media[peer_id].stop_delay = 1.0
    ending = asyncio.create_task(rig.manager.socket_lost(client.session, closed_by_client=True))
    await asyncio.sleep(0.5)
    ending.cancel()
    await asyncio.sleep(10)
    assert rig.backend.departures() == [(peer_id, "disconnected")]
    assert rig.backend.open_subscriptions() == 0


async def test_a_departure_carries_the_newest_claim_of_the_session() -> None:
    rig = SignalingRig()
    former, client = await rig.joined(resumable=True), rig.client()
    await client.ask("resume", resume_token(former))
    await client.ask("leaveRoom")
    await asyncio.sleep(1)
    join, claim, leave = rig.backend.registry_requests
    assert isinstance(join, JoinRoom)
    assert isinstance(claim, ClaimPeer)
    assert isinstance(leave, LeaveRoom)
    assert (join.signaling_epoch, claim.signaling_epoch) == (SIGNALING_EPOCH, SIGNALING_EPOCH)
    assert None not in (join.claim_id, claim.claim_id)
    assert join.claim_id != claim.claim_id == leave.claim_id


@pytest.mark.parametrize("socket_lost", [True, False])
async def test_a_resumed_session_replaces_the_former_one(socket_lost: bool) -> None:
    rig = SignalingRig()
    former, client = await rig.joined(resumable=True), rig.client()
    peer_id, token = former.peer_id, resume_token(former)
    if socket_lost:
        await rig.manager.socket_lost(former.session, closed_by_client=False)
    assert "error" not in await client.ask("resume", token)
    assert rig.manager.find(peer_id) is client.session.membership
    await asyncio.wait_for(rig.grace.drain(), 1)
    await asyncio.sleep(10 * GRACE)
    assert former.socket.closed
    assert former.session.machine.state is SessionState.CLOSED
    assert client.session.entered
    assert rig.manager.serving == 1
    assert rig.backend.departures() == []


async def test_a_resumed_session_has_the_rtp_capabilities_of_the_former_one() -> None:
    rig = SignalingRig()
    former, client = await rig.joined(resumable=True), rig.client()
    token = resume_token(former)
    await client.ask("resume", token | {"rtpCapabilities": {"codecs": [{"mimeType": "audio/other"}]}})
    assert client.session.membership is not None
    assert client.session.membership.rtp_capabilities == {"codecs": []}


@pytest.mark.parametrize(
    ("peers", "departs"),
    [
        pytest.param([peer_record("ann")], True, id="claimed by this instance, in a registry without claims"),
        pytest.param([peer_record("ann", signaling_id="another")], False, id="served by another instance"),
        pytest.param([peer_record("ann", claim_id="newer")], False, id="claimed again by this instance"),
        pytest.param([peer_record("bob")], False, id="removed"),
        pytest.param(None, False, id="room removed"),
    ],
)
async def test_a_peer_whose_claim_failed_is_not_left_without_a_session(
    peers: list[Model] | None, departs: bool
) -> None:
    rig = SignalingRig()
    rig.backend.answers[ClaimPeer] = HubbubError(ErrorCode.DEADLINE_EXCEEDED, "no answer")
    rig.backend.answers[GetRoom] = [
        unavailable(),
        HubbubError(ErrorCode.ROOM_NOT_FOUND, "no such room")
        if peers is None
        else rig.backend.snapshot().model_copy(update={"peers": peers}),
    ]
    answer = await rig.client().ask("resume", {"resumeToken": "room.ann.secret"})
    assert answer["error"]["code"] == "deadline_exceeded"
    await asyncio.sleep(GRACE - 1)
    assert rig.backend.departures() == []
    await asyncio.sleep(2)
    assert rig.backend.departures() == ([("ann", "disconnected")] if departs else [])


async def test_a_peer_whose_claim_succeeds_at_the_second_try_stays() -> None:
    rig = SignalingRig()
    rig.backend.peers["ann"] = peer_record("ann")
    rig.backend.answers[ClaimPeer] = [unavailable(), rig.backend.snapshot()]
    rig.backend.answers[GetRoom] = rig.backend.snapshot()
    client = rig.client()
    token = {"resumeToken": "room.ann.secret"}
    assert (await client.ask("resume", token))["error"]["code"] == "unavailable"
    assert "error" not in await client.ask("resume", token)
    await asyncio.sleep(10 * GRACE)
    assert rig.backend.departures() == []


async def test_a_refused_claim_is_not_reconciled() -> None:
    rig = SignalingRig()
    rig.backend.answers[ClaimPeer] = HubbubError(ErrorCode.NOT_ALLOWED, "wrong secret")
    await rig.client().ask("resume", {"resumeToken": "room.ann.secret"})
    await asyncio.sleep(10 * GRACE)
    assert [type(one) for one in rig.backend.registry_requests] == [ClaimPeer]


async def test_stop_removes_the_peers_that_cannot_be_resumed_elsewhere() -> None:
    rig = SignalingRig()
    clients = [await rig.joined(resumable=resumable) for resumable in (True, False, True)]
    await rig.manager.socket_lost(clients[2].session, closed_by_client=False)
    departing = clients[1].peer_id
    await rig.manager.stop()
    await rig.manager.drain()
    assert rig.backend.departures() == [(departing, "disconnected")]
    assert all(client.socket.closed for client in clients)
    assert rig.manager.serving == 0
    assert rig.backend.open_subscriptions() == 0
    await asyncio.sleep(10 * GRACE)
    assert len(rig.backend.departures()) == 1


async def test_stop_does_not_wait_long_for_an_unreachable_registry() -> None:
    rig = SignalingRig()
    await rig.joined()
    rig.backend.answers[LeaveRoom] = unavailable()
    began = asyncio.get_running_loop().time()
    await rig.manager.stop()
    await rig.manager.drain()
    assert asyncio.get_running_loop().time() - began == pytest.approx(DRAIN_TIMEOUT)


async def test_stop_ends_every_session_even_when_one_fails_to_close() -> None:
    rig = SignalingRig()
    clients = [await rig.joined() for _ in range(3)]

    async def fail() -> None:
        raise RuntimeError("a bug")

    rig.backend.media[clients[0].peer_id].stop = fail  # type: ignore[method-assign]
    await rig.manager.stop()
    await rig.manager.drain()
    assert len(rig.backend.departures()) == 3
    assert all(client.socket.closed for client in clients)
    assert rig.backend.open_feeds() == []


async def test_stop_does_not_wait_for_a_session_that_does_not_close() -> None:
    rig = SignalingRig()
    stuck, other = await rig.joined(), await rig.joined()
    rig.backend.media[stuck.peer_id].stop_delay = 1000.0
    await rig.manager.stop()
    assert other.socket.closed
    assert len(rig.backend.departures()) == 2


async def test_a_join_that_the_shutdown_interrupts_is_reported_before_its_end() -> None:
    rig = SignalingRig()

    async def answer(_: JoinRoom) -> Model:
        await asyncio.sleep(1000)
        raise AssertionError

    rig.backend.answers[JoinRoom] = answer
    client = rig.client()
    joining = asyncio.create_task(client.join())
    await asyncio.sleep(1)
    await rig.manager.stop()
    lost = asyncio.create_task(rig.manager.socket_lost(client.session, closed_by_client=False))
    await asyncio.sleep(0)
    await rig.manager.drain()
    assert len(rig.backend.departures()) == 1
    await asyncio.wait({joining, lost})


async def test_a_join_that_ends_while_the_instance_stops_is_refused_and_leaves_no_peer() -> None:
    rig = SignalingRig()

    async def answer(message: JoinRoom) -> Model:
        await rig.manager.stop()
        rig.backend.peers[message.peer_id] = peer_record(message.peer_id, claim_id=message.claim_id)
        return rig.backend.snapshot()

    rig.backend.answers[JoinRoom] = answer
    client = rig.client()
    assert code(await client.join(resumable=True)) == "unavailable"
    await rig.manager.socket_lost(client.session, closed_by_client=False)
    began = asyncio.get_running_loop().time()
    await rig.manager.drain()
    assert asyncio.get_running_loop().time() == began
    assert [reason for _, reason in rig.backend.departures()] == ["left"]
    assert rig.manager.serving == 0
    assert rig.backend.open_subscriptions() == 0


async def test_a_resume_on_an_instance_that_stops_is_refused_and_keeps_the_peer() -> None:
    rig = SignalingRig()
    former, client = await rig.joined(resumable=True), rig.client()
    token = resume_token(former)
    await rig.manager.stop()
    assert code(await client.ask("resume", token)) == "unavailable"
    await rig.manager.drain()
    assert rig.backend.departures() == []
    assert rig.manager.serving == 0


@pytest.mark.parametrize("closed_by_client", [True, False])
async def test_a_socket_lost_in_the_turn_in_which_its_session_is_replaced_starts_no_grace(
    closed_by_client: bool,
) -> None:
    rig = SignalingRig()
    client = await rig.joined(resumable=True)
    lost = asyncio.create_task(rig.manager.socket_lost(client.session, closed_by_client=closed_by_client))
    await asyncio.sleep(0)  # the loss is about to be handled
    rig.manager.replace(client.session)
    await lost
    assert rig.grace._running == {}
    await asyncio.sleep(10 * GRACE)
    assert rig.backend.departures() == []

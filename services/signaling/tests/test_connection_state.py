"""The media connection of a peer: its loss, the reports to the registry, and the pushes to the other peers."""

from __future__ import annotations

import asyncio

import pytest

from hubbub_contracts import Done
from hubbub_contracts.bus.media import (
    CloseReason,
    MediaEvent,
    TransportClosed,
    TransportConnected,
    TransportDisconnected,
)
from hubbub_contracts.bus.node import DescribePeer, PeerDescription, TransportDescription
from hubbub_contracts.bus.peer import ClaimPeer, SetConnectionState
from hubbub_contracts.types import OpenConnectionState, OpenDirection
from hubbub_signaling.domain.connection_state import is_connection
from hubbub_signaling.handlers.media_gap import PAUSE
from support.signaling_fakes import RECEIVES, SENDS, FakeClient, SignalingRig, peer_record, unavailable


@pytest.mark.parametrize(
    ("direction", "others", "lost"),
    [
        ("send", ["recv"], True),
        ("send", ["send"], False),
        ("recv", ["send"], False),
        ("recv", ["recv"], False),
        ("recv", [], True),
    ],
)
def test_the_send_transport_or_the_last_one_is_the_connection(
    direction: OpenDirection, others: list[OpenDirection], lost: bool
) -> None:
    transports: dict[str, OpenDirection] = {f"transport {index}": one for index, one in enumerate(others)}
    assert is_connection("this", {**transports, "this": direction}) is lost
    assert not is_connection("unknown", transports)


@pytest.mark.parametrize("reason", ["peer_closed", "node_draining", "dtls_failed"])
async def test_a_transport_closed_for_another_reason_is_no_lost_connection(reason: CloseReason) -> None:
    rig = SignalingRig()
    client = await sending_client(rig)
    media_event(rig, client, TransportClosed(transport_id="up", reason=reason))
    await asyncio.sleep(1)
    assert reported(rig) == []


async def test_a_silent_client_is_disconnected_until_it_sends_again() -> None:
    rig = SignalingRig()
    client = await sending_client(rig)
    media_event(rig, client, TransportDisconnected(transport_id="down"))
    await asyncio.sleep(1)
    assert reported(rig) == [], "the send transport counts"
    media_event(rig, client, TransportDisconnected(transport_id="up"))
    await asyncio.sleep(1)
    media_event(rig, client, TransportConnected(transport_id="up"))
    await asyncio.sleep(1)
    assert reported(rig) == ["disconnected", "connected"]


def reported(rig: SignalingRig) -> list[str]:
    """The states that were reported to the registry."""
    return [one.state for one in rig.backend.registry_requests if isinstance(one, SetConnectionState)]


async def sending_client(rig: SignalingRig) -> FakeClient:
    """A client with a transport for each direction."""
    client = await rig.joined(resumable=True)
    client.session.resources.transports.update(up=SENDS, down=RECEIVES)
    return client


def media_event(rig: SignalingRig, client: FakeClient, event: MediaEvent) -> None:
    rig.backend.media[client.peer_id].on_event(event)


LOST = TransportClosed(transport_id="up", reason="ice_timeout")


async def test_a_lost_and_a_new_transport_are_reported_under_the_claim() -> None:
    rig = SignalingRig()
    client = await sending_client(rig)
    media_event(rig, client, TransportConnected(transport_id="up"))
    await asyncio.sleep(1)
    assert reported(rig) == [], "a joining peer counts as connected"
    media_event(rig, client, LOST)
    await asyncio.sleep(1)
    client.session.resources.transports["new"] = SENDS
    media_event(rig, client, TransportConnected(transport_id="new"))
    await asyncio.sleep(1)
    assert reported(rig) == ["disconnected", "connected"]
    claims = {one.claim_id for one in rig.backend.registry_requests if isinstance(one, SetConnectionState)}
    assert claims == {rig.backend.peers[client.peer_id].claim_id}


async def test_the_state_is_reported_after_the_socket_was_lost() -> None:
    rig = SignalingRig()
    client = await sending_client(rig)
    await rig.manager.socket_lost(client.session, closed_by_client=False)
    media_event(rig, client, LOST)
    await asyncio.sleep(1)
    assert reported(rig) == ["disconnected"]


async def test_a_transport_of_another_peer_changes_no_state() -> None:
    rig = SignalingRig()
    client = await sending_client(rig)
    media_event(rig, client, LOST)
    media_event(rig, client, TransportConnected(transport_id="unknown"))
    await asyncio.sleep(1)
    assert reported(rig) == ["disconnected"]


async def test_states_reach_a_registry_that_did_not_answer_in_their_order() -> None:
    rig = SignalingRig()
    client = await sending_client(rig)
    rig.backend.answers[SetConnectionState] = [unavailable(), unavailable(), Done()]
    media_event(rig, client, LOST)
    client.session.resources.transports["new"] = SENDS
    await asyncio.sleep(0.15)
    media_event(rig, client, TransportConnected(transport_id="new"))
    await asyncio.sleep(10)
    assert reported(rig) == ["disconnected"] * 3 + ["connected"]


async def test_one_request_is_pending_at_a_time() -> None:
    rig = SignalingRig()
    client = await sending_client(rig)
    rig.backend.answers[SetConnectionState] = [unavailable(), Done()]
    media_event(rig, client, LOST)
    await asyncio.sleep(0.05)
    client.session.resources.transports["new"] = SENDS
    media_event(rig, client, TransportConnected(transport_id="new"))
    media_event(rig, client, TransportClosed(transport_id="new", reason="ice_timeout"))
    await asyncio.sleep(10)
    assert reported(rig) == ["disconnected"] * 2


async def test_nothing_is_reported_about_a_peer_that_left() -> None:
    rig = SignalingRig()
    client = await sending_client(rig)
    rig.backend.answers[SetConnectionState] = unavailable()
    media_event(rig, client, LOST)
    await asyncio.sleep(0.05)
    await client.ask("leaveRoom")
    await asyncio.sleep(30)
    assert reported(rig) == ["disconnected"]


@pytest.mark.parametrize(
    ("established", "states"), [pytest.param(True, ["connected"], id="alive"), pytest.param(False, [], id="not yet")]
)
async def test_a_resumed_peer_has_the_state_that_its_node_describes(established: bool, states: list[str]) -> None:
    rig = SignalingRig()

    async def claim(message: ClaimPeer) -> object:
        del rig.backend.answers[ClaimPeer]
        await rig.backend.registry(message)
        record = rig.backend.peers["ann"].model_copy(update={"connection_state": "disconnected"})
        rig.backend.peers["ann"] = record
        return rig.backend.snapshot()

    rig.backend.answers[ClaimPeer] = claim  # type: ignore[assignment]
    rig.backend.answers[DescribePeer] = described("up", established=established)
    resumed = await rig.client().ask("resume", {"resumeToken": "room.ann.secret"})
    assert "error" not in resumed
    await asyncio.sleep(1)
    assert reported(rig) == states


async def test_a_connection_that_came_back_during_a_gap_is_reported() -> None:
    rig = SignalingRig()
    client = await sending_client(rig)
    media_event(rig, client, LOST)
    await asyncio.sleep(1)
    client.session.resources.transports["new"] = SENDS
    rig.backend.answers[DescribePeer] = described("new", "down", established=True)
    rig.backend.media[client.peer_id].on_gap()
    await asyncio.sleep(PAUSE[1])
    assert reported(rig) == ["disconnected", "connected"]


def described(*transport_ids: str, established: bool) -> PeerDescription:
    """A node's answer with these transports."""
    transports = [
        TransportDescription(transport_id=one, direction="send", connected=True, established=established)
        for one in transport_ids
    ]
    return PeerDescription(transports=transports, producers=[], consumers=[])


def in_state(state: OpenConnectionState) -> dict[str, object]:
    return {"connection_state": state}


async def test_each_change_is_pushed_to_the_others_and_not_to_the_peer_itself() -> None:
    rig = SignalingRig()
    rig.backend.peers["bob"] = peer_record("bob")
    client = await rig.joined()
    own = rig.backend.peers[client.peer_id]
    for peer in (rig.backend.peers["bob"], own):
        rig.backend.change_peer(peer.peer_id, peer.model_copy(update=in_state("disconnected")))
        rig.backend.change_peer(peer.peer_id, peer.model_copy(update=in_state("connected")))
    assert client.socket.sent == [
        ("peerConnectionState", {"peerId": "bob", "state": "disconnected", "revision": 12}),
        ("peerConnectionState", {"peerId": "bob", "state": "connected", "revision": 13}),
    ]


async def test_a_joining_client_gets_the_states_of_the_others() -> None:
    rig = SignalingRig()
    rig.backend.peers["bob"] = peer_record("bob").model_copy(update=in_state("disconnected"))
    rig.backend.peers["cem"] = peer_record("cem")
    answer = await rig.client().join()
    states = {peer["peerId"]: peer["connectionState"] for peer in answer["peers"]}
    assert states == {"bob": "disconnected", "cem": "connected"}


async def test_a_peer_that_is_disconnected_in_a_snapshot_is_pushed_after_its_join() -> None:
    rig = SignalingRig()
    client = await rig.joined()
    rig.backend.change_peer("bob", peer_record("bob").model_copy(update=in_state("disconnected")))
    assert client.socket.pushes() == ["peerJoined", "peerConnectionState"]

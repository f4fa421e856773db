"""A client makes a standby, uses it, and it ends (ADR 51)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hubbub_contracts import Done, ErrorCode, HubbubError
from hubbub_contracts.bus import media
from hubbub_contracts.bus.consumer import ConsumerCreated, CreateConsumer, PauseConsumer
from hubbub_contracts.bus.node import DescribePeer, PeerDescription, TransportDescription
from hubbub_contracts.bus.peer import ChooseStandby, EndStandby, SetConnectionState, StandbyChosen
from hubbub_contracts.bus.records import Leaving, Standby
from hubbub_contracts.bus.transport import CloseTransport, CreateTransport
from support.fake_standbys import TRANSPORT_CREATED
from support.moving_session import asked, sending, two_node_rig
from support.signaling_fakes import NODE, OTHER_NODE, SignalingRig, code, unavailable
from support.standby_session import (
    RECEIVES_THERE,
    SENDS_THERE,
    create,
    settled,
    standby_of,
    standing_by,
    take_over,
)


@pytest.fixture
def rig() -> SignalingRig:
    """Two media nodes."""
    return two_node_rig()


def ended(rig: SignalingRig) -> list[Any]:
    return [each.placement for each in rig.backend.registry_requests if isinstance(each, EndStandby)]


async def test_a_client_makes_one(rig: SignalingRig) -> None:
    client = await sending(rig)
    created = await create(client, "send")
    assert created["home"] == "standby"
    resources = client.session.resources
    assert (resources.transports[str(created["id"])], resources.standby) == (SENDS_THERE, OTHER_NODE)
    created = await create(client, "recv")
    assert resources.transports[str(created["id"])] == RECEIVES_THERE
    assert asked(rig) == [("CreateTransport", "other")] * 2
    assert client.socket.pushes() == []
    assert rig.manager.standbys == 1


async def test_a_transport_without_a_home_is_on_the_clients_node(rig: SignalingRig) -> None:
    client, _, _ = await standing_by(rig)
    created = await client.ask("createTransport", {"direction": "send"})
    assert asked(rig) == [("CreateTransport", "node")]
    assert "home" not in created
    new = {"transportId": created["id"], "kind": "audio", "rtpParameters": {}}
    assert code(await client.ask("produce", new)) is None


async def test_a_new_producer_is_not_on_the_standby(rig: SignalingRig) -> None:
    client, sends, _ = await standing_by(rig)
    assert code(await client.ask("produce", {"transportId": sends, "kind": "audio", "rtpParameters": {}})) == (
        "invalid_state"
    )
    assert asked(rig) == []


async def test_there_is_one_transport_of_each_direction(rig: SignalingRig) -> None:
    client, _, _ = await standing_by(rig)
    assert [code(await create(client, each)) for each in ("send", "recv")] == ["invalid_state"] * 2
    assert asked(rig) == []


async def test_two_requests_at_once_make_one_transport(rig: SignalingRig) -> None:
    client = await sending(rig)
    answers: list[dict[str, Any]] = []

    async def slowly(_: CreateTransport) -> Any:
        await asyncio.sleep(1)
        return TRANSPORT_CREATED

    rig.backend.answers[CreateTransport] = slowly
    for _ in range(2):
        client.send("createTransport", {"direction": "send", "home": "standby"}, answers.append)
    await settled()
    assert [code(each) for each in answers] == [None, "invalid_state"]


async def test_a_transport_whose_creation_was_not_answered_is_closed_there(rig: SignalingRig) -> None:
    client = await sending(rig)
    lost: list[TransportDescription] = []

    async def unanswered(message: CreateTransport) -> Any:
        lost.append(TransportDescription(transport_id=message.transport_id, direction="send", connected=False))
        raise unavailable()

    async def describes(_: DescribePeer) -> PeerDescription:
        return PeerDescription(transports=lost, producers=[], consumers=[])

    rig.backend.nodes[OTHER_NODE] = {CreateTransport: unanswered, DescribePeer: describes}
    assert code(await create(client, "send")) == "unavailable"
    await settled()
    closed = [each.transport_id for each in rig.backend.node_requests if isinstance(each, CloseTransport)]
    assert closed == [lost[0].transport_id]


async def test_a_peer_that_moves_gets_none(rig: SignalingRig) -> None:
    client = await sending(rig)
    leaving = Leaving(placement=NODE, deadline=2_000_000_000_000)
    rig.backend.update_peer(client.peer_id, placement=OTHER_NODE, leaving=leaving)
    assert code(await create(client, "send")) == "invalid_state"
    assert not any(isinstance(each, ChooseStandby) for each in rig.backend.registry_requests)


@pytest.mark.parametrize("error", [unavailable(), HubbubError(ErrorCode.INVALID_STATE, "it waits")])
async def test_the_registry_refuses(rig: SignalingRig, error: HubbubError) -> None:
    client = await sending(rig)
    rig.backend.answers[ChooseStandby] = error
    assert code(await create(client, "send")) == error.code
    assert (asked(rig), client.session.resources.standby) == ([], None)


async def test_the_view_must_have_it(rig: SignalingRig) -> None:
    client = await sending(rig)
    rig.backend.answers[ChooseStandby] = StandbyChosen(placement=OTHER_NODE, revision=rig.backend.revision + 1)
    answers: list[dict[str, Any]] = []
    client.send("createTransport", {"direction": "send", "home": "standby"}, answers.append)
    await client.ask("getProducers")
    assert (asked(rig), answers) == ([], [])
    rig.backend.update_peer(client.peer_id, standby=Standby(placement=OTHER_NODE))
    await settled()
    assert asked(rig) == [("CreateTransport", "other")]
    assert code(answers[0]) is None


@pytest.mark.parametrize(("taken_over", "error"), [(True, "invalid_state"), (False, "unavailable")])
async def test_it_ends_while_a_transport_is_made(rig: SignalingRig, error: str, *, taken_over: bool) -> None:
    client = await sending(rig)

    async def end(_: CreateTransport) -> Any:
        if taken_over:
            take_over(rig, client)
        else:
            rig.backend.update_peer(client.peer_id, standby=None)
        return TRANSPORT_CREATED

    rig.backend.answers[CreateTransport] = end
    assert code(await create(client, "send")) == error
    assert asked(rig) == [("CreateTransport", "other"), ("CloseTransport", "other")]
    assert SENDS_THERE not in client.session.resources.transports.values()
    assert client.session.resources.standby is None


async def test_requests_go_where_their_object_is(rig: SignalingRig) -> None:
    client, sends, receives = await standing_by(rig)
    rig.backend.answers[CreateConsumer] = ConsumerCreated(
        consumer_id="made", kind="audio", rtp_parameters={}, type="simple", producer_paused=False, paused=True
    )
    consume = {"transportId": receives, "producerId": "camera", "rtpCapabilities": {"codecs": []}, "paused": True}
    consumed = await client.ask("consume", consume)
    dtls = {"role": "client", "fingerprints": [{"algorithm": "sha-256", "value": "AA"}]}
    for event, payload in (
        ("connectTransport", {"transportId": sends, "dtlsParameters": dtls}),
        ("pauseConsumer", {"consumerId": consumed["id"]}),
        ("resumeConsumer", {"consumerId": consumed["id"]}),
        ("getStats", {"consumerId": consumed["id"]}),
        ("closeConsumer", {"consumerId": consumed["id"]}),
    ):
        await client.ask(event, payload)
    assert {node for _, node in asked(rig)} == {"other"}
    [created] = [each for each in rig.backend.node_requests if isinstance(each, CreateConsumer)]
    assert (created.paused, len(asked(rig))) == (True, 6)
    rig.backend.node_requests.clear()
    await client.ask("pauseConsumer", {"consumerId": "remote"})
    assert isinstance(rig.backend.node_requests[0], PauseConsumer)
    assert rig.backend.asked[-1] == NODE


@pytest.mark.parametrize("which", [0, 1])
async def test_the_client_closes_one_of_its_transports(rig: SignalingRig, which: int) -> None:
    client, *transports = await standing_by(rig)
    closed, other = transports[which], transports[1 - which]
    assert await client.ask("closeTransport", {"transportId": closed}) == {}
    await settled()
    told = [each for each in client.socket.sent if each[0] != "ack"]
    assert told == [("transportClosed", {"transportId": other, "reason": "other"})]
    assert (ended(rig), standby_of(rig, client)) == ([OTHER_NODE], None)
    assert set(asked(rig)) == {("CloseTransport", "other")}
    resources = client.session.resources
    assert (set(resources.transports), resources.standby, resources.standby_producers) == ({"up", "down"}, None, {})
    assert (resources.producers, set(resources.consumers)) == ({"camera": "up"}, {"remote"})
    assert rig.backend.removed_producers() == []


async def test_its_node_closes_one_of_its_transports(rig: SignalingRig) -> None:
    client, sends, receives = await standing_by(rig)
    other = await rig.joined()
    client.socket.sent.clear()
    client.session.on_media_event(media.TransportClosed(transport_id=receives, reason="ice_timeout"))
    closed = [("transportClosed", {"transportId": each, "reason": "ice_timeout"}) for each in (sends, receives)]
    assert client.socket.sent == closed
    await settled()
    assert ended(rig) == [OTHER_NODE]
    assert set(asked(rig)) == {("CloseTransport", "other")}
    assert other.socket.pushes() == []
    assert not any(isinstance(each, SetConnectionState) for each in rig.backend.registry_requests)
    assert rig.backend.removed_producers() == []
    assert len(client.socket.pushes()) == 2, "the change of the record tells nothing new"


async def test_there_is_no_new_one_before_the_former_has_ended(rig: SignalingRig) -> None:
    client, sends, _ = await standing_by(rig)
    rig.backend.answers[EndStandby] = unavailable()
    assert await client.ask("closeTransport", {"transportId": sends}) == {}
    assert code(await create(client, "send")) == "unavailable"
    assert not any(isinstance(each, ChooseStandby) for each in rig.backend.registry_requests)
    rig.backend.update_peer(client.peer_id, standby=None)
    assert code(await create(client, "send")) is None
    del rig.backend.answers[EndStandby]


async def test_one_that_was_chosen_again_while_it_ended_is_ended_again(rig: SignalingRig) -> None:
    client, sends, _ = await standing_by(rig)

    async def renewed(_: EndStandby) -> Done:
        return Done()  # the record names it again, and the view has skipped the state in between

    rig.backend.answers[EndStandby] = renewed
    await client.ask("closeTransport", {"transportId": sends})
    await settled()
    del rig.backend.answers[EndStandby]
    assert code(await create(client, "send")) == "unavailable"
    await settled()
    assert code(await create(client, "send")) is None


async def test_a_standby_that_the_registry_ends(rig: SignalingRig) -> None:
    client, sends, receives = await standing_by(rig)
    rig.backend.update_peer(client.peer_id, standby=None)
    closed = [("transportClosed", {"transportId": each, "reason": "node_lost"}) for each in (sends, receives)]
    assert client.socket.sent == closed
    assert client.session.resources.standby_producers == {}
    assert (ended(rig), asked(rig), rig.manager.standbys) == ([], [], 0)


async def test_a_move_ends_it(rig: SignalingRig) -> None:
    client, sends, receives = await standing_by(rig)
    third = NODE.model_copy(update={"node_id": "third"})
    leaving = Leaving(placement=NODE, deadline=2_000_000_000_000)
    producers = [each.model_copy(update={"placement": NODE}) for each in rig.backend.peers[client.peer_id].producers]
    rig.backend.update_peer(client.peer_id, placement=third, leaving=leaving, standby=None, producers=producers)
    assert client.socket.pushes() == ["transportClosed", "transportClosed", "peerMoved"]
    assert {each["transportId"]: each["reason"] for event, each in client.socket.sent if event != "peerMoved"} == {
        sends: "node_draining",
        receives: "node_draining",
    }
    assert set(client.session.resources.transports) == {"up", "down"}


async def test_a_move_to_the_node_of_the_standby_ends_it(rig: SignalingRig) -> None:
    client, sends, receives = await standing_by(rig)
    leaving = Leaving(placement=NODE, deadline=2_000_000_000_000)
    producers = [each.model_copy(update={"placement": NODE}) for each in rig.backend.peers[client.peer_id].producers]
    rig.backend.update_peer(client.peer_id, placement=OTHER_NODE, leaving=leaving, standby=None, producers=producers)
    assert client.socket.pushes() == ["transportClosed", "transportClosed", "peerMoved"]
    moved = client.socket.sent[-1][1]
    assert (moved["makeBeforeBreak"], moved["standby"]) == (True, False)
    resources = client.session.resources
    assert (set(resources.transports), resources.producers, resources.standby) == (
        {"up", "down"},
        {"camera": "up"},
        None,
    )
    assert rig.telemetry.taken_over == 0
    await settled()
    closed = [each for each in rig.backend.node_requests if isinstance(each, CloseTransport)]
    assert [each.transport_id for each in closed] == [sends, receives]
    made = await client.ask("createTransport", {"direction": "send", "home": "next"})
    assert not resources.is_on_standby(str(made["id"]))


async def test_a_standby_survives_what_it_has_no_part_in(rig: SignalingRig) -> None:
    client, sends, receives = await standing_by(rig)
    third = NODE.model_copy(update={"node_id": "third"})
    rig.backend.update_peer(client.peer_id, placement=third)
    assert set(client.session.resources.transports) == {sends, receives}
    assert client.session.resources.standby == OTHER_NODE


async def test_the_others_hear_nothing_of_it(rig: SignalingRig) -> None:
    other = await rig.joined()
    client, _, _ = await standing_by(rig)
    other.socket.sent.clear()
    rig.backend.update_peer(client.peer_id, standby=None)
    assert other.socket.sent == []


def states(rig: SignalingRig) -> list[str]:
    return [each.state for each in rig.backend.registry_requests if isinstance(each, SetConnectionState)]


async def test_only_the_first_home_is_the_connection(rig: SignalingRig) -> None:
    client, sends, receives = await standing_by(rig)
    for each in (sends, receives):
        client.session.on_media_event(media.TransportDisconnected(transport_id=each))
    await settled()
    assert states(rig) == []
    client.session.on_media_event(media.TransportDisconnected(transport_id="up"))
    await settled()
    assert states(rig) == ["disconnected"]
    for each in (sends, receives):
        client.session.on_media_event(media.TransportConnected(transport_id=each))
    await settled()
    assert states(rig) == ["disconnected"]


async def test_the_standby_is_the_connection_once_it_took_over(rig: SignalingRig) -> None:
    client, sends, _ = await standing_by(rig)
    take_over(rig, client)
    client.session.on_media_event(media.TransportDisconnected(transport_id=sends))
    await settled()
    assert states(rig) == ["disconnected"]


async def test_what_happens_to_its_consumers_is_told(rig: SignalingRig) -> None:
    client, _, _ = await standing_by(rig)
    client.session.on_media_event(media.ConsumerClosed(consumer_id="held", producer_id="p", reason="producer_closed"))
    assert client.socket.pushes() == ["consumerClosed"]
    assert "held" not in client.session.resources.consumers


async def test_a_standby_that_ends_in_an_outage_of_the_registry_is_ended_once(rig: SignalingRig) -> None:
    client, sends, _ = await standing_by(rig)
    requests = 0

    async def unanswered(_: EndStandby) -> Done:
        nonlocal requests
        requests += 1
        raise unavailable()

    rig.backend.answers[EndStandby] = unanswered
    await client.ask("closeTransport", {"transportId": sends})
    for _ in range(50):
        assert code(await create(client, "send")) == "unavailable"
    assert requests == 1
    del rig.backend.answers[EndStandby]
    await settled()
    assert ended(rig)[requests:] == [OTHER_NODE]
    assert code(await create(client, "send")) is None
    await settled()
    assert standby_of(rig, client) is not None, "no request about the former one is left"


REFUSES = HubbubError(ErrorCode.CONFLICT, "the room has another codec profile")


async def test_a_standby_whose_node_refuses_for_good_ends(rig: SignalingRig) -> None:
    client = await sending(rig)
    rig.backend.nodes[OTHER_NODE] = {CreateTransport: REFUSES}
    assert code(await create(client, "send")) == "conflict"
    await settled()
    assert (standby_of(rig, client), ended(rig)) == (None, [OTHER_NODE])
    rig.backend.nodes[OTHER_NODE] = {}
    assert code(await create(client, "send")) is None
    chosen = [each.avoid for each in rig.backend.registry_requests if isinstance(each, ChooseStandby)]
    assert chosen == [None, OTHER_NODE]


async def test_a_standby_with_a_transport_outlives_the_refusal_of_another_one(rig: SignalingRig) -> None:
    client = await sending(rig)
    assert code(await create(client, "send")) is None
    rig.backend.nodes[OTHER_NODE] = {CreateTransport: REFUSES}
    assert code(await create(client, "recv")) == "conflict"
    await settled()
    assert standby_of(rig, client) is not None

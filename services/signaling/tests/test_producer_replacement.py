"""A client that moves to another media node replaces its producers (ADR 48)."""

from __future__ import annotations

import pytest

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus import media
from hubbub_contracts.bus.moderation_records import Moderation
from hubbub_contracts.bus.producer import (
    AddProducer,
    CreateProducer,
    ProducerCreated,
    Registered,
    ReplaceProducer,
)
from hubbub_contracts.bus.transport import CloseTransport
from support.moving_session import NEXT, REPLACE, asked, begin, end, moving, replaced, sending, two_node_rig
from support.signaling_fakes import (
    NODE,
    OTHER_NODE,
    SignalingRig,
    code,
    peer_record,
    unavailable,
)


@pytest.fixture
def rig() -> SignalingRig:
    """Two media nodes."""
    return two_node_rig()


async def test_a_producer_is_replaced(rig: SignalingRig) -> None:
    client = await moving(rig)
    assert await client.ask("produce", {**REPLACE, "operationId": "1"}) == {"id": "camera"}
    [created] = rig.backend.node_requests
    assert isinstance(created, CreateProducer)
    assert (created.producer_id, created.transport_id, created.operation_id) == ("camera", "next", "1")
    assert rig.backend.asked == [OTHER_NODE]
    [message] = [each for each in rig.backend.registry_requests if isinstance(each, ReplaceProducer)]
    assert (message.producer_id, message.placement, message.paused) == ("camera", OTHER_NODE, False)
    assert client.session.resources.producers == {"camera": "next"}
    replaced(rig, client)
    assert await client.ask("closeTransport", {"transportId": "up"}) == {}
    await rig.ports.outbox.drain()
    assert (client.socket.pushes(), rig.backend.removed_producers()) == ([], [])
    assert await client.ask("produce", {**REPLACE, "operationId": "2"}) == {"id": "camera"}, "the node compares"
    assert [type(each) for each in rig.backend.node_requests] == [CreateProducer, CloseTransport, CreateProducer]
    assert not any(isinstance(each, AddProducer) for each in rig.backend.registry_requests)


async def test_a_replacement_is_refused(rig: SignalingRig) -> None:
    client = await sending(rig)
    client.session.resources.transports["next"] = NEXT
    codes = {"before the move": code(await client.ask("produce", REPLACE))}
    begin(rig, client)
    for name, changed in (
        ("unknown", {"replaces": "other"}),
        ("kind", {"kind": "video"}),
        ("transport", {"transportId": "up"}),
        ("direction", {"transportId": "down"}),
        ("no transport", {"transportId": "gone"}),
    ):
        codes[name] = code(await client.ask("produce", {**REPLACE, **changed}))
    replaced(rig, client)
    codes["already there"] = code(await client.ask("produce", REPLACE))
    new = {name: value for name, value in REPLACE.items() if name != "replaces"}
    codes["a new one on the old node"] = code(await client.ask("produce", {**new, "transportId": "up"}))
    assert codes == {
        "before the move": "invalid_state",
        "unknown": "not_found",
        "kind": "invalid_argument",
        "transport": "invalid_state",
        "direction": "invalid_state",
        "no transport": "not_found",
        "already there": "invalid_state",
        "a new one on the old node": "invalid_state",
    }
    assert rig.backend.node_requests == []


@pytest.mark.parametrize("error", [HubbubError(ErrorCode.NOT_FOUND, "gone"), unavailable()])
async def test_a_refused_replacement_leaves_the_former_producer(rig: SignalingRig, error: HubbubError) -> None:
    client = await moving(rig)
    rig.backend.answers[ReplaceProducer] = error
    assert code(await client.ask("produce", REPLACE)) == error.code
    assert asked(rig) == [("CreateProducer", "other"), ("CloseProducer", "other")]
    assert client.session.resources.producers == {"camera": "up"}
    await rig.ports.outbox.drain()
    assert (client.socket.pushes(), rig.backend.removed_producers()) == ([], [])
    assert client.session.resources.unanswered == ({"camera"} if error.retryable else set())


async def test_a_replacement_whose_answer_was_lost_is_kept(rig: SignalingRig) -> None:
    client = await moving(rig)

    async def write(_: ReplaceProducer) -> Registered:
        replaced(rig, client)
        raise unavailable()

    rig.backend.answers[ReplaceProducer] = write
    assert await client.ask("produce", REPLACE) == {"id": "camera"}
    assert asked(rig) == [("CreateProducer", "other")]
    assert client.session.resources.producers == {"camera": "next"}
    assert client.session.resources.unanswered == set()


async def test_a_producer_that_a_moderator_paused_meanwhile_is_paused_on_the_new_node(rig: SignalingRig) -> None:
    client = await moving(rig)
    rig.backend.answers[ReplaceProducer] = Registered(revision=99, paused=True)
    assert await client.ask("produce", REPLACE) == {"id": "camera", "paused": True}
    assert asked(rig) == [("CreateProducer", "other"), ("PauseProducer", "other")]


async def test_a_source_that_is_stopped_during_its_replacement(rig: SignalingRig) -> None:
    client = await moving(rig)

    async def stop(_: CreateProducer) -> ProducerCreated:
        rig.backend.update_peer(client.peer_id, producers=[])
        return ProducerCreated(producer_id="camera")

    rig.backend.answers[CreateProducer] = stop
    rig.backend.answers[ReplaceProducer] = HubbubError(ErrorCode.NOT_FOUND, "no such producer")
    assert code(await client.ask("produce", REPLACE)) == "not_found"
    assert sorted(asked(rig)) == [("CloseProducer", "node"), ("CloseProducer", "other"), ("CreateProducer", "other")]
    [push] = [push for event, push in client.socket.sent if event == "producerClosed"]
    assert push["reason"] == "stopped_by_moderator"
    assert client.session.resources.producers == {}


async def test_a_move_that_ends_between_the_write_of_a_replacement_and_its_answer(rig: SignalingRig) -> None:
    client = await moving(rig)

    async def end_first(_: ReplaceProducer) -> Registered:
        replaced(rig, client)
        end(rig, client)  # the former node has died
        return Registered(revision=rig.backend.revision)

    rig.backend.answers[ReplaceProducer] = end_first
    assert await client.ask("produce", REPLACE) == {"id": "camera"}
    assert asked(rig) == [("CreateProducer", "other")]
    assert client.session.resources.producers == {"camera": "next"}
    assert client.session.resources.replacing == {}
    await rig.ports.outbox.drain()
    assert (client.socket.pushes(), rig.backend.removed_producers()) == (["transportClosed", "transportClosed"], [])


async def test_a_move_that_ends_before_the_write_of_a_replacement(rig: SignalingRig) -> None:
    client = await moving(rig)

    async def end_first(_: ReplaceProducer) -> Registered:
        end(rig, client)
        raise HubbubError(ErrorCode.NOT_FOUND, "no such producer")

    rig.backend.answers[ReplaceProducer] = end_first
    assert code(await client.ask("produce", REPLACE)) == "not_found"
    assert asked(rig) == [("CreateProducer", "other"), ("CloseProducer", "other")]
    assert client.session.resources.producers == client.session.resources.replacing == {}


async def test_a_producer_that_its_client_closes_during_a_replacement(rig: SignalingRig) -> None:
    client = await moving(rig)

    async def close_first(_: ReplaceProducer) -> Registered:
        client.session.resources.producers.pop("camera")
        replaced(rig, client)
        end(rig, client)
        return Registered(revision=rig.backend.revision)

    rig.backend.answers[ReplaceProducer] = close_first
    assert code(await client.ask("produce", REPLACE)) == "not_found"
    assert asked(rig) == [("CreateProducer", "other"), ("CloseProducer", "other")]
    await rig.ports.outbox.drain()
    assert rig.backend.removed_producers() == [["camera"]]


async def test_a_new_transport_that_fails_during_a_replacement(rig: SignalingRig) -> None:
    client = await moving(rig)

    async def fail_first(_: ReplaceProducer) -> Registered:
        closed = media.TransportClosed(transport_id="next", reason="ice_timeout")
        client.session.on_media_event(closed)
        replaced(rig, client)
        return Registered(revision=rig.backend.revision)

    rig.backend.answers[ReplaceProducer] = fail_first
    assert code(await client.ask("produce", REPLACE)) == "not_found"
    assert client.session.resources.producers == {}
    await rig.ports.outbox.drain()
    assert rig.backend.removed_producers() == [["camera"]]


async def test_a_new_transport_that_fails_before_its_node_knows_the_replacement(rig: SignalingRig) -> None:
    client = await moving(rig)
    await client.ask("produce", REPLACE)
    replaced(rig, client)
    client.session.on_media_event(media.TransportClosed(transport_id="next", reason="ice_timeout"))
    await rig.ports.outbox.drain()
    assert rig.backend.removed_producers() == [["camera"]]


@pytest.mark.parametrize("transport_id", ["up", "next"])
async def test_a_source_is_stopped_where_it_is(rig: SignalingRig, transport_id: str) -> None:
    client = await moving(rig)
    client.session.resources.producers["camera"] = transport_id
    rig.backend.update_peer(client.peer_id, producers=[])
    assert await client.ask("getProducers") == {"producers": []}
    assert asked(rig) == [("CloseProducer", "node" if transport_id == "up" else "other")]


async def test_a_role_without_publishing_closes_on_both_nodes(rig: SignalingRig) -> None:
    client = await moving(rig)
    two = peer_record("any", "camera", "microphone").producers
    at = {"camera": NODE, "microphone": None}
    placed = [each.model_copy(update={"placement": at[each.producer_id]}) for each in two]
    rig.backend.update_peer(client.peer_id, producers=placed)
    client.session.resources.producers["microphone"] = "next"
    user = rig.backend.peers[client.peer_id].user_id
    rig.backend.moderate(Moderation.model_validate({"roles": [{"userId": user, "role": "listener"}]}))
    assert await client.ask("getProducers") == {"producers": []}
    assert sorted(asked(rig)) == [("CloseProducer", "node"), ("CloseProducer", "other")]


@pytest.mark.parametrize("transport_id", ["up", None], ids=["former transport", "older node"])
async def test_a_former_node_that_closes_a_producer_before_it_knows_of_its_replacement(
    rig: SignalingRig, transport_id: str | None
) -> None:
    client = await moving(rig)
    await client.ask("produce", REPLACE)
    replaced(rig, client)
    closed = media.ProducerClosed(producer_id="camera", reason="transport_closed", transport_id=transport_id)
    client.session.on_media_event(closed)
    client.session.on_media_event(media.TransportClosed(transport_id="up", reason="ice_timeout"))
    await rig.ports.outbox.drain()
    if transport_id is None:
        assert (client.socket.pushes(), rig.backend.removed_producers()) == (
            ["producerClosed", "transportClosed"],
            [["camera"]],
        )
    else:
        assert (client.socket.pushes(), rig.backend.removed_producers()) == (["transportClosed"], [])
        assert client.session.resources.producers == {"camera": "next"}


async def test_a_former_transport_that_fails_between_the_write_of_a_replacement_and_its_answer(
    rig: SignalingRig,
) -> None:
    client = await moving(rig)

    async def fail_first(_: ReplaceProducer) -> Registered:
        replaced(rig, client)
        closed = media.ProducerClosed(producer_id="camera", reason="transport_closed", transport_id="up")
        client.session.on_media_event(closed)
        client.session.on_media_event(media.TransportClosed(transport_id="up", reason="ice_timeout"))
        return Registered(revision=rig.backend.revision)

    rig.backend.answers[ReplaceProducer] = fail_first
    assert await client.ask("produce", REPLACE) == {"id": "camera"}
    await rig.ports.outbox.drain()
    assert (client.socket.pushes(), rig.backend.removed_producers()) == (["transportClosed"], [])
    assert client.session.resources.producers == {"camera": "next"}


async def test_the_new_node_closes_a_replaced_producer(rig: SignalingRig) -> None:
    client = await moving(rig)
    await client.ask("produce", REPLACE)
    replaced(rig, client)
    closed = media.ProducerClosed(producer_id="camera", reason="internal", transport_id="next")
    client.session.on_media_event(closed)
    await rig.ports.outbox.drain()
    assert (client.socket.pushes(), rig.backend.removed_producers()) == (["producerClosed"], [["camera"]])

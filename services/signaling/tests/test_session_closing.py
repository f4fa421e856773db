"""Closing objects, and producers that must not stay in the room."""

from __future__ import annotations

from typing import Any

import pytest

from hubbub_contracts import Done, ErrorCode, HubbubError, Request
from hubbub_contracts.bus.consumer import CloseConsumer
from hubbub_contracts.bus.producer import AddProducer, CloseProducer, CreateProducer, RemoveProducers
from hubbub_contracts.bus.transport import CloseTransport
from hubbub_signaling.domain.owned_resources import OwnedConsumer
from support.signaling_fakes import RECEIVES, SENDS, SignalingRig, code, peer_record, unavailable

GONE = HubbubError(ErrorCode.NOT_FOUND, "no such object")


@pytest.mark.parametrize("on_node", [Done(), GONE], ids=["closed", "gone already"])
@pytest.mark.parametrize(
    ("event", "payload", "message", "removed"),
    [
        ("closeProducer", {"producerId": "camera"}, CloseProducer, [["camera"]]),
        ("closeTransport", {"transportId": "up"}, CloseTransport, [["camera"]]),
        ("closeConsumer", {"consumerId": "remote"}, CloseConsumer, []),
    ],
)
async def test_a_closed_object_is_removed_from_the_room_as_soon_as_the_registry_answers(
    event: str,
    payload: dict[str, str],
    message: type[Request[Any]],
    removed: list[list[str]],
    on_node: Done | HubbubError,
) -> None:
    rig = SignalingRig()
    client = await rig.joined()
    client.session.resources.transports.update(up=SENDS, down=RECEIVES)
    client.session.resources.producers["camera"] = "up"
    client.session.resources.consumers["remote"] = OwnedConsumer("down", "p")
    rig.backend.answers[message] = on_node
    rig.backend.answers[RemoveProducers] = [unavailable(), unavailable(), Done()]
    assert await client.ask(event, payload) == {}
    await rig.ports.outbox.drain()
    assert rig.backend.removed_producers() == removed * 3


async def test_a_producer_is_closed_again_as_long_as_the_room_lists_it() -> None:
    rig = SignalingRig()
    client = await rig.joined()
    listed = peer_record(client.peer_id, "camera")
    rig.backend.change_peer(client.peer_id, listed)
    rig.backend.answers[CloseProducer] = GONE
    assert await client.ask("closeProducer", {"producerId": "camera"}) == {}
    rig.backend.change_peer(client.peer_id, listed.model_copy(update={"producers": []}))
    assert code(await client.ask("closeProducer", {"producerId": "camera"})) == "not_found"


@pytest.mark.parametrize(
    "error", [unavailable(), HubbubError(ErrorCode.DEADLINE_EXCEEDED, "no answer", retryable=True)], ids=str
)
@pytest.mark.parametrize(
    ("event", "payload", "message"),
    [
        ("closeProducer", {"producerId": "camera"}, CloseProducer),
        ("closeTransport", {"transportId": "up"}, CloseTransport),
    ],
)
async def test_the_room_loses_what_is_closed_at_a_node_that_does_not_answer(
    event: str, payload: dict[str, str], message: type[Request[Any]], error: HubbubError
) -> None:
    rig = SignalingRig()
    client = await rig.joined()
    client.session.resources.transports["up"] = SENDS
    client.session.resources.producers["camera"] = "up"
    rig.backend.answers[message] = error
    assert await client.ask(event, payload) == {}
    await rig.ports.outbox.drain()
    assert rig.backend.removed_producers() == [["camera"]]
    assert client.session.resources.producers == {}


async def test_a_close_that_the_node_refuses_changes_nothing() -> None:
    rig = SignalingRig()
    client = await rig.joined()
    client.session.resources.transports["up"] = SENDS
    client.session.resources.producers["camera"] = "up"
    rig.backend.answers[CloseProducer] = HubbubError(ErrorCode.INTERNAL, "a fault")
    assert code(await client.ask("closeProducer", {"producerId": "camera"})) == "internal"
    assert client.session.resources.producers == {"camera": "up"}
    assert rig.backend.removed_producers() == []


async def test_a_consumer_whose_close_the_node_does_not_answer_may_be_closed_again() -> None:
    rig = SignalingRig()
    client = await rig.joined()
    client.session.resources.transports["down"] = RECEIVES
    client.session.resources.consumers["remote"] = OwnedConsumer("down", "p")
    rig.backend.answers[CloseConsumer] = [unavailable(), Done()]
    assert code(await client.ask("closeConsumer", {"consumerId": "remote"})) == "unavailable"
    assert await client.ask("closeConsumer", {"consumerId": "remote"}) == {}


@pytest.mark.parametrize(
    ("error", "removed"),
    [
        pytest.param(HubbubError(ErrorCode.QUOTA_EXCEEDED, "too many"), False, id="refused"),
        pytest.param(HubbubError(ErrorCode.DEADLINE_EXCEEDED, "no answer"), True, id="timed out"),
        pytest.param(HubbubError(ErrorCode.TOO_LARGE, "the reply"), True, id="reply not sent"),
        pytest.param(HubbubError(ErrorCode.INTERNAL, "malformed reply"), True, id="reply not understood"),
        pytest.param(unavailable(), True, id="unavailable"),
    ],
)
async def test_a_producer_that_may_be_in_the_room_after_a_failure_is_removed_from_it(
    error: HubbubError, removed: bool
) -> None:
    rig = SignalingRig()
    client = await rig.joined()
    client.session.resources.transports["up"] = SENDS
    rig.backend.answers[AddProducer] = error
    produce = {"transportId": "up", "kind": "audio", "rtpParameters": {}}
    assert code(await client.ask("produce", produce)) == error.code
    await rig.ports.outbox.drain()
    created, closed = rig.backend.node_requests
    assert isinstance(created, CreateProducer)
    assert isinstance(closed, CloseProducer)
    assert closed.producer_id == created.producer_id
    assert rig.backend.removed_producers() == ([[created.producer_id]] if removed else [])

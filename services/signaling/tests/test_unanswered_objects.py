"""What a media node created for a request whose answer was lost is closed: no client knows it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hubbub_contracts import Done, ErrorCode, HubbubError, Model
from hubbub_contracts.base import NodeRequest
from hubbub_contracts.bus.consumer import CloseConsumer, CreateConsumer
from hubbub_contracts.bus.node import DescribePeer, PeerDescription
from hubbub_contracts.bus.producer import CloseProducer, CreateProducer
from hubbub_contracts.bus.transport import CloseTransport, CreateTransport
from hubbub_signaling.domain.owned_resources import OwnedConsumer, OwnedResources, OwnedTransport
from support.caller import rtp_parameters
from support.peer_media import client_with_media, described, owned
from support.signaling_fakes import NODE, SENDS, FakeClient, SignalingRig, peer_record, unavailable

LOST = HubbubError(ErrorCode.DEADLINE_EXCEEDED, "the node did not answer", retryable=True)


async def ask_without_answer(rig: SignalingRig, client: FakeClient, request: type[NodeRequest[Any]]) -> OwnedResources:
    """Requests an object that the node creates, although its answer is lost. Returns what the node then has."""
    held = client.session.resources.copy()

    async def create(message: Any) -> Model:
        match message:
            case CreateTransport():
                held.transports[message.transport_id] = OwnedTransport(message.direction, NODE)
            case CreateProducer():
                held.producers[message.producer_id] = message.transport_id
            case CreateConsumer():
                held.consumers[message.consumer_id] = OwnedConsumer(message.transport_id, message.producer_id)
        raise LOST

    rig.backend.answers[request] = create
    rig.backend.answers[DescribePeer] = lambda _: asyncio.sleep(0, described(held))
    event, payload = REQUESTS[request]
    answer = await client.ask(event, payload)
    assert answer["error"]["code"] == "deadline_exceeded"
    del rig.backend.answers[request]
    return held


REQUESTS: dict[type[NodeRequest[Any]], tuple[str, dict[str, Any]]] = {
    CreateTransport: ("createTransport", {"direction": "send"}),
    CreateProducer: (
        "produce",
        {"transportId": "up", "kind": "audio", "rtpParameters": rtp_parameters("audio", 7, mid="0")},
    ),
    CreateConsumer: (
        "consume",
        {"transportId": "down", "producerId": "p", "rtpCapabilities": {"codecs": [], "headerExtensions": []}},
    ),
}


@pytest.mark.parametrize(
    ("request_type", "close"),
    [(CreateTransport, CloseTransport), (CreateProducer, CloseProducer), (CreateConsumer, CloseConsumer)],
)
async def test_what_the_node_created_for_a_lost_answer_is_closed(
    request_type: type[NodeRequest[Any]], close: type[NodeRequest[Done]]
) -> None:
    rig = SignalingRig()
    client = await client_with_media(rig)
    rig.backend.change_peer("other", peer_record("other", "p"))
    held = await ask_without_answer(rig, client, request_type)
    before = client.session.resources.copy()
    rig.backend.answers[close] = [unavailable(), HubbubError(ErrorCode.NOT_FOUND, "no such object")]
    await asyncio.sleep(60)
    closed = [each for each in rig.backend.node_requests if isinstance(each, close)]
    (unknown,) = before.unanswered
    assert len(closed) == 2, "the request is repeated until the node answers"
    assert {getattr(each, ID_FIELDS[close]) for each in closed} == {unknown}
    assert not client.session.resources.unanswered
    assert client.session.resources.transports == owned().transports
    assert held != owned()
    assert "transportClosed" not in client.socket.pushes()


ID_FIELDS: dict[type[NodeRequest[Done]], str] = {
    CloseTransport: "transport_id",
    CloseProducer: "producer_id",
    CloseConsumer: "consumer_id",
}


async def test_an_object_that_a_repetition_has_introduced_stays() -> None:
    rig = SignalingRig()
    client = await client_with_media(rig)
    await ask_without_answer(rig, client, CreateTransport)
    (unanswered,) = client.session.resources.unanswered
    client.session.resources.transports[unanswered] = SENDS
    await asyncio.sleep(60)
    assert [type(each) for each in rig.backend.node_requests] == [CreateTransport, DescribePeer]
    assert unanswered in client.session.resources.transports


async def test_a_request_that_fails_while_the_node_describes_the_peer_is_compared_with_the_next_description() -> None:
    rig = SignalingRig()
    client = await client_with_media(rig)
    held = await ask_without_answer(rig, client, CreateTransport)
    (first,) = client.session.resources.unanswered
    late = "created-late"

    async def describe(_: DescribePeer) -> PeerDescription:
        before = described(held)
        if late not in held.transports:
            held.transports[late] = SENDS
            client.session.resources.unanswered.add(late)
            client.session.on_media_gap()
        return before

    rig.backend.answers[DescribePeer] = describe
    await asyncio.sleep(60)
    closed = [each.transport_id for each in rig.backend.node_requests if isinstance(each, CloseTransport)]
    assert closed[0] == first
    assert late in closed


async def test_a_refused_request_leaves_nothing_to_ask_for() -> None:
    rig = SignalingRig()
    client = await client_with_media(rig)
    rig.backend.answers[CreateTransport] = HubbubError(ErrorCode.QUOTA_EXCEEDED, "too many transports")
    await client.ask("createTransport", {"direction": "send"})
    await asyncio.sleep(60)
    assert [type(each) for each in rig.backend.node_requests] == [CreateTransport]

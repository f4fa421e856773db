"""The events that a session's client gets: closed media, changes of the room, and their order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, get_args

import pytest

from hubbub_contracts import Done
from hubbub_contracts.bus.media import (
    ConsumerClosed,
    ConsumerLayersChanged,
    ConsumerPaused,
    ConsumerResumed,
    ConsumerScoreChanged,
    MediaEvent,
    PauseReason,
    ProducerClosed,
    ProducerLayersWanted,
    ProducerScoreChanged,
    TransportClosed,
)
from hubbub_contracts.bus.records import Placement
from hubbub_contracts.bus.room import CreateRoom
from hubbub_contracts.layers import ConsumerLayers
from hubbub_contracts.scores import ConsumerScores, EncodingScore
from hubbub_room import FeedChange, PeerChanged, SettingsChanged
from hubbub_signaling.domain.owned_resources import OwnedConsumer, OwnedResources
from hubbub_signaling.domain.session_state import SessionState
from hubbub_signaling.handlers.context import RequestContext
from support.signaling_fakes import RECEIVES, SENDS, SignalingRig, peer_record, with_handler

ANOTHER_NODE = Placement(node_id="another", epoch=1)


@pytest.mark.parametrize(
    ("event", "pushed", "left"),
    [
        pytest.param(
            TransportClosed(transport_id="up", reason="ice_timeout"),
            [("transportClosed", {"transportId": "up", "reason": "ice_timeout"})],
            OwnedResources({"down": RECEIVES}, {}, {"remote": OwnedConsumer("down", "p")}),
            id="transport",
        ),
        pytest.param(
            ProducerClosed(producer_id="camera", reason="internal"),
            [("producerClosed", {"producerId": "camera", "peerId": "PEER", "reason": "internal", "revision": 11})],
            OwnedResources({"up": SENDS, "down": RECEIVES}, {}, {"remote": OwnedConsumer("down", "p")}),
            id="producer",
        ),
        pytest.param(
            ProducerClosed(producer_id="of-a-server", reason="internal"),
            [],
            OwnedResources({"up": SENDS, "down": RECEIVES}, {"camera": "up"}, {"remote": OwnedConsumer("down", "p")}),
            id="producer on a plain transport",
        ),
        pytest.param(
            ConsumerClosed(consumer_id="remote", producer_id="p", reason="producer_closed"),
            [("consumerClosed", {"consumerId": "remote", "producerId": "p", "reason": "producer_closed"})],
            OwnedResources({"up": SENDS, "down": RECEIVES}, {"camera": "up"}, {}),
            id="consumer",
        ),
        pytest.param(
            ConsumerClosed(consumer_id="closed-before", producer_id="p", reason="producer_closed"),
            [],
            OwnedResources({"up": SENDS, "down": RECEIVES}, {"camera": "up"}, {"remote": OwnedConsumer("down", "p")}),
            id="not owned any more",
        ),
    ],
)
async def test_a_closure_by_the_node_is_pushed(
    event: MediaEvent, pushed: list[tuple[str, dict[str, Any]]], left: OwnedResources
) -> None:
    rig = SignalingRig()
    client = await rig.joined()
    resources = client.session.resources
    resources.transports.update(up=SENDS, down=RECEIVES)
    resources.producers["camera"] = "up"
    resources.consumers["remote"] = OwnedConsumer("down", "p")
    rig.backend.media[client.peer_id].on_event(event)
    expected = [(name, {k: client.peer_id if v == "PEER" else v for k, v in body.items()}) for name, body in pushed]
    assert client.socket.sent == expected
    assert resources == left
    await rig.ports.outbox.drain()
    assert rig.backend.removed_producers() == ([[event.producer_id]] if isinstance(event, ProducerClosed) else [])


@pytest.mark.parametrize(
    ("layers", "pushed"),
    [
        pytest.param(
            ConsumerLayers(spatial_layer=1, temporal_layer=2),
            {"layers": {"spatialLayer": 1, "temporalLayer": 2}},
            id="other layers",
        ),
        pytest.param(None, {}, id="nothing"),
    ],
)
async def test_changed_layers_of_an_owned_consumer_are_pushed(
    layers: ConsumerLayers | None, pushed: dict[str, Any]
) -> None:
    rig = SignalingRig()
    client = await rig.joined()
    client.session.resources.consumers["remote"] = OwnedConsumer("down", "p")
    for consumer_id in ("remote", "closed-before"):
        rig.backend.media[client.peer_id].on_event(ConsumerLayersChanged(consumer_id=consumer_id, layers=layers))
    assert client.socket.sent == [("consumerLayersChanged", {"consumerId": "remote", **pushed})]


async def test_the_wanted_encodings_of_an_owned_producer_are_pushed() -> None:
    rig = SignalingRig()
    client = await rig.joined()
    client.session.resources.producers["camera"] = "up"
    for producer_id in ("camera", "closed-before"):
        rig.backend.media[client.peer_id].on_event(
            ProducerLayersWanted(producer_id=producer_id, encodings=[True, False])
        )
    assert client.socket.sent == [("producerLayersWanted", {"producerId": "camera", "encodings": [True, False]})]


async def test_scores_of_owned_producers_and_consumers_are_pushed() -> None:
    rig = SignalingRig()
    client = await rig.joined()
    client.session.resources.producers["camera"] = "up"
    client.session.resources.consumers["remote"] = OwnedConsumer("down", "p")
    sent = [EncodingScore(encoding_idx=0, ssrc=7, score=4)]
    received = ConsumerScores(score=9, producer_score=4, producer_scores=[4])
    on_event = rig.backend.media[client.peer_id].on_event
    for each in ("camera", "closed-before"):
        on_event(ProducerScoreChanged(producer_id=each, score=sent))
    for each in ("remote", "closed-before"):
        on_event(ConsumerScoreChanged(consumer_id=each, score=received))
    assert client.socket.sent == [
        ("producerScore", {"producerId": "camera", "score": [{"encodingIdx": 0, "ssrc": 7, "score": 4}]}),
        ("consumerScore", {"consumerId": "remote", "score": {"score": 9, "producerScore": 4, "producerScores": [4]}}),
    ]


async def test_each_pause_of_an_owned_consumer_is_pushed_once() -> None:
    rig = SignalingRig()
    client = await rig.joined()
    client.session.resources.consumers["remote"] = OwnedConsumer("down", "p")
    for event in (ConsumerResumed, ConsumerPaused, ConsumerPaused, ConsumerResumed, ConsumerResumed):
        for consumer_id in ("remote", "closed-before"):
            for reason in get_args(get_args(PauseReason)[0]):
                rig.backend.media[client.peer_id].on_event(event(consumer_id=consumer_id, reason=reason))
    assert client.socket.sent == [
        (event, {"consumerId": "remote", "reason": reason})
        for event in ("consumerPaused", "consumerResumed")
        for reason in ("bandwidth", "link", "other")
    ], "each reason by itself"


async def test_layers_of_a_new_consumer_are_pushed_after_the_answer_that_introduces_it() -> None:
    async def create(context: RequestContext, _request: Any) -> Done:
        consumer_id = context.new_id()
        layers = ConsumerLayers(spatial_layer=0, temporal_layer=0)
        rig.backend.media[client.peer_id].on_event(ConsumerLayersChanged(consumer_id=consumer_id, layers=layers))
        context.resources.consumers[consumer_id] = OwnedConsumer("down", "p")
        return Done()

    rig = SignalingRig(with_handler("consume", create))
    client = await rig.joined()
    await client.ask("consume", {"transportId": "down", "producerId": "p"})
    await asyncio.sleep(0)
    assert [event for event, _ in client.socket.sent] == ["ack", "consumerLayersChanged"]


async def test_no_event_about_an_object_precedes_the_answer_that_introduces_it() -> None:
    created: list[str] = []

    async def create(context: RequestContext, _request: Any) -> Done:
        created.append(context.new_id())
        await asyncio.sleep(1)
        context.resources.transports[created[0]] = SENDS
        return Done()

    rig = SignalingRig(with_handler("createTransport", create))
    client = await rig.joined()
    on_event = rig.backend.media[client.peer_id].on_event
    client.session.resources.transports["older"] = SENDS
    client.send("createTransport", {"direction": "send"})
    await asyncio.sleep(0.5)
    on_event(TransportClosed(transport_id=created[0], reason="handshake_timeout"))
    on_event(TransportClosed(transport_id="older", reason="ice_timeout"))
    assert [event for event, _ in client.socket.sent] == ["transportClosed"], "other events do not wait"
    await asyncio.sleep(1)
    assert [event for event, _ in client.socket.sent] == ["transportClosed", "ack", "transportClosed"]


BOB = PeerChanged(50, "bob", peer_record("bob"), "")
RECORDING = {"recordingId": "recording", "audioOnly": False, "startedAt": 1}
RECORDER = PeerChanged(
    50, "recorder", peer_record("recorder").model_copy(update={"role": "recorder", "app_data": RECORDING}), ""
)
VIEWER = PeerChanged(50, "viewer", peer_record("viewer").model_copy(update={"role": "viewer"}), "")


@pytest.mark.parametrize(
    ("change", "pushed", "state"),
    [
        pytest.param(lambda _: BOB, ["peerJoined"], SessionState.JOINED, id="another peer joins"),
        pytest.param(lambda _: VIEWER, [], SessionState.JOINED, id="a hidden peer joins"),
        pytest.param(lambda _: RECORDER, ["recordingStarted"], SessionState.JOINED, id="a recorder joins"),
        pytest.param(
            lambda own: PeerChanged(50, own, None, "removed"), ["roomClosed"], SessionState.LEFT, id="own peer removed"
        ),
        pytest.param(
            lambda own: PeerChanged(50, own, peer_record(own, placement=ANOTHER_NODE), ""),
            ["transportClosed", "peerMoved"],
            SessionState.JOINED,
            id="own peer moved",
        ),
        pytest.param(
            lambda own: PeerChanged(50, own, peer_record(own, placement=None), ""),
            ["transportClosed"],
            SessionState.JOINED,
            id="own node lost",
        ),
        pytest.param(
            lambda own: PeerChanged(50, own, peer_record(own, signaling_id="another"), ""),
            [],
            SessionState.CLOSED,
            id="own peer claimed by another instance",
        ),
        pytest.param(
            lambda own: PeerChanged(50, own, peer_record(own, claim_id="newer"), ""),
            [],
            SessionState.CLOSED,
            id="own peer claimed by another session of this instance",
        ),
        pytest.param(
            lambda own: PeerChanged(50, own, peer_record(own, claim_id=None), ""),
            [],
            SessionState.JOINED,
            id="own peer written by a registry that knows no claims",
        ),
        pytest.param(
            lambda _: SettingsChanged(50, None, "room_closed"), ["roomClosed"], SessionState.LEFT, id="room removed"
        ),
    ],
)
async def test_a_change_of_the_room_is_pushed(
    change: Callable[[str], FeedChange], pushed: list[str], state: SessionState
) -> None:
    rig = SignalingRig()
    client = await rig.joined()
    client.session.resources.transports["up"] = SENDS
    rig.backend.deliver(change(client.peer_id))
    await asyncio.sleep(1)
    assert client.socket.pushes() == pushed
    assert client.session.machine.state is state
    assert client.socket.closed == (state is SessionState.CLOSED)
    assert rig.backend.departures() == []


@pytest.mark.parametrize(("reason", "pushed"), [("lost", "lost"), ("room_closed", "closed")])
async def test_a_removed_room_is_pushed_once_with_its_reason(reason: str, pushed: str) -> None:
    rig = SignalingRig()
    client = await rig.joined()
    rig.backend.deliver(SettingsChanged(50, None, reason))
    rig.backend.deliver(SettingsChanged(51, None, reason))
    assert client.socket.sent == [("roomClosed", {"reason": pushed})]


async def test_a_client_whose_room_was_removed_joins_again_on_the_same_socket() -> None:
    rig = SignalingRig()
    client = await rig.joined()
    rig.backend.change_peer(client.peer_id, None, "removed")
    await asyncio.sleep(1)
    assert rig.backend.open_subscriptions() == 0
    assert "error" not in await client.join()


@pytest.mark.parametrize(("stored", "pushed"), [("moderated", "other"), ("", "other"), ("signaling_lost",) * 2])
async def test_a_departure_for_an_unknown_reason_is_pushed_to_everybody(stored: str, pushed: str) -> None:
    rig = SignalingRig()
    rig.backend.peers["bob"] = peer_record("bob")
    clients = [await rig.joined(), await rig.joined()]
    for client in clients:
        client.socket.sent.clear()
    rig.backend.change_peer("bob", None, stored)
    for client in clients:
        assert [(event, push["reason"]) for event, push in client.socket.sent] == [("peerLeft", pushed)]


async def test_failed_deferred_event_does_not_stop_later_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = SignalingRig()
    client = await rig.joined()
    session, failed = client.session, list[str]()
    session.resources.transports |= {"first": SENDS, "second": RECEIVES}
    push = client.socket.push

    def fail_once(message: Any) -> None:
        if not failed:
            failed.append("once")
            raise RuntimeError("a bug")
        push(message)

    monkeypatch.setattr(client.socket, "push", fail_once)
    session._deferred = [
        partial(session.on_media_event, TransportClosed(transport_id=each, reason="ice_timeout"))
        for each in ("first", "second")
    ]
    session._replay_deferred()
    assert client.socket.sent == [("transportClosed", {"transportId": "second", "reason": "ice_timeout"})]


async def test_session_that_missed_changes_closes_its_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = SignalingRig()
    failing, other = await rig.joined(), await rig.joined()
    failing.socket.sent.clear()

    def fail(_: Any) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(failing.socket, "push", fail)
    rig.backend.change_peer("bob", peer_record("bob"))
    assert failing.socket.closed
    assert not other.socket.closed
    assert "peerJoined" in other.socket.pushes()


async def test_session_detaches_although_its_close_is_cancelled() -> None:
    rig = SignalingRig()
    client = await rig.joined()
    answered = asyncio.Event()

    async def never_end(_: Any) -> Done:
        while not answered.is_set():
            try:
                await answered.wait()
            except asyncio.CancelledError:
                continue
        return Done()

    rig.backend.answers[CreateRoom] = never_end
    client.send("createRoom", {"callId": "call"})
    await asyncio.sleep(0)
    closing = asyncio.create_task(client.session.close())
    await asyncio.sleep(0.1)
    closing.cancel()
    await asyncio.sleep(0.1)
    answered.set()
    await asyncio.wait({closing})
    assert rig.backend.open_subscriptions() == 0

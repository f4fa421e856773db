"""docs/closures.md, rows 1 to 12: which events the owners get. Each test is named for its row."""

from __future__ import annotations

import pytest

from hubbub_contracts.bus import media
from hubbub_contracts.bus.consumer import ConsumerCreated, CreateConsumer
from hubbub_contracts.bus.media import CloseReason, MediaEvent
from hubbub_contracts.bus.producer import CreateProducer
from hubbub_contracts.bus.records import Placement
from hubbub_contracts.bus.transport import CreateTransport, DtlsParameters, Fingerprint, IceParameters, TransportCreated
from hubbub_contracts.types import Direction
from hubbub_media_core import events
from hubbub_media_core.specs import ProducerSpec
from hubbub_media_node.domain.cascade import Cascade
from hubbub_media_node.domain.close_request import DTLS_FAILED, SILENT, UNCONFIRMED
from hubbub_media_node.domain.closures import CloseEvent, apply_close_event
from hubbub_media_node.domain.codec_profiles import router_capabilities
from hubbub_media_node.domain.confirmation_tracker import ConfirmationTracker
from hubbub_media_node.domain.entities import Consumer, Producer, Room, Router, WebRtcTransport
from hubbub_media_node.domain.entity_store import EntityStore
from hubbub_media_node.domain.room_view import RoomView
from hubbub_media_node.domain.sctp_parameters import SCTP_PARAMETERS

ROOM = "room"
SEND, RECEIVE, PRODUCER, CONSUMER = 11, 12, 13, 14
"""Core ids: alice's transport and producer, bob's transport and his consumer of her producer."""


@pytest.fixture
def entities() -> EntityStore:
    """A room in which bob consumes alice's producer."""
    entities = EntityStore()
    room = Room(
        id=ROOM,
        codec_profile="v1",
        capabilities=router_capabilities("v1"),
        view=RoomView(Placement(node_id="node", epoch=1), lambda _: None, lambda: None),
        confirmations=ConfirmationTracker(),
        cascade=Cascade("node", 8),
    )
    router = Router(core_id=1, room=room, worker=0)
    entities.add_router(router)
    send = _transport(router, "alice", "send", SEND)
    receive = _transport(router, "bob", "recv", RECEIVE)
    entities.add_transport(send)
    entities.add_transport(receive)
    entities.add_producer(
        Producer(
            id="producer",
            core_id=PRODUCER,
            transport=send,
            kind="audio",
            request=CreateProducer(
                room_id=ROOM,
                peer_id="alice",
                transport_id="send",
                producer_id="producer",
                kind="audio",
                rtp_parameters={},
                paused=False,
            ),
            spec=ProducerSpec(kind="audio", codecs=(), encodings=()),
            consumable={"codecs": [], "headerExtensions": [], "encodings": [], "rtcp": {"reducedSize": True}},
            type="simple",
            paused=False,
        )
    )
    entities.add_consumer(
        Consumer(
            id="consumer",
            core_id=CONSUMER,
            transport=receive,
            producer_id="producer",
            source=PRODUCER,
            request=CreateConsumer(
                room_id=ROOM,
                peer_id="bob",
                transport_id="recv",
                producer_id="producer",
                consumer_id="consumer",
                rtp_capabilities={},
            ),
            created=ConsumerCreated(kind="audio", rtp_parameters={}, type="simple", producer_paused=False),
        )
    )
    return entities


def _transport(router: Router, peer_id: str, direction: Direction, core_id: int) -> WebRtcTransport:
    return WebRtcTransport(
        id=direction,
        core_id=core_id,
        router=router,
        peer_id=peer_id,
        direction=direction,
        request=CreateTransport(
            room_id=ROOM, peer_id=peer_id, transport_id=direction, direction=direction, codec_profile="v1"
        ),
        created=TransportCreated(
            ice_parameters=IceParameters(username_fragment="ufrag", password="password"),
            ice_candidates=[],
            dtls_parameters=DtlsParameters(fingerprints=[Fingerprint(algorithm="sha-256", value="00")]),
            sctp_parameters=SCTP_PARAMETERS,
        ),
        cname="cname",
        ice_username_fragment="ufrag",
    )


def published_after(entities: EntityStore, *core_events: CloseEvent) -> list[tuple[str, MediaEvent]]:
    """The published events and their recipients, in order."""
    closures = [apply_close_event(entities, event) for event in core_events]
    return [(each.event.peer_id, each.event.event) for each in closures if each.event is not None]


def consumer_closed(reason: CloseReason) -> tuple[str, MediaEvent]:
    return "bob", media.ConsumerClosed(consumer_id="consumer", producer_id="producer", reason=reason)


def producer_closed(reason: CloseReason) -> tuple[str, MediaEvent]:
    return "alice", media.ProducerClosed(producer_id="producer", reason=reason, transport_id="send")


SEND_CASCADE = (
    events.ConsumerClosed(CONSUMER, "producer_closed"),
    events.ProducerClosed(PRODUCER, "transport_closed"),
)
"""The core's events before that of the send transport itself."""


def test_row_1_closing_a_consumer_by_request_publishes_nothing(entities: EntityStore) -> None:
    entities.consumers["consumer"].close_request = SILENT
    assert published_after(entities, events.ConsumerClosed(CONSUMER, "requested")) == []
    assert not entities.consumers


def test_row_2_closing_a_producer_by_request_notifies_only_its_consumers_peers(entities: EntityStore) -> None:
    entities.producers["producer"].close_request = SILENT
    published = published_after(
        entities, events.ConsumerClosed(CONSUMER, "producer_closed"), events.ProducerClosed(PRODUCER, "requested")
    )
    assert published == [consumer_closed("producer_closed")]


def test_row_3_closing_a_send_transport_by_request_notifies_only_the_consumers_peers(entities: EntityStore) -> None:
    entities.transports["send"].close_request = SILENT
    published = published_after(entities, *SEND_CASCADE, events.TransportClosed(SEND, "requested"))
    assert published == [consumer_closed("producer_closed")]


def test_row_4_closing_a_receive_transport_by_request_publishes_nothing(entities: EntityStore) -> None:
    entities.transports["recv"].close_request = SILENT
    published = published_after(
        entities, events.ConsumerClosed(CONSUMER, "transport_closed"), events.TransportClosed(RECEIVE, "requested")
    )
    assert published == []
    assert set(entities.transports) == {"send"}


@pytest.mark.parametrize("row", [5, 10])
def test_rows_5_and_10_a_transport_closed_by_the_node_notifies_its_owner_of_every_object(
    entities: EntityStore, row: int
) -> None:
    reason: CloseReason = "dtls_failed" if row == 5 else "unconfirmed"
    entities.transports["send"].close_request = DTLS_FAILED if row == 5 else UNCONFIRMED
    published = published_after(entities, *SEND_CASCADE, events.TransportClosed(SEND, "requested"))
    assert published == [
        consumer_closed("producer_closed"),
        producer_closed("transport_closed"),
        ("alice", media.TransportClosed(transport_id="send", reason=reason)),
    ]


@pytest.mark.parametrize("reason", ["handshake_timeout", "ice_timeout", "internal"])
def test_rows_6_7_and_12_a_transport_closed_by_the_core_notifies_its_owner_of_every_object(
    entities: EntityStore, reason: events.CloseReason
) -> None:
    published = published_after(
        entities, events.ConsumerClosed(CONSUMER, "transport_closed"), events.TransportClosed(RECEIVE, reason)
    )
    assert published == [
        consumer_closed("transport_closed"),
        ("bob", media.TransportClosed.model_validate({"transportId": "recv", "reason": reason})),
    ]


def test_row_10_an_unconfirmed_producer_notifies_its_owner_and_its_consumers_peers(entities: EntityStore) -> None:
    entities.producers["producer"].close_request = UNCONFIRMED
    published = published_after(
        entities, events.ConsumerClosed(CONSUMER, "producer_closed"), events.ProducerClosed(PRODUCER, "requested")
    )
    assert published == [consumer_closed("producer_closed"), producer_closed("unconfirmed")]


def test_row_11_closing_the_last_transport_removes_the_room(entities: EntityStore) -> None:
    assert apply_close_event(entities, events.TransportClosed(SEND, "requested")).empty_routers == []
    (empty_router,) = apply_close_event(entities, events.TransportClosed(RECEIVE, "requested")).empty_routers
    assert empty_router.room.id == ROOM
    assert not entities.rooms


def test_row_12_a_fault_in_a_producer_notifies_its_owner(entities: EntityStore) -> None:
    assert published_after(entities, events.ProducerClosed(PRODUCER, "internal")) == [producer_closed("internal")]


def test_an_event_of_an_unknown_object_publishes_nothing(entities: EntityStore) -> None:
    assert (
        published_after(entities, events.ConsumerClosed(99, "internal"), events.TransportClosed(99, "ice_timeout"))
        == []
    )

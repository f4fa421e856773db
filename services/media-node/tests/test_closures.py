"""docs/closures.md, rows 1 to 12: who is told what. Each test is named for its row."""

from __future__ import annotations

import pytest

from hubbub_contracts.bus import media
from hubbub_contracts.bus.consumer import ConsumerCreated, CreateConsumer
from hubbub_contracts.bus.media import CloseReason
from hubbub_contracts.bus.producer import CreateProducer
from hubbub_contracts.bus.transport import CreateTransport, DtlsParameters, Fingerprint, IceParameters, TransportCreated
from hubbub_contracts.types import Direction
from hubbub_media_core import events
from hubbub_media_node.domain.closures import ASKED, Closed, Notice, closed
from hubbub_media_node.domain.profiles import router_capabilities
from hubbub_media_node.domain.sctp import PARAMETERS
from hubbub_media_node.domain.tables import Closing, Consumer, Producer, Room, Tables, Transport

ROOM = "room"
SEND, RECEIVE, PRODUCER, CONSUMER = 11, 12, 13, 14
"""In the core: alice's transport and producer, bob's transport and consumer of it."""


@pytest.fixture
def tables() -> Tables:
    tables = Tables()
    room = Room(id=ROOM, worker=0, router=1, codec_profile="v1", capabilities=router_capabilities("v1"))
    tables.add_room(room)
    send = _transport(room, "alice", "send", SEND)
    receive = _transport(room, "bob", "recv", RECEIVE)
    tables.add_transport(send)
    tables.add_transport(receive)
    tables.add_producer(
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
            consumable={"codecs": [], "headerExtensions": [], "encodings": [], "rtcp": {"reducedSize": True}},
            type="simple",
            paused=False,
        )
    )
    tables.add_consumer(
        Consumer(
            id="consumer",
            core_id=CONSUMER,
            transport=receive,
            producer_id="producer",
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
    return tables


def _transport(room: Room, peer_id: str, direction: Direction, core_id: int) -> Transport:
    return Transport(
        id=direction,
        core_id=core_id,
        room=room,
        peer_id=peer_id,
        direction=direction,
        request=CreateTransport(
            room_id=ROOM, peer_id=peer_id, transport_id=direction, direction=direction, codec_profile="v1"
        ),
        created=TransportCreated(
            ice_parameters=IceParameters(username_fragment="ufrag", password="password"),
            ice_candidates=[],
            dtls_parameters=DtlsParameters(fingerprints=[Fingerprint(algorithm="sha-256", value="00")]),
            sctp_parameters=PARAMETERS,
        ),
        cname="cname",
    )


def told_after(tables: Tables, *happened: Closed) -> list[tuple[str, Notice]]:
    """Who is told what, in order."""
    outcomes = [closed(tables, event) for event in happened]
    return [(each.told.peer_id, each.told.notice) for each in outcomes if each.told is not None]


def consumer_closed(reason: CloseReason) -> tuple[str, Notice]:
    return "bob", media.ConsumerClosed(consumer_id="consumer", producer_id="producer", reason=reason)


def producer_closed(reason: CloseReason) -> tuple[str, Notice]:
    return "alice", media.ProducerClosed(producer_id="producer", reason=reason)


SEND_FALLS = (
    events.ConsumerClosed(CONSUMER, "producer_closed"),
    events.ProducerClosed(PRODUCER, "transport_closed"),
)
"""What the core announces before the send transport itself."""


def test_row_1_a_consumer_that_was_asked_to_close_is_told_to_nobody(tables: Tables) -> None:
    tables.consumers["consumer"].closing = ASKED
    assert told_after(tables, events.ConsumerClosed(CONSUMER, "requested")) == []
    assert not tables.consumers


def test_row_2_a_closed_producer_is_told_to_its_consumers_peers_only(tables: Tables) -> None:
    tables.producers["producer"].closing = ASKED
    told = told_after(
        tables, events.ConsumerClosed(CONSUMER, "producer_closed"), events.ProducerClosed(PRODUCER, "requested")
    )
    assert told == [consumer_closed("producer_closed")]


def test_row_3_a_closed_send_transport_is_told_to_consumers_peers_only(tables: Tables) -> None:
    tables.transports["send"].closing = ASKED
    told = told_after(tables, *SEND_FALLS, events.TransportClosed(SEND, "requested"))
    assert told == [consumer_closed("producer_closed")]


def test_row_4_a_closed_receive_transport_is_told_to_nobody(tables: Tables) -> None:
    tables.transports["recv"].closing = ASKED
    told = told_after(
        tables, events.ConsumerClosed(CONSUMER, "transport_closed"), events.TransportClosed(RECEIVE, "requested")
    )
    assert told == []
    assert set(tables.transports) == {"send"}


@pytest.mark.parametrize("row", [5, 10])
def test_rows_5_and_10_the_node_closes_a_transport_and_the_owner_is_told_of_all(tables: Tables, row: int) -> None:
    reason: CloseReason = "dtls_failed" if row == 5 else "unconfirmed"
    tables.transports["send"].closing = Closing(told=reason)
    told = told_after(tables, *SEND_FALLS, events.TransportClosed(SEND, "requested"))
    assert told == [
        consumer_closed("producer_closed"),
        producer_closed("transport_closed"),
        ("alice", media.TransportClosed(transport_id="send", reason=reason)),
    ]


@pytest.mark.parametrize("reason", ["handshake_timeout", "ice_timeout", "internal"])
def test_rows_6_7_and_12_the_core_closes_a_transport_and_the_owner_is_told_of_all(
    tables: Tables, reason: events.CloseReason
) -> None:
    told = told_after(
        tables, events.ConsumerClosed(CONSUMER, "transport_closed"), events.TransportClosed(RECEIVE, reason)
    )
    assert told == [
        consumer_closed("transport_closed"),
        ("bob", media.TransportClosed.model_validate({"transportId": "recv", "reason": reason})),
    ]


def test_row_10_an_unconfirmed_producer_is_told_to_its_owner_and_its_consumers_peers(tables: Tables) -> None:
    tables.producers["producer"].closing = Closing(told="unconfirmed")
    told = told_after(
        tables, events.ConsumerClosed(CONSUMER, "producer_closed"), events.ProducerClosed(PRODUCER, "requested")
    )
    assert told == [consumer_closed("producer_closed"), producer_closed("unconfirmed")]


def test_row_11_the_last_transport_takes_the_room_with_it(tables: Tables) -> None:
    assert closed(tables, events.TransportClosed(SEND, "requested")).emptied is None
    emptied = closed(tables, events.TransportClosed(RECEIVE, "requested")).emptied
    assert emptied is not None
    assert emptied.id == ROOM
    assert not tables.rooms


def test_row_12_a_fault_in_a_producer_is_told_to_its_owner(tables: Tables) -> None:
    assert told_after(tables, events.ProducerClosed(PRODUCER, "internal")) == [producer_closed("internal")]


def test_what_is_not_known_is_told_to_nobody(tables: Tables) -> None:
    assert told_after(tables, events.ConsumerClosed(99, "internal"), events.TransportClosed(99, "ice_timeout")) == []

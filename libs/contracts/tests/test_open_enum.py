"""Values that only a newer version knows are read as `other`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import pytest
from pydantic import TypeAdapter, ValidationError
from pydantic.json_schema import models_json_schema

from hubbub_contracts import Model
from hubbub_contracts.bus.catalogue import EVENTS, NODE_REQUESTS, REGISTRY_REQUESTS
from hubbub_contracts.bus.consumer import ConsumerCreated
from hubbub_contracts.bus.media import MEDIA_EVENT, TransportClosed
from hubbub_contracts.bus.node import PeerDescription
from hubbub_contracts.bus.peer import LeaveRoom
from hubbub_contracts.bus.producer import AddProducer, CreateProducer
from hubbub_contracts.bus.records import PeerRecord, RoomRecord
from hubbub_contracts.bus.transport import CreateTransport, TransportCreated
from hubbub_contracts.open_enum import OpenEnum
from hubbub_contracts.socket.catalogue import PUSHES

CLOSED = {
    ("DtlsParameters", "role"): "RFC 8842",
    ("IceCandidate", "protocol"): "candidates of other protocols are left out",
    ("RoomClosed", "reason"): "decided by signaling",
    ("SrtpParameters", "cryptoSuite"): "that of the request",
    ("TransportReady", "iceTransportPolicy"): "decided by signaling",
}
"""Enumerations in reports that cannot grow, and why. Nested models count with the message that contains them."""


def reports() -> list[type[Model]]:
    """The messages that report events or state."""
    replies = [request.reply_model() for request in (*REGISTRY_REQUESTS, *NODE_REQUESTS)]
    return list(dict.fromkeys([*replies, *EVENTS, *PUSHES.values(), PeerRecord, RoomRecord]))


def closed_enumerations() -> Iterator[tuple[str, str]]:
    """The model and field of every enumeration in reports that has no `other`."""
    _, schema = models_json_schema([(model, "validation") for model in reports()])
    for name, model in schema["$defs"].items():
        for field, described in model.get("properties", {}).items():
            for option in [described, *described.get("anyOf", []), described.get("items", {})]:
                if "enum" in option and "other" not in option["enum"]:
                    yield name, field


def test_every_enumeration_in_a_report_is_open() -> None:
    assert set(closed_enumerations()) <= set(CLOSED)


def test_a_departure_for_an_unknown_reason_is_read_as_other() -> None:
    leave = LeaveRoom.model_validate_json('{"roomId": "r", "peerId": "p", "reason": "moderated"}')
    assert leave.reason == "other"


def test_a_closure_for_an_unknown_reason_is_read_as_other() -> None:
    event = MEDIA_EVENT.validate_python(
        {"type": "hubbub.v1.media.transport-closed", "transportId": "t", "reason": "quota"}
    )
    assert isinstance(event, TransportClosed)
    assert event.reason == "other"


def test_a_record_with_an_unknown_kind_of_producer_is_read() -> None:
    record = {"producers": [{"producerId": "p", "kind": "data", "appData": {}, "paused": False}]}
    fields = {"roomId": "r", "peerId": "p", "userId": "u", "displayName": "", "appData": {}, "joinedAt": 0}
    assert PeerRecord.model_validate({**fields, "signalingId": "s", **record}).producers[0].kind == "other"


def test_a_description_with_unknown_values_is_read() -> None:
    description = PeerDescription.model_validate(
        {
            "transports": [{"transportId": "t", "direction": "both", "connected": True}],
            "producers": [{"producerId": "p", "transportId": "t", "kind": "data", "paused": False}],
            "consumers": [],
        }
    )
    assert (description.transports[0].direction, description.producers[0].kind) == ("other", "other")
    created = {"kind": "data", "type": "layered", "rtpParameters": {}, "producerPaused": False}
    consumer = ConsumerCreated.model_validate(created)
    assert (consumer.kind, consumer.type) == ("other", "other")


def test_candidates_of_an_unknown_kind_are_left_out() -> None:
    candidate = {"foundation": "1", "priority": 1, "ip": "192.0.2.1", "address": "192.0.2.1", "port": 1}
    offered = [
        {**candidate, "protocol": "udp", "type": "host"},
        {**candidate, "protocol": "tls", "type": "host"},
        {**candidate, "protocol": "udp", "type": "srflx"},
    ]
    created = TransportCreated.model_validate(
        {
            "iceParameters": {"usernameFragment": "u", "password": "p"},
            "iceCandidates": offered,
            "dtlsParameters": {"fingerprints": [{"algorithm": "sha-256", "value": "00"}]},
            "sctpParameters": {
                "port": 1, "OS": 1, "MIS": 1, "maxMessageSize": 1, "maxSendMessageSize": 1, "maxReceiveMessageSize": 1
            },
        }
    )  # fmt: skip
    assert [one.wire() for one in created.ice_candidates] == [offered[0]]


@pytest.mark.parametrize(
    ("model", "field", "value"),
    [(CreateTransport, "direction", "both"), (CreateProducer, "kind", "data"), (AddProducer, "kind", "data")],
)
def test_a_request_with_an_unknown_value_is_refused(model: type[Model], field: str, value: str) -> None:
    with pytest.raises(ValidationError) as caught:
        model.model_validate({field: value})
    assert (field,) in {error["loc"] for error in caught.value.errors() if error["type"] == "literal_error"}


def test_an_open_enumeration_still_refuses_other_types() -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(Annotated[Literal["a", "other"], OpenEnum()])
    assert [adapter.validate_python(value) for value in ("a", "b", "")] == ["a", "other", "other"]
    with pytest.raises(ValidationError):
        adapter.validate_python(7)


def test_an_open_enumeration_without_the_value_other_is_an_error() -> None:
    with pytest.raises(TypeError, match="other"):
        TypeAdapter(Annotated[Literal["a", "b"], OpenEnum()])

"""Rules for all messages: strict types, nulls read as absent, bounds, stable names."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from hubbub_contracts.base import answer_model
from hubbub_contracts.bus.catalogue import EVENTS, NODE_REQUESTS, REGISTRY_REQUESTS
from hubbub_contracts.bus.room import CreateRoom, RoomCreated
from hubbub_contracts.errors import FAULT, ErrorBody, ErrorCode, HubbubError
from hubbub_contracts.socket.catalogue import CLIENT_REQUESTS
from hubbub_contracts.socket.room import JoinRoom
from hubbub_contracts.types import MAX_APP_DATA_BYTES

JOIN = {"callId": "standup", "userId": "ann", "rtpCapabilities": {"codecs": []}}


def test_null_is_read_as_absent() -> None:
    join = JoinRoom.model_validate(JOIN | {"displayName": None, "appData": None, "resumable": None})
    assert (join.display_name, join.app_data, join.resumable) == (None, {}, False)


def test_absent_fields_are_not_sent() -> None:
    assert "displayName" not in JoinRoom.model_validate(JOIN).wire()


def test_unknown_fields_are_ignored() -> None:
    assert JoinRoom.model_validate(JOIN | {"colour": "red"}) == JoinRoom.model_validate(JOIN)


@pytest.mark.parametrize(
    "wrong",
    [
        {"callId": 7},
        {"callId": ""},
        {"callId": "x" * 65},
        {"userId": True},
        {"rtpCapabilities": []},
        {"rtpCapabilities": {"codecs": float("nan")}},
        {"resumable": 1},
        {"appData": {"note": "x" * MAX_APP_DATA_BYTES}},
    ],
)
def test_wrong_type_or_size_is_rejected(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        JoinRoom.model_validate(JOIN | wrong)


def test_deeply_nested_value_is_rejected_without_stack_overflow() -> None:
    nested: dict[str, object] = {}
    for _ in range(5_000):
        nested = {"a": nested}
    with pytest.raises(ValidationError):
        JoinRoom.model_validate(JOIN | {"appData": nested})


def test_every_request_has_an_answer_model_and_a_unique_type_name() -> None:
    assert CreateRoom.reply_model() is RoomCreated
    requests = [*REGISTRY_REQUESTS, *NODE_REQUESTS]
    assert len({request.type_name() for request in requests} | {event.type_name() for event in EVENTS}) == len(
        requests
    ) + len(EVENTS)
    assert all(answer_model(message).__name__ for message in [*requests, *CLIENT_REQUESTS.values()])


def test_every_error_code_states_who_is_at_fault() -> None:
    assert set(FAULT) == set(ErrorCode)


def test_error_round_trips_and_unknown_code_is_read_as_internal() -> None:
    error = HubbubError(ErrorCode.ROOM_NOT_FOUND, "no room 'x'", retryable=True)
    body = ErrorBody.model_validate_json(error.reply().error.model_dump_json())
    back = HubbubError.from_body(body)
    assert (back.code, back.message, back.retryable) == (error.code, error.message, True)
    assert HubbubError.from_body(ErrorBody(code="teapot", message="")).code is ErrorCode.INTERNAL

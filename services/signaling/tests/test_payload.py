"""Payloads that no service may get."""

from __future__ import annotations

from typing import Any

import pytest

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_signaling.domain.payload import MAX_DEPTH, check_payload

HALF_EMOJI = "Zo\ud83d"


def nested(levels: int, *, in_objects: bool) -> Any:
    """A value of that many levels of arrays or objects."""
    value: Any = 1
    for _ in range(levels):
        value = {"a": value} if in_objects else [value]
    return value


def refusal(payload: object) -> str:
    """The text of the error."""
    with pytest.raises(HubbubError) as caught:
        check_payload(payload)
    assert caught.value.code is ErrorCode.INVALID_ARGUMENT
    return caught.value.message


@pytest.mark.parametrize("in_objects", [False, True], ids=["arrays", "objects"])
def test_payloads_may_be_nested_up_to_the_limit(in_objects: bool) -> None:
    check_payload({"appData": nested(MAX_DEPTH - 1, in_objects=in_objects)})
    for levels in (MAX_DEPTH, 197, 50_000):
        deep = refusal({"callId": "c", "appData": nested(levels, in_objects=in_objects)})
        assert deep == "appData: is nested more than 32 levels deep"


@pytest.mark.parametrize(
    "value",
    [HALF_EMOJI, [HALF_EMOJI], {"nick": HALF_EMOJI}, {HALF_EMOJI: 1}, {"a": [{"b": ["\udc00"]}]}],
    ids=["text", "in an array", "in an object", "as a key", "the other half"],
)
def test_half_a_character_is_refused_with_the_name_of_its_field(value: object) -> None:
    assert refusal({"userId": "ann", "appData": value}) == "appData: is not valid Unicode"


def test_a_name_with_half_a_character_is_not_repeated() -> None:
    assert refusal({HALF_EMOJI: 1}) == "payload: is not valid Unicode"


@pytest.mark.parametrize("payload", [None, {}, [], "text", 7, {"text": "\U0001f3a5 \x00 ü", "list": [[], {}, None]}])
def test_other_values_are_left_to_the_types_of_the_fields(payload: object) -> None:
    check_payload(payload)

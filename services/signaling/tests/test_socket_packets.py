"""Parsing of Socket.IO packets."""

from __future__ import annotations

import pytest

from hubbub_contracts import HubbubError
from hubbub_signaling.adapters.socket_packets import (
    MAX_MESSAGE,
    EventHead,
    is_connect_or_disconnect,
    parse_event,
    parse_event_head,
)


@pytest.mark.parametrize(
    ("data", "head"),
    [
        ('2["join"]', EventHead(None, 1)),
        ('27["join"]', EventHead(7, 2)),
        ('2/,7["join"]', EventHead(7, 4)),
        ('2/admin,7["join"]', None),
        ('27{"join":1}', None),
        ("27", None),
        ('21234567890["join"]', None),
    ],
)
def test_the_head_of_an_event_names_its_acknowledgement(data: str, head: EventHead | None) -> None:
    assert parse_event_head(data) == head


@pytest.mark.parametrize(
    ("array", "event"),
    [('["join"]', ("join", None)), ('["join",{"a":1}]', ("join", {"a": 1})), ('["join",1,2]', ("join", 1))],
)
def test_an_event_has_a_name_and_one_payload(array: str, event: tuple[str, object]) -> None:
    assert parse_event("27" + array, EventHead(7, 2)) == event


@pytest.mark.parametrize(
    ("array", "code"),
    [
        ("[]", "invalid_argument"),
        ("[1]", "invalid_argument"),
        ('["join",NaN]', "invalid_argument"),
        ('["join"', "invalid_argument"),
        ("[" * 100_000, "invalid_argument"),
        ('["' + "x" * MAX_MESSAGE + '"]', "too_large"),
    ],
)
def test_a_malformed_event_is_refused(array: str, code: str) -> None:
    with pytest.raises(HubbubError) as refused:
        parse_event("2" + array, EventHead(None, 1))
    assert refused.value.code.value == code


@pytest.mark.parametrize(
    ("data", "connected", "accepted"),
    [
        ("0", False, True),
        ("0", True, False),
        ("0{}", True, False),
        ("0/,", True, False),
        ("0/?token=1,", True, False),
        ("0/admin,", True, True),
        ("1", True, True),
        ("2[]", False, False),
        ("51-[]", True, False),
        ("0" + "x" * MAX_MESSAGE, False, False),
    ],
)
def test_the_default_namespace_is_connected_once(data: str, connected: bool, accepted: bool) -> None:
    assert is_connect_or_disconnect(data, connected=connected) == accepted

"""Parsing of Socket.IO packets."""

from __future__ import annotations

import pytest

from hubbub_contracts import HubbubError
from hubbub_signaling.adapters.socket_packets import (
    MAX_MESSAGE,
    EventHead,
    is_connect_or_disconnect,
    is_payload,
    parse_event,
    parse_event_head,
)

NONE: frozenset[str] = frozenset()
DEFAULT = frozenset({"/"})
CALLS = frozenset({"/calls"})
BOTH = DEFAULT | CALLS


@pytest.mark.parametrize(
    ("data", "head"),
    [
        ('2["join"]', EventHead("/", None, 1)),
        ('27["join"]', EventHead("/", 7, 2)),
        ('2/,7["join"]', EventHead("/", 7, 4)),
        ('2/calls,7["accept"]', EventHead("/calls", 7, 9)),
        ('2/calls?x,7["accept"]', None),
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
    assert parse_event("27" + array, EventHead("/", 7, 2)) == event


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
        parse_event("2" + array, EventHead("/", None, 1))
    assert refused.value.code.value == code


@pytest.mark.parametrize(
    ("data", "connected", "accepted"),
    [
        ("0", NONE, True),
        ("0", DEFAULT, False),
        ("0{}", DEFAULT, False),
        ("0/,", DEFAULT, False),
        ("0/?token=1,", DEFAULT, False),
        ("0/calls,", DEFAULT, True),
        ("0/calls,", BOTH, False),
        ("0/calls", BOTH, False),
        ("0/calls?a=b,{}", BOTH, False),
        ("0", CALLS, True),
        ("0/callsx,", BOTH, True),
        ("1", DEFAULT, True),
        ("1/calls,", BOTH, True),
        ("2[]", NONE, False),
        ("51-[]", DEFAULT, False),
        ("0" + "x" * MAX_MESSAGE, NONE, False),
    ],
)
def test_each_namespace_is_connected_once(data: str, connected: frozenset[str], accepted: bool) -> None:
    assert is_connect_or_disconnect(data, connected) == accepted


@pytest.mark.parametrize(
    ("body", "connected"),
    [
        *((body, connected) for body in (b"3", b"1", b"40/admin,") for connected in (NONE, DEFAULT)),
        *((b"40", NONE), (b'40\x1e420["join"]', NONE)),
        *((b'420["join"]\x1e3', DEFAULT), (b"\x1e".join([b"42[]"] * 16), DEFAULT)),
        *((b'42/calls,0["accept"]', CALLS), (b'40/calls,{}\x1e42/calls,0["accept"]', DEFAULT), (b"40", CALLS)),
    ],
)
def test_a_payload_consists_of_packets_that_clients_post(body: bytes, connected: frozenset[str]) -> None:
    assert is_payload(body, connected)


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"hello", b"0{}", b"9", b"4", b"2", b"5", b"6", b"30", b"bAAAA", b"d=40", b"\xff"),
        *(b"\x1e\x1e", b"40\x1ezz", b"\x1e".join([b"3"] * 17)),
    ],
)
@pytest.mark.parametrize("connected", [NONE, DEFAULT, BOTH])
def test_other_payloads_are_refused(body: bytes, connected: frozenset[str]) -> None:
    assert not is_payload(body, connected)


@pytest.mark.parametrize(
    ("body", "connected"),
    [
        pytest.param(b"40", DEFAULT, id="a second connect"),
        pytest.param(b"40\x1e40", NONE, id="two connects"),
        pytest.param(b"40/calls,\x1e40/calls,", DEFAULT, id="two connects of calls"),
        pytest.param(b'420["join"]', NONE, id="an event before the connect"),
        pytest.param(b'42/calls,0["accept"]', DEFAULT, id="an event of a namespace that is not open"),
        pytest.param(b'420["join"]', CALLS, id="an event of the default namespace that is not open"),
        pytest.param(b'420["join"]\x1e40', NONE, id="an event before the connect in the same body"),
        pytest.param(b"42", DEFAULT, id="an event without a name"),
        pytest.param(b"43[]", DEFAULT, id="an acknowledgement of nothing"),
    ],
)
def test_a_payload_that_is_out_of_turn_is_refused(body: bytes, connected: frozenset[str]) -> None:
    assert not is_payload(body, connected)

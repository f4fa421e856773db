"""What a user's devices are told about a change of a call."""

from __future__ import annotations

from typing import Any

import pytest

from hubbub_contracts.bus.call_records import CallRecord
from hubbub_contracts.socket.call import IncomingCall
from hubbub_signaling.domain.calls.pushes import deliveries, ring
from support.calls_fakes import call_record, with_part


def ended(reason: str, **participants: Any) -> CallRecord:
    return call_record(state="ended", **participants).model_copy(update={"end_reason": reason})


RINGING = call_record(bob="ringing", carol="ringing")
ACTIVE = call_record(state="active", bob="accepted", carol="ringing")
JOINED = call_record(state="active", ann="joined", bob="joined", carol="missed")

CHANGES: dict[str, tuple[CallRecord | None, CallRecord, dict[str, list[str]]]] = {
    "starts": (None, RINGING, {"ann": [], "bob": ["incomingCall"], "carol": ["incomingCall"]}),
    "nothing changes": (RINGING, RINGING, {"ann": [], "bob": []}),
    "accepted": (RINGING, ACTIVE, {"ann": ["callAccepted"], "bob": ["callAccepted elsewhere"], "carol": []}),
    "entered without an answer": (
        RINGING,
        call_record(state="active", bob="joined", carol="ringing"),
        {
            "ann": ["callAccepted", "participantJoined"],
            "bob": ["callAccepted elsewhere", "participantJoined"],
            "carol": ["participantJoined"],
        },
    ),
    "declined by one": (
        RINGING,
        call_record(bob="declined", carol="ringing"),
        {"ann": ["callDeclined"], "bob": ["callDeclined elsewhere"], "carol": []},
    ),
    "declined by the last": (
        call_record(bob="ringing"),
        ended("declined", ann="left", bob="declined"),
        {"ann": ["callDeclined", "callEnded"], "bob": ["callDeclined elsewhere"]},
    ),
    "declined while the caller is in the room": (
        call_record(ann="joined", bob="ringing"),
        ended("declined", ann="left", bob="declined"),
        {"ann": ["callDeclined", "callEnded"]},
    ),
    "missed": (
        call_record(bob="ringing"),
        ended("missed", ann="left", bob="missed"),
        {"ann": ["callMissed", "callEnded"], "bob": ["callMissed"]},
    ),
    "missed by one of two": (ACTIVE, JOINED, {"ann": ["participantJoined", "participantJoined", "callMissed"]}),
    "cancelled": (
        RINGING,
        ended("cancelled", ann="left", bob="cancelled", carol="cancelled"),
        {"ann": ["callEnded"], "bob": ["callCancelled"], "carol": ["callCancelled"]},
    ),
    "busy from the start": (None, ended("busy", ann="left", bob="busy"), {"ann": [], "bob": ["callMissed"]}),
    "somebody busy is called later": (
        call_record(state="active", ann="joined"),
        call_record(state="active", ann="joined", bob="busy"),
        {"ann": ["callDeclined"], "bob": ["callMissed"]},
    ),
    "one leaves": (
        JOINED,
        ended("left", ann="left", bob="left", carol="missed"),
        {
            "ann": ["participantLeft", "callEnded"],
            "bob": ["participantLeft", "callEnded"],
            "carol": ["participantLeft", "participantLeft", "callEnded"],
        },
    ),
    "the answer was missed": (
        RINGING,
        ended("left", ann="left", bob="left", carol="cancelled"),
        {"ann": ["callEnded"], "bob": ["callCancelled"], "carol": ["callCancelled"]},
    ),
    "rung again": (
        call_record(state="active", bob="declined"),
        call_record(state="active", bob="ringing"),
        {"ann": [], "bob": ["incomingCall"]},
    ),
    "a stranger": (RINGING, ACTIVE, {"eve": []}),
}


@pytest.mark.parametrize(("before", "after", "expected"), CHANGES.values(), ids=CHANGES)
def test_change_is_told(before: CallRecord | None, after: CallRecord, expected: dict[str, list[str]]) -> None:
    told = {user: [describe(delivery.push) for delivery in deliveries(user, before, after, 0)] for user in expected}
    assert told == expected


def test_answering_device_is_not_told_of_its_own_answer() -> None:
    for after in (ACTIVE, call_record(bob="declined", carol="ringing")):
        [delivery] = deliveries("bob", RINGING, with_part(after, "bob", answered_by="phone"), 0)
        assert delivery.skip == {"phone"}


def test_ignoring_device_is_not_rung() -> None:
    ignored = with_part(RINGING, "bob", ignored_by=["phone"])
    on_connect = ring("bob", ignored, 0)
    assert on_connect is not None
    assert on_connect.skip == {"phone"}
    assert ring("ann", ignored, 0) is None
    assert ring("eve", ignored, 0) is None


@pytest.mark.parametrize(("now", "expected"), [(40_000, 20_000), (60_000, 0), (61_000, 0)])
def test_ring_lasts_until_the_deadline_of_the_record(now: int, expected: int) -> None:
    rung_again = with_part(RINGING, "bob", deadline=60_000)
    on_connect = ring("bob", rung_again, now)
    assert on_connect is not None
    [new] = deliveries("bob", None, rung_again, now)
    for delivery in (on_connect, new):
        assert isinstance(delivery.push, IncomingCall)
        assert delivery.push.ring_for == expected


def describe(push: Any) -> str:
    return f"{push.event} elsewhere" if getattr(push, "elsewhere", False) else str(push.event)

"""A call from its start to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from hubbub_calls.domain import call
from hubbub_calls.domain.call_state import CallEvent
from hubbub_calls.domain.participant_state import ParticipantEvent
from hubbub_calls.domain.timeouts import Timeouts
from hubbub_contracts.bus.call_records import CallRecord
from hubbub_contracts.call import MAX_PARTICIPANTS

T = Timeouts(ring=60_000, entry=30_000)
NOW = 1_000_000
LATER = NOW + 10_000
Action = Callable[[CallRecord], CallRecord]


def started(*callees: str, group: str | None = None, busy: Iterable[str] = ()) -> CallRecord:
    return call.new_call(
        "call",
        "ann",
        callees,
        tenant=None,
        caller_name="Ann",
        group_id=group,
        video=True,
        app_data={},
        busy=frozenset(busy),
        now=NOW,
        timeouts=T,
    )


def accept(user: str, device: str | None = None, at: int = LATER) -> Action:
    return lambda record: call.accept(record, user, at, T, device)


def happen(user: str, event: ParticipantEvent) -> Action:
    return lambda record: call.happen(record, user, event, LATER, T)


def decline(user: str) -> Action:
    return happen(user, ParticipantEvent.DECLINE)


def leave(user: str) -> Action:
    return happen(user, ParticipantEvent.EXIT)


def seen(*users: str) -> Action:
    return lambda record: call.seen_in_room(record, frozenset(users), LATER, T)


def expire(at: int) -> Action:
    return lambda record: call.expire(record, at, T)


def end(record: CallRecord) -> CallRecord:
    return call.finish(record, CallEvent.ENDED, "ended", LATER)


RUNG_OUT = expire(NOW + T.ring)
NOT_ENTERED = expire(LATER + T.entry)

BETWEEN_USERS: dict[str, tuple[tuple[Action, ...], str, str | None, dict[str, str]]] = {
    "rings": ((), "ringing", None, {"ann": "accepted", "bob": "ringing"}),
    "accepted": ((accept("bob"),), "active", None, {"ann": "accepted", "bob": "accepted"}),
    "accepted twice": ((accept("bob"), accept("bob")), "active", None, {"ann": "accepted", "bob": "accepted"}),
    "declined": ((decline("bob"),), "ended", "declined", {"ann": "left", "bob": "declined"}),
    "missed": ((RUNG_OUT,), "ended", "missed", {"ann": "left", "bob": "missed"}),
    "not yet missed": ((expire(NOW + T.ring - 1),), "ringing", None, {"ann": "accepted", "bob": "ringing"}),
    "accepted before the timeout": ((accept("bob"), seen("ann", "bob"), RUNG_OUT), "active", None, {"bob": "joined"}),
    "caller leaves while it rings": ((leave("ann"),), "ended", "cancelled", {"ann": "left", "bob": "cancelled"}),
    "caller's tab dies while it rings": ((seen("ann"), seen()), "ended", "cancelled", {"bob": "cancelled"}),
    "caller waits in the room": ((seen("ann"),), "ringing", None, {"ann": "joined", "bob": "ringing"}),
    "callee enters without an answer": ((seen("ann", "bob"),), "active", None, {"ann": "joined", "bob": "joined"}),
    "nobody enters": ((accept("bob"), NOT_ENTERED), "ended", "left", {"ann": "left", "bob": "left"}),
    "caller does not enter": ((accept("bob"), seen("bob"), NOT_ENTERED), "ended", "left", {"ann": "left"}),
    "one leaves": ((accept("bob"), seen("ann", "bob"), leave("bob")), "ended", "left", {"ann": "left", "bob": "left"}),
    "one is gone": ((accept("bob"), seen("ann", "bob"), seen("ann")), "ended", "left", {"bob": "left"}),
    "ended while it rings": ((end,), "ended", "ended", {"ann": "left", "bob": "cancelled"}),
    "ended": ((accept("bob"), end), "ended", "ended", {"ann": "left", "bob": "left"}),
    "stranger in the room": ((accept("bob"), seen("ann", "bob", "eve")), "active", None, {"ann": "joined"}),
}


@pytest.mark.parametrize(("actions", "state", "reason", "participants"), BETWEEN_USERS.values(), ids=BETWEEN_USERS)
def test_call_between_two_users(
    actions: tuple[Action, ...], state: str, reason: str | None, participants: dict[str, str]
) -> None:
    check(apply(started("bob"), actions), state, reason, participants)


BETWEEN_THREE: dict[str, tuple[tuple[Action, ...], str, str | None, dict[str, str]]] = {
    "one accepts": ((accept("bob"),), "active", None, {"bob": "accepted", "carol": "ringing"}),
    "one declines": ((decline("bob"),), "ringing", None, {"bob": "declined", "carol": "ringing"}),
    "both decline": ((decline("bob"), decline("carol")), "ended", "declined", {}),
    "one declines, one misses": ((decline("bob"), RUNG_OUT), "ended", "declined", {"carol": "missed"}),
    "one accepts, one misses": ((accept("bob"), seen("ann", "bob"), RUNG_OUT), "active", None, {"carol": "missed"}),
    "caller stays for the ring": (
        (accept("bob"), seen("ann", "bob"), leave("bob")),
        "active",
        None,
        {"ann": "joined", "carol": "ringing"},
    ),
    "nobody stays for the ring": (
        (accept("bob"), seen("ann", "bob"), seen()),
        "ended",
        "left",
        {"ann": "left", "carol": "cancelled"},
    ),
    "caller is alone after the ring": (
        (accept("bob"), seen("ann", "bob"), leave("bob"), RUNG_OUT),
        "ended",
        "left",
        {"carol": "missed"},
    ),
    "comes back after declining": (
        (accept("bob"), decline("carol"), accept("carol")),
        "active",
        None,
        {"carol": "accepted"},
    ),
}


@pytest.mark.parametrize(("actions", "state", "reason", "participants"), BETWEEN_THREE.values(), ids=BETWEEN_THREE)
def test_call_between_three_users(
    actions: tuple[Action, ...], state: str, reason: str | None, participants: dict[str, str]
) -> None:
    check(apply(started("bob", "carol"), actions), state, reason, participants)


OF_A_GROUP: dict[str, tuple[tuple[Action, ...], str, str | None, dict[str, str]]] = {
    "starts": ((), "active", None, {"ann": "accepted", "bob": "ringing"}),
    "all decline": ((seen("ann"), decline("bob")), "active", None, {"ann": "joined", "bob": "declined"}),
    "all miss": ((seen("ann"), RUNG_OUT), "active", None, {"ann": "joined", "bob": "missed"}),
    "caller does not enter": ((expire(NOW + T.entry),), "ended", "left", {"ann": "left", "bob": "cancelled"}),
    "caller leaves the others": (
        (seen("ann", "bob"), seen("bob")),
        "active",
        None,
        {"ann": "left", "bob": "joined"},
    ),
    "last one leaves": ((seen("ann", "bob"), seen("bob"), seen()), "ended", "left", {"ann": "left", "bob": "left"}),
    "member who was not rung joins": ((accept("carol"),), "active", None, {"carol": "accepted"}),
    "member who was not rung enters": ((seen("ann", "carol"),), "active", None, {"carol": "joined"}),
}


@pytest.mark.parametrize(("actions", "state", "reason", "participants"), OF_A_GROUP.values(), ids=OF_A_GROUP)
def test_call_of_a_group(
    actions: tuple[Action, ...], state: str, reason: str | None, participants: dict[str, str]
) -> None:
    check(apply(started("bob", group="team"), actions), state, reason, participants)


def test_busy_callees_are_not_rung() -> None:
    check(started("bob", busy=["bob"]), "ended", "busy", {"bob": "busy"})
    check(started("bob", "carol", busy=["bob"]), "ringing", None, {"bob": "busy", "carol": "ringing"})
    check(started("bob", group="team", busy=["bob"]), "active", None, {"bob": "busy"})


def test_deadlines_are_in_the_record() -> None:
    ringing = started("bob")
    assert call.next_deadline(ringing) == NOW + T.ring
    answered = apply(ringing, (accept("bob"),))
    assert call.next_deadline(answered) == LATER + T.entry
    assert call.next_deadline(apply(answered, (seen("ann", "bob"),))) is None
    ended = end(answered)
    assert call.next_deadline(ended) == ended.ended_at == LATER
    assert all(each.deadline is None for each in ended.participants)


def test_ringing_again_starts_anew() -> None:
    active = apply(started("bob", "carol"), (accept("bob"), decline("carol")))
    again = call.ring(active, ["bob", "carol", "dave"], busy=frozenset({"dave"}), now=LATER, timeouts=T)
    check(again, "active", None, {"bob": "accepted", "carol": "ringing", "dave": "busy"})
    carol = call.participant(again, "carol")
    assert carol is not None
    assert (carol.deadline, carol.answered_by) == (LATER + T.ring, None)


def test_device_that_answers_is_remembered_and_ignoring_devices_are_bounded() -> None:
    record = apply(started("bob"), (accept("bob", "phone"),))
    bob = call.participant(record, "bob")
    assert bob is not None
    assert bob.answered_by == "phone"
    ringing = started("bob")
    for number in range(call.MAX_IGNORING_DEVICES + 4):
        ringing = call.ignore(ringing, "bob", f"device-{number}")
    ignoring = call.participant(ringing, "bob")
    assert ignoring is not None
    assert len(ignoring.ignored_by) == call.MAX_IGNORING_DEVICES
    assert call.ignore(ringing, "bob", ignoring.ignored_by[-1]) is ringing


def test_call_has_a_bounded_number_of_participants() -> None:
    full = started(*(f"user-{number}" for number in range(MAX_PARTICIPANTS - 1)), group="team")
    with pytest.raises(call.TooManyParticipants):
        call.accept(full, "one more", LATER, T)
    assert len(apply(full, (seen("ann", "one more"),)).participants) == MAX_PARTICIPANTS


@pytest.mark.parametrize("action", [seen(), expire(NOW), decline("eve"), leave("bob")])
def test_what_changes_nothing_returns_the_same_record(action: Action) -> None:
    ringing = started("bob")
    assert action(ringing) is ringing


def apply(record: CallRecord, actions: Iterable[Action]) -> CallRecord:
    for action in actions:
        record = action(record)
    return record


def check(record: CallRecord, state: str, reason: str | None, participants: dict[str, str]) -> None:
    """Checks the call's state and those of some participants."""
    states = {each.user_id: each.state for each in record.participants}
    assert (record.state, record.end_reason) == (state, reason), states
    assert states == states | participants

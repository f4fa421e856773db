"""The liveness table of an incarnation, and its timeouts."""

import pytest

from hubbub_registry.domain.incarnation import TRANSITIONS, Incarnation, LivenessEvent, LivenessState, Timeouts


def test_ended_is_final() -> None:
    assert not [key for key in TRANSITIONS if key[0] is LivenessState.ENDED]


def test_only_the_store_ends_an_incarnation() -> None:
    ending = {event for (_, event), after in TRANSITIONS.items() if after is LivenessState.ENDED}
    assert ending == {LivenessEvent.LEASE_ENDED}
    others = [state for state in LivenessState if state is not LivenessState.ENDED]
    assert all((state, LivenessEvent.LEASE_ENDED) in TRANSITIONS for state in others)


@pytest.mark.parametrize("state", list(LivenessState))
@pytest.mark.parametrize("event", list(LivenessEvent))
def test_apply_follows_the_table(state: LivenessState, event: LivenessEvent) -> None:
    incarnation = Incarnation("n", 1, last_heard=0.0, state=state)
    after = TRANSITIONS.get((state, event), state)
    assert incarnation.apply(event) is (after is not state)
    assert incarnation.state is after


@pytest.mark.parametrize(
    ("state", "silence", "without_lease", "expected"),
    [
        (LivenessState.ALIVE, 0.24, None, None),
        (LivenessState.ALIVE, 0.26, None, LivenessEvent.HEARTBEAT_MISSED),
        (LivenessState.SUSPECT, 0.99, None, LivenessEvent.HEARTBEAT_MISSED),
        (LivenessState.SUSPECT, 1.01, None, LivenessEvent.TIMED_OUT),
        (LivenessState.PENDING, 2.9, None, LivenessEvent.HEARTBEAT_MISSED),
        (LivenessState.PENDING, 3.1, None, LivenessEvent.TIMED_OUT),
        (LivenessState.ALIVE, 0.0, 9.9, None),
        (LivenessState.ALIVE, 0.0, 10.1, LivenessEvent.LEASE_EXPIRED),
    ],
)
def test_a_timeout_that_has_passed_is_reported(
    state: LivenessState, silence: float, without_lease: float | None, expected: LivenessEvent | None
) -> None:
    now = 100.0
    incarnation = Incarnation("n", 1, last_heard=now - silence, state=state)
    incarnation.lease_expired_at = None if without_lease is None else now - without_lease
    assert incarnation.overdue(now, Timeouts()) is expected


def test_the_most_severe_timeout_is_reported() -> None:
    incarnation = Incarnation("n", 1, last_heard=0.0, state=LivenessState.SUSPECT, lease_expired_at=0.0)
    assert incarnation.overdue(20.0, Timeouts()) is LivenessEvent.TIMED_OUT
    incarnation.last_heard = 20.0
    assert incarnation.overdue(20.0, Timeouts()) is LivenessEvent.LEASE_EXPIRED
    incarnation.lease_expired_at = None
    assert incarnation.overdue(20.1, Timeouts()) is None

"""The state machine and the backoff of restarts."""

import pytest

from hubbub_cli.restart_policy import (
    DELAYS,
    STABLE,
    Action,
    ChildEvent,
    ChildState,
    delay_before_restart,
    failures_after,
    transition,
)


def test_child_that_exits_by_itself_is_restarted_after_a_delay() -> None:
    state, action = transition(ChildState.RUNNING, ChildEvent.EXITED)
    assert (state, action) == (ChildState.WAITING, Action.SCHEDULE)
    assert transition(state, ChildEvent.DELAY_OVER) == (ChildState.RUNNING, Action.SPAWN)


def test_stopped_child_is_never_restarted() -> None:
    state, action = transition(ChildState.RUNNING, ChildEvent.STOP)
    assert action is Action.TERMINATE
    state, action = transition(state, ChildEvent.EXITED)
    assert (state, action) == (ChildState.STOPPED, Action.NOTHING)
    assert all(transition(state, event) == (ChildState.STOPPED, Action.NOTHING) for event in ChildEvent)


def test_child_that_does_not_stop_in_time_is_killed() -> None:
    assert transition(ChildState.STOPPING, ChildEvent.GRACE_OVER) == (ChildState.STOPPING, Action.KILL)


@pytest.mark.parametrize("state", [ChildState.RUNNING, ChildState.WAITING])
def test_grace_timer_outside_stopping_has_no_effect(state: ChildState) -> None:
    assert transition(state, ChildEvent.GRACE_OVER) == (state, Action.NOTHING)


def test_delay_grows_with_failures_up_to_a_maximum() -> None:
    delays = [delay_before_restart(failures) for failures in range(1, 10)]
    assert delays == sorted(delays)
    assert delays[-1] == DELAYS[-1]


def test_long_run_resets_the_failure_count() -> None:
    assert failures_after(4, ran_for=STABLE - 0.1) == 5
    assert failures_after(4, ran_for=STABLE) == 1

"""The restart policy, without any process."""

import pytest

from hubbub_cli.restart import DELAYS, STABLE, Action, Signal, State, delay_before_restart, failures_after, step


def test_a_child_that_ends_by_itself_is_started_again_after_a_delay() -> None:
    state, action = step(State.RUNNING, Signal.EXITED)
    assert (state, action) == (State.WAITING, Action.SCHEDULE)
    assert step(state, Signal.DELAY_OVER) == (State.RUNNING, Action.SPAWN)


def test_a_child_that_was_told_to_stop_is_never_started_again() -> None:
    state, action = step(State.RUNNING, Signal.STOP)
    assert action is Action.TERMINATE
    state, action = step(state, Signal.EXITED)
    assert (state, action) == (State.STOPPED, Action.NOTHING)
    assert all(step(state, signal) == (State.STOPPED, Action.NOTHING) for signal in Signal)


def test_a_child_that_does_not_stop_in_time_is_killed() -> None:
    assert step(State.STOPPING, Signal.GRACE_OVER) == (State.STOPPING, Action.KILL)


@pytest.mark.parametrize("state", [State.RUNNING, State.WAITING])
def test_a_late_grace_timer_kills_nobody(state: State) -> None:
    assert step(state, Signal.GRACE_OVER) == (state, Action.NOTHING)


def test_delays_grow_with_each_failure_in_a_row_and_then_stay() -> None:
    delays = [delay_before_restart(failures) for failures in range(1, 10)]
    assert delays == sorted(delays)
    assert delays[-1] == DELAYS[-1]


def test_a_long_healthy_run_forgets_earlier_failures() -> None:
    assert failures_after(4, ran_for=STABLE - 0.1) == 5
    assert failures_after(4, ran_for=STABLE) == 1

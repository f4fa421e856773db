"""The state machine of a supervised child process, as a table, and the backoff between restarts. Pure.

Rules
- A child that exits by itself is restarted after a delay. The delay grows with each failure in a row.
- A child that ran for STABLE seconds counts as healthy: its next exit is the first failure again.
- A child that was asked to stop is not restarted. If it does not stop within its grace period, it is killed.
"""

from enum import StrEnum, auto
from typing import Final

DELAYS: Final = (0.1, 0.5, 1.0, 2.0, 5.0)
"""Seconds before the 1st, 2nd, ... restart; the last value applies to all later restarts."""
STABLE: Final = 10.0
"""Seconds of uptime after which earlier failures are forgotten."""


class ChildState(StrEnum):
    """The state of a child process."""

    IDLE = auto()
    RUNNING = auto()
    WAITING = auto()
    STOPPING = auto()
    STOPPED = auto()


class ChildEvent(StrEnum):
    """An input of the state machine."""

    START = auto()
    EXITED = auto()
    DELAY_OVER = auto()
    STOP = auto()
    GRACE_OVER = auto()


class Action(StrEnum):
    """The supervisor's action after a transition."""

    NOTHING = auto()
    SPAWN = auto()
    SCHEDULE = auto()
    TERMINATE = auto()
    KILL = auto()


TRANSITIONS: Final[dict[tuple[ChildState, ChildEvent], tuple[ChildState, Action]]] = {
    (ChildState.IDLE, ChildEvent.START): (ChildState.RUNNING, Action.SPAWN),
    (ChildState.IDLE, ChildEvent.STOP): (ChildState.STOPPED, Action.NOTHING),
    (ChildState.RUNNING, ChildEvent.EXITED): (ChildState.WAITING, Action.SCHEDULE),
    (ChildState.RUNNING, ChildEvent.STOP): (ChildState.STOPPING, Action.TERMINATE),
    (ChildState.WAITING, ChildEvent.DELAY_OVER): (ChildState.RUNNING, Action.SPAWN),
    (ChildState.WAITING, ChildEvent.STOP): (ChildState.STOPPED, Action.NOTHING),
    (ChildState.STOPPING, ChildEvent.GRACE_OVER): (ChildState.STOPPING, Action.KILL),
    (ChildState.STOPPING, ChildEvent.EXITED): (ChildState.STOPPED, Action.NOTHING),
}
"""Other combinations change nothing: a timer may fire after the child has left its state."""


def transition(state: ChildState, event: ChildEvent) -> tuple[ChildState, Action]:
    """The next state, and the action to take."""
    return TRANSITIONS.get((state, event), (state, Action.NOTHING))


def failures_after(failures: int, ran_for: float) -> int:
    """The number of failures in a row, after a run of `ran_for` seconds ended by itself."""
    return 1 if ran_for >= STABLE else failures + 1


def delay_before_restart(failures: int) -> float:
    """Seconds to wait after `failures` (1 or more) failures in a row."""
    return DELAYS[min(failures, len(DELAYS)) - 1]

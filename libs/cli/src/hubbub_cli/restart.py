"""When a child is started, restarted and ended: pure, as a table.

Rules
- A child that ends by itself is started again after a delay that grows with each failure in a row.
- A child that had run for STABLE seconds counts as healthy: its next end is the first failure again.
- Who was told to stop is never started again; who does not stop in time is killed.
"""

from enum import StrEnum, auto
from typing import Final

DELAYS: Final = (0.1, 0.5, 1.0, 2.0, 5.0)
"""Seconds before the 1st, 2nd, ... restart; the last one from then on."""
STABLE: Final = 10.0
"""Seconds of running after which earlier failures are forgotten."""


class State(StrEnum):
    """Where a child is in its life."""

    IDLE = auto()
    RUNNING = auto()
    WAITING = auto()
    STOPPING = auto()
    STOPPED = auto()


class Signal(StrEnum):
    """What happens to it."""

    START = auto()
    EXITED = auto()
    DELAY_OVER = auto()
    STOP = auto()
    GRACE_OVER = auto()


class Action(StrEnum):
    """What its keeper does then."""

    NOTHING = auto()
    SPAWN = auto()
    SCHEDULE = auto()
    TERMINATE = auto()
    KILL = auto()


TRANSITIONS: Final[dict[tuple[State, Signal], tuple[State, Action]]] = {
    (State.IDLE, Signal.START): (State.RUNNING, Action.SPAWN),
    (State.IDLE, Signal.STOP): (State.STOPPED, Action.NOTHING),
    (State.RUNNING, Signal.EXITED): (State.WAITING, Action.SCHEDULE),
    (State.RUNNING, Signal.STOP): (State.STOPPING, Action.TERMINATE),
    (State.WAITING, Signal.DELAY_OVER): (State.RUNNING, Action.SPAWN),
    (State.WAITING, Signal.STOP): (State.STOPPED, Action.NOTHING),
    (State.STOPPING, Signal.GRACE_OVER): (State.STOPPING, Action.KILL),
    (State.STOPPING, Signal.EXITED): (State.STOPPED, Action.NOTHING),
}
"""Whatever is not listed changes nothing: a timer may fire after the child has moved on."""


def step(state: State, signal: Signal) -> tuple[State, Action]:
    """The next state and what to do."""
    return TRANSITIONS.get((state, signal), (state, Action.NOTHING))


def failures_after(failures: int, ran_for: float) -> int:
    """The failures in a row, when one more run of `ran_for` seconds has ended by itself."""
    return 1 if ran_for >= STABLE else failures + 1


def delay_before_restart(failures: int) -> float:
    """Seconds to wait after so many failures (1 or more) in a row."""
    return DELAYS[min(failures, len(DELAYS)) - 1]

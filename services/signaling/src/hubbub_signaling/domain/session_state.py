"""Where a client's session stands, as a table.

Rules
- Every event of a client is either allowed in the session's state or answered `invalid_state`; there is no third.
- A refused join leads back to where it came from. A client that left may join again on the same socket.
- A closed session answers nothing: its socket is gone, or another has taken it over.
"""

from __future__ import annotations

from enum import Enum

from hubbub_contracts import ErrorCode, HubbubError


class State(Enum):
    """Where a session stands."""

    CONNECTED = "connected"
    JOINING = "joining"
    JOINED = "joined"
    LEFT = "left"
    CLOSED = "closed"


class Step(Enum):
    """What moves a session."""

    JOIN = "join"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    LEAVE = "leave"
    CLOSE = "close"


TRANSITIONS: dict[tuple[State, Step], State] = {
    (State.CONNECTED, Step.JOIN): State.JOINING,
    (State.LEFT, Step.JOIN): State.JOINING,
    (State.JOINING, Step.ACCEPTED): State.JOINED,
    (State.JOINING, Step.REFUSED): State.CONNECTED,
    (State.JOINED, Step.LEAVE): State.LEFT,
    **{(state, Step.CLOSE): State.CLOSED for state in State},
}

ANYWHERE = frozenset({State.CONNECTED, State.JOINING, State.JOINED, State.LEFT})
OUTSIDE = frozenset({State.CONNECTED, State.LEFT})
INSIDE = frozenset({State.JOINED})

ALLOWED: dict[str, frozenset[State]] = {
    "createRoom": ANYWHERE,
    "joinRoom": OUTSIDE,
    "resume": OUTSIDE,
    "leaveRoom": INSIDE,
    "getProducers": INSIDE,
    "createTransport": INSIDE,
    "connectTransport": INSIDE,
    "restartIce": INSIDE,
    "closeTransport": INSIDE,
    "produce": INSIDE,
    "closeProducer": INSIDE,
    "pauseProducer": INSIDE,
    "resumeProducer": INSIDE,
    "consume": INSIDE,
    "closeConsumer": INSIDE,
    "pauseConsumer": INSIDE,
    "resumeConsumer": INSIDE,
}
"""In which states a client may send an event."""


class SessionState:
    """A session's state; only `move` changes it."""

    def __init__(self) -> None:
        self.current = State.CONNECTED

    def check(self, event: str) -> None:
        """Raises `invalid_state` when the event is not allowed now."""
        if self.current not in ALLOWED[event]:
            raise HubbubError(ErrorCode.INVALID_STATE, f"{event} is not allowed when {self.current.value}")

    def move(self, step: Step) -> None:
        """Takes a step of the table; any other is a bug."""
        self.current = TRANSITIONS[(self.current, step)]

    @property
    def joined(self) -> bool:
        """Whether the session is in a room."""
        return self.current is State.JOINED

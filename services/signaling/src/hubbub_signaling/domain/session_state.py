"""The state machine of a client's session.

Rules
- A client in the lobby is `waiting`, and `joined` once a moderator admits it. It may leave, and survives its socket, as
  one that is in the room.
- A refused join returns the session to `connected`. A client that left may join again on the same socket.
- `closed` is final: the socket is gone, or another session serves the peer.
"""

from __future__ import annotations

from enum import Enum


class SessionState(Enum):
    """The states."""

    CONNECTED = "connected"
    JOINING = "joining"
    WAITING = "waiting"
    JOINED = "joined"
    LEFT = "left"
    CLOSED = "closed"


class SessionEvent(Enum):
    """The events that change the state."""

    JOIN_STARTED = "join_started"
    JOIN_ACCEPTED = "join_accepted"
    JOIN_WAITS = "join_waits"
    JOIN_REFUSED = "join_refused"
    ADMITTED = "admitted"
    LEFT = "left"
    CLOSED = "closed"


TRANSITIONS: dict[tuple[SessionState, SessionEvent], SessionState] = {
    (SessionState.CONNECTED, SessionEvent.JOIN_STARTED): SessionState.JOINING,
    (SessionState.LEFT, SessionEvent.JOIN_STARTED): SessionState.JOINING,
    (SessionState.JOINING, SessionEvent.JOIN_ACCEPTED): SessionState.JOINED,
    (SessionState.JOINING, SessionEvent.JOIN_REFUSED): SessionState.CONNECTED,
    (SessionState.JOINING, SessionEvent.JOIN_WAITS): SessionState.WAITING,
    (SessionState.WAITING, SessionEvent.ADMITTED): SessionState.JOINED,
    (SessionState.WAITING, SessionEvent.LEFT): SessionState.LEFT,
    (SessionState.JOINED, SessionEvent.LEFT): SessionState.LEFT,
    **{(state, SessionEvent.CLOSED): SessionState.CLOSED for state in SessionState},
}

NOT_CLOSED = frozenset(SessionState) - {SessionState.CLOSED}
OUTSIDE_ROOM = frozenset({SessionState.CONNECTED, SessionState.LEFT})
IN_ROOM = frozenset({SessionState.JOINED})
ENTERED = frozenset({SessionState.JOINED, SessionState.WAITING})
"""The registry has a record of the client's peer."""


class SessionStateMachine:
    """The state of one session. Only `apply` changes it."""

    def __init__(self) -> None:
        self.state = SessionState.CONNECTED

    def apply(self, event: SessionEvent) -> None:
        """Takes the transition of the table. Raises KeyError when there is none, which is a bug of the caller."""
        self.state = TRANSITIONS[(self.state, event)]

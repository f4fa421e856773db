"""The state machine of a session, and the states in which each request is allowed."""

from __future__ import annotations

import pytest

from hubbub_contracts.socket.catalogue import CLIENT_REQUESTS
from hubbub_signaling.domain.session_state import TRANSITIONS, SessionEvent, SessionState, SessionStateMachine
from hubbub_signaling.handlers.catalogue import HANDLERS


def test_every_request_has_a_model_and_a_handler() -> None:
    assert set(CLIENT_REQUESTS) == set(HANDLERS)


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ("JOIN_STARTED", SessionState.JOINING),
        ("JOIN_STARTED JOIN_ACCEPTED", SessionState.JOINED),
        ("JOIN_STARTED JOIN_REFUSED", SessionState.CONNECTED),
        ("JOIN_STARTED JOIN_ACCEPTED LEFT", SessionState.LEFT),
        ("JOIN_STARTED JOIN_ACCEPTED LEFT JOIN_STARTED JOIN_ACCEPTED", SessionState.JOINED),
        ("JOIN_STARTED JOIN_WAITS", SessionState.WAITING),
        ("JOIN_STARTED JOIN_WAITS ADMITTED", SessionState.JOINED),
        ("JOIN_STARTED JOIN_WAITS LEFT", SessionState.LEFT),
        ("JOIN_STARTED CLOSED", SessionState.CLOSED),
        ("CLOSED CLOSED", SessionState.CLOSED),
    ],
)
def test_events_lead_to_a_state(events: str, state: SessionState) -> None:
    machine = SessionStateMachine()
    for event in events.split():
        machine.apply(SessionEvent[event])
    assert machine.state is state


@pytest.mark.parametrize("event", [event for event in SessionEvent if event is not SessionEvent.CLOSED])
def test_a_closed_session_stays_closed(event: SessionEvent) -> None:
    machine = SessionStateMachine()
    machine.apply(SessionEvent.CLOSED)
    with pytest.raises(KeyError):
        machine.apply(event)


def test_a_closed_session_allows_no_request() -> None:
    assert not any(SessionState.CLOSED in handler.states for handler in HANDLERS.values())


def test_every_state_but_closed_can_be_left() -> None:
    assert {before for before, _ in TRANSITIONS} == set(SessionState)

"""The table of a session's states."""

from __future__ import annotations

import pytest

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.socket.catalogue import CLIENT_REQUESTS
from hubbub_signaling.domain.session_state import ALLOWED, TRANSITIONS, SessionState, State, Step
from hubbub_signaling.handlers.catalogue import HANDLERS


def at(state: State) -> SessionState:
    session = SessionState()
    session.current = state
    return session


def test_every_event_has_a_model_a_handler_and_its_states() -> None:
    assert set(CLIENT_REQUESTS) == set(HANDLERS) == set(ALLOWED)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", ALLOWED)
def test_an_event_is_allowed_or_refused_in_each_state(state: State, event: str) -> None:
    session = at(state)
    if state in ALLOWED[event]:
        session.check(event)
    else:
        with pytest.raises(HubbubError) as refused:
            session.check(event)
        assert refused.value.code is ErrorCode.INVALID_STATE


def test_a_client_may_leave_and_join_again() -> None:
    session = SessionState()
    for step in (Step.JOIN, Step.ACCEPTED, Step.LEAVE, Step.JOIN, Step.ACCEPTED):
        session.move(step)
    assert session.joined


def test_a_refused_join_leads_back() -> None:
    session = SessionState()
    session.move(Step.JOIN)
    session.move(Step.REFUSED)
    assert session.current is State.CONNECTED


def test_a_closed_session_allows_nothing_and_is_left_by_nothing() -> None:
    assert not any(State.CLOSED in states for states in ALLOWED.values())
    assert {after for (before, _), after in TRANSITIONS.items() if before is State.CLOSED} == {State.CLOSED}

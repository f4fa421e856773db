"""The states of a participant, row by row."""

from __future__ import annotations

from typing import get_args

import pytest

from hubbub_calls.domain.participant_state import IN_CALL, TRANSITIONS, ParticipantEvent, next_state
from hubbub_contracts.call import ParticipantState

STATES: tuple[ParticipantState, ...] = tuple(
    state for state in get_args(get_args(ParticipantState)[0]) if state != "other"
)
RING, ACCEPT, DECLINE, ENTER, EXIT, TIMEOUT, CANCEL = ParticipantEvent
ROWS = {
    #             RING       ACCEPT      DECLINE     ENTER     EXIT        TIMEOUT     CANCEL
    "ringing": ("ringing", "accepted", "declined", "joined", "ringing", "missed", "cancelled"),
    "accepted": ("accepted", "accepted", "accepted", "joined", "left", "left", "left"),
    "joined": ("joined", "joined", "joined", "joined", "left", "joined", "left"),
    "left": ("ringing", "accepted", "left", "joined", "left", "left", "left"),
    "declined": ("ringing", "accepted", "declined", "joined", "declined", "declined", "declined"),
    "missed": ("ringing", "accepted", "missed", "joined", "missed", "missed", "missed"),
    "busy": ("ringing", "accepted", "busy", "joined", "busy", "busy", "busy"),
    "cancelled": ("ringing", "accepted", "cancelled", "joined", "cancelled", "cancelled", "cancelled"),
}


@pytest.mark.parametrize(("before", "row"), ROWS.items(), ids=ROWS)
def test_every_event_in_every_state(before: ParticipantState, row: tuple[ParticipantState, ...]) -> None:
    assert tuple(next_state(before, event) for event in ParticipantEvent) == row


def test_the_table_covers_all_states() -> None:
    assert set(ROWS) == set(STATES)
    assert {state for state, _ in TRANSITIONS} | set(TRANSITIONS.values()) == set(STATES)


@pytest.mark.parametrize("event", [DECLINE, TIMEOUT, RING])
def test_answered_ring_is_neither_declined_nor_missed(event: ParticipantEvent) -> None:
    assert all(next_state(state, event) in {*IN_CALL, "left"} for state in IN_CALL)

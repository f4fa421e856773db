"""The states of one user in a call.

Rules
- The first answer counts: an accepted ring cannot be declined, and a declined one is not missed.
- Whoever is in the room has answered, whatever came before.
- As long as the call is live, everybody may come back.
"""

from __future__ import annotations

from enum import StrEnum

from hubbub_contracts.call import ParticipantState


class ParticipantEvent(StrEnum):
    """What happens to a participant."""

    RING = "ring"
    """Is called again."""
    ACCEPT = "accept"
    """Answers, or joins a live call."""
    DECLINE = "decline"
    ENTER = "enter"
    """Has a peer in the call's room."""
    EXIT = "exit"
    """Has left the call, or has no peer in its room any more."""
    TIMEOUT = "timeout"
    """The deadline of the state has passed."""
    CANCEL = "cancel"
    """The call ends."""


_BACK: tuple[ParticipantState, ...] = ("left", "declined", "missed", "busy", "cancelled")
"""Not in the call, and not rung."""

TRANSITIONS: dict[tuple[ParticipantState, ParticipantEvent], ParticipantState] = {
    ("ringing", ParticipantEvent.ACCEPT): "accepted",
    ("ringing", ParticipantEvent.ENTER): "joined",
    ("ringing", ParticipantEvent.DECLINE): "declined",
    ("ringing", ParticipantEvent.TIMEOUT): "missed",
    ("ringing", ParticipantEvent.CANCEL): "cancelled",
    ("accepted", ParticipantEvent.ENTER): "joined",
    ("accepted", ParticipantEvent.EXIT): "left",
    ("accepted", ParticipantEvent.TIMEOUT): "left",
    ("accepted", ParticipantEvent.CANCEL): "left",
    ("joined", ParticipantEvent.EXIT): "left",
    ("joined", ParticipantEvent.CANCEL): "left",
    **{(state, ParticipantEvent.ACCEPT): "accepted" for state in _BACK},
    **{(state, ParticipantEvent.ENTER): "joined" for state in _BACK},
    **{(state, ParticipantEvent.RING): "ringing" for state in _BACK},
}
"""What is not listed changes nothing."""

IN_CALL: frozenset[ParticipantState] = frozenset({"accepted", "joined"})
"""Takes part in the call."""


def next_state(state: ParticipantState, event: ParticipantEvent) -> ParticipantState:
    """The state after the event: the same one when the table has no transition."""
    return TRANSITIONS.get((state, event), state)

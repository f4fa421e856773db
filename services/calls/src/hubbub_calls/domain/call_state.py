"""The states of a call."""

from __future__ import annotations

from enum import StrEnum

from hubbub_contracts.call import CallState


class CallEvent(StrEnum):
    """What happens to a call."""

    ANSWERED = "answered"
    """A callee is in the call."""
    UNANSWERED = "unanswered"
    """Nobody is rung any more, and nobody has answered."""
    CANCELLED = "cancelled"
    """The caller gave up before anybody answered."""
    EMPTIED = "emptied"
    """Too few are left."""
    ENDED = "ended"
    """Somebody ended it for everybody."""


TRANSITIONS: dict[tuple[CallState, CallEvent], CallState] = {
    ("ringing", CallEvent.ANSWERED): "active",
    ("ringing", CallEvent.UNANSWERED): "ended",
    ("ringing", CallEvent.CANCELLED): "ended",
    ("ringing", CallEvent.ENDED): "ended",
    ("active", CallEvent.EMPTIED): "ended",
    ("active", CallEvent.ENDED): "ended",
}
"""What is not listed is a bug of the caller. `ended` is final."""

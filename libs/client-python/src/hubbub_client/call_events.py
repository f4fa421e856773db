"""The events of a call, and how it ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .call_state import EndReason
from .errors import CallError

CallEvent = Literal[
    "state",
    "reconnecting",
    "reconnected",
    "ended",
    "participant_joined",
    "participant_left",
    "published",
    "unpublished",
    "changed",
    "active_speaker",
    "audio_levels",
    "announcement",
    "audience",
    "error",
]
"""- `state(state, previous)`; `reconnecting(cause)`; `reconnected()`; `ended(reason, error)`
- `participant_joined(participant)`; `participant_left(participant, reason)`, with the server's reason
- `published(participant, publication)`; `unpublished(participant, publication)`
- `changed(participant)`: a property of it or of one of its publications changed
- `active_speaker(participant)`: another participant, perhaps this client, is the dominant speaker
- `audio_levels(levels)`: the participants who speak, loudest first, with their levels from 0 to 1
- `audience(count)`: as many only watch now
- `announcement(data)`: the application's server tells everybody in the room something
- `error(error)`: an operation in the background failed, such as receiving a track"""


@dataclass(frozen=True, slots=True)
class Ended:
    """Why a call ended."""

    reason: EndReason
    error: CallError | None = None

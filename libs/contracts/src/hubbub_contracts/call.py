"""A call as clients see it: over HTTP and in the namespace `/calls`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .base import Model
from .open_enum import OpenEnum
from .types import AppData, DisplayName, GroupId, LiveCallId, UserId

MAX_PARTICIPANTS = 100
"""Users of one call. A call is one record, and each of its changes is sent to all of them."""

CallState = Annotated[Literal["ringing", "active", "ended", "other"], OpenEnum()]
ParticipantState = Annotated[
    Literal["ringing", "accepted", "joined", "left", "declined", "missed", "busy", "cancelled", "other"], OpenEnum()
]
EndReason = Annotated[Literal["declined", "busy", "missed", "cancelled", "left", "ended", "other"], OpenEnum()]
PresenceStatus = Literal["online", "away", "doNotDisturb"]
OpenPresenceStatus = Annotated[Literal["online", "away", "doNotDisturb", "offline", "other"], OpenEnum()]


class CallParticipant(Model):
    """A user of a call."""

    user_id: UserId
    """The user."""
    state: ParticipantState
    """`ringing`: rung, and has not answered. `accepted`: answered or started the call, and is not in its room yet.
    `joined`: in the room. `left`: was in the call. `declined`, `missed`: did not answer, or said no. `busy`: was not
    rung, being in another call or not to be disturbed. `cancelled`: the call ended while it rang. `other`: a state
    that this version of the server does not know."""


class CallInfo(Model):
    """A call."""

    call_id: LiveCallId
    """The call's id, and the `callId` of its room."""
    state: CallState
    """`ringing`: nobody has answered. `active`: somebody has; a group's call is active from its start. `ended`: over.
    `other`: a state that this version of the server does not know."""
    caller_id: UserId
    """The user who started it."""
    caller_name: DisplayName
    """The caller's name, to show while it rings."""
    group_id: GroupId | None = None
    """The group whose call it is; absent for a call between the participants only."""
    video: bool
    """Whether the caller called with video. A hint for the callees; it does not restrict media."""
    app_data: AppData
    """The application's data from the start of the call."""
    participants: list[CallParticipant]
    """The caller first, then in the order in which they were added."""
    created_at: int
    """Unix milliseconds."""
    ring_until: int | None = None
    """When the last ring ends, in Unix milliseconds of the server's clock; absent when nobody is rung."""
    answered_at: int | None = None
    """When somebody first answered, in Unix milliseconds; absent before."""
    ended_at: int | None = None
    """In Unix milliseconds; absent while the call is live."""
    end_reason: EndReason | None = None
    """Why it ended; absent while it is live. `declined`, `busy`, `missed`: nobody answered. `cancelled`: the caller
    gave up. `left`: too few were left. `ended`: ended for everybody. `other`: a reason that this version of the server
    does not know."""


class UserPresence(Model):
    """Whether a user can be reached."""

    user_id: UserId
    """The user."""
    status: OpenPresenceStatus
    """`offline`: no device is connected. `doNotDisturb`: a device says so. `online`: else, if a device says so. `away`:
    all devices say so. `other`: a status that this version of the server does not know."""
    devices: Annotated[int, Field(ge=0)]
    """How many devices are connected to the namespace `/calls`."""

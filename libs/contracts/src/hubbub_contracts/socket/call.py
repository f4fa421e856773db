"""The namespace `/calls`: ringing."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ..base import Done
from ..call import CallInfo, EndReason, PresenceStatus, UserPresence
from ..open_enum import OpenEnum
from ..rest.calls import JoinedCall
from ..types import LiveCallId, UserId
from .base import ClientRequest, Push

DeclineReason = Annotated[Literal["declined", "busy", "other"], OpenEnum()]
MissReason = Annotated[Literal["timeout", "busy", "other"], OpenEnum()]


class Accept(ClientRequest[JoinedCall]):
    """Answers a ring, or enters a live call. The first device that accepts answers for the user: later ones get
    `conflict`."""

    event: ClassVar[str] = "accept"
    call_id: LiveCallId
    """The call."""


class Decline(ClientRequest[Done]):
    """Declines a ring, on all devices of the user."""

    event: ClassVar[str] = "decline"
    call_id: LiveCallId
    """The call."""


class Ignore(ClientRequest[Done]):
    """Stops ringing this device, also after it connects again with the same `deviceId`."""

    event: ClassVar[str] = "ignore"
    call_id: LiveCallId
    """The call."""


class Cancel(ClientRequest[Done]):
    """The caller gives up before anybody has answered. Afterwards it is `invalid_state`: leave the call instead."""

    event: ClassVar[str] = "cancel"
    call_id: LiveCallId
    """The call."""


class SetPresence(ClientRequest[UserPresence]):
    """Sets the status of this device, `online` at first. The answer is the user's presence, of all devices."""

    event: ClassVar[str] = "setPresence"
    status: PresenceStatus
    """`doNotDisturb`: the user is not rung, and callers see `busy`."""


class IncomingCall(Push):
    """The user is rung. It is sent again for each live ring when a device connects."""

    event: ClassVar[str] = "incomingCall"
    call: CallInfo
    """The call."""
    ring_for: Annotated[int, Field(ge=0)]
    """Milliseconds for which it rings this user from now on, unless an event ends it before."""


class CallAccepted(Push):
    """A user has answered."""

    event: ClassVar[str] = "callAccepted"
    call_id: LiveCallId
    """The call."""
    user_id: UserId
    """The user who answered."""
    elsewhere: bool = False
    """The receiver's own user answered on another device: this one stops ringing."""


class CallDeclined(Push):
    """A user has declined, or was not rung."""

    event: ClassVar[str] = "callDeclined"
    call_id: LiveCallId
    """The call."""
    user_id: UserId
    """The user."""
    reason: DeclineReason
    """`declined`: the user said no. `busy`: in another call, or not to be disturbed. `other`: a reason that this
    version of the server does not know."""
    elsewhere: bool = False
    """The receiver's own user declined on another device: this one stops ringing."""


class CallCancelled(Push):
    """The call has ended while it rang this user."""

    event: ClassVar[str] = "callCancelled"
    call_id: LiveCallId
    """The call."""


class CallMissed(Push):
    """A user has missed the call: nobody answered in time, or the user was busy."""

    event: ClassVar[str] = "callMissed"
    call_id: LiveCallId
    """The call."""
    user_id: UserId
    """The user who missed it: the receiver's own, or a callee of the receiver."""
    caller_id: UserId
    """The user who called."""
    reason: MissReason
    """`timeout`: the ring ended. `busy`: it did not ring. `other`: a reason that this version of the server does not
    know."""


class CallEnded(Push):
    """The call is over."""

    event: ClassVar[str] = "callEnded"
    call_id: LiveCallId
    """The call."""
    reason: EndReason
    """As `endReason` of the call."""


class ParticipantJoined(Push):
    """A participant is in the call's room."""

    event: ClassVar[str] = "participantJoined"
    call_id: LiveCallId
    """The call."""
    user_id: UserId
    """The participant."""


class ParticipantLeft(Push):
    """A participant is no longer in the call's room. About the receiver's own user it says that the call goes on
    without them: a call that ends does so with `callEnded` only."""

    event: ClassVar[str] = "participantLeft"
    call_id: LiveCallId
    """The call."""
    user_id: UserId
    """The participant."""

"""The HTTP routes about calls, and their bodies."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from ..base import Model
from ..call import MAX_PARTICIPANTS, CallInfo, UserPresence
from ..types import AppData, CallId, DisplayName, GroupId, LiveCallId, Revision, RtpCapabilities, UserId
from .rooms import RoomParticipant
from .route import Route

CallStateFilter = Literal["ringing", "active", "ended"]


class StartCallBody(Model):
    """The body of `POST /calls`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"participants": ["bob"], "displayName": "Alice", "video": True},
                {"participants": ["bob", "carol"], "groupId": "design-team", "appData": {"topic": "review"}},
            ]
        }
    )

    participants: Annotated[list[UserId], Field(default_factory=list, max_length=MAX_PARTICIPANTS)]
    """The users to ring. The caller is left out. May be empty for a group."""
    group_id: GroupId | None = None
    """The group whose call it is. A group has one live call: starting another one enters it."""
    display_name: DisplayName | None = None
    """The caller's name, to show while it rings; the caller's user id by default."""
    video: bool = True
    """Whether the caller calls with video."""
    app_data: AppData = Field(default_factory=dict)
    """The application's data for the callees, at most 8 KiB of JSON."""


class CallList(Model):
    """A page of calls, the newest first."""

    calls: list[CallInfo]
    """Live calls first, on the first page."""
    next: Revision | None = None
    """`before` of the next page; absent on the last one."""


class JoinedCall(Model):
    """What a client needs to join the call's room."""

    call_id: CallId
    """The `callId` of `joinRoom`."""
    user_id: UserId
    """The `userId` of `joinRoom`."""
    rtp_capabilities: RtpCapabilities
    """The router's capabilities, for `device.load({routerRtpCapabilities})`."""
    call: CallInfo
    """The call, which the user has entered."""


class RoomParticipants(Model):
    """Who is in the call's room, as the room registry sees it."""

    call_id: LiveCallId
    """The call."""
    participants: list[RoomParticipant]
    """In the order of their joining."""


class PresenceList(Model):
    """The presence of users."""

    users: list[UserPresence]
    """In the order of the request."""


START_CALL = Route(
    "POST",
    "/calls",
    CallInfo,
    "Starts a call and rings its participants, or enters the live call of the same users or group. "
    "Two users who call each other at once share one call.",
    StartCallBody,
    201,
)
LIST_CALLS = Route(
    "GET",
    "/calls",
    CallList,
    "Lists the user's calls, the newest first, and a group's live call.",
    query=(
        ("groupId", "only calls of this group; its live call is listed for users outside of it, too"),
        ("state", "`ringing`, `active` or `ended`"),
        ("missed", "`true`: only calls that the user missed"),
        ("before", "`next` of the page before"),
        ("limit", "1 to 100 calls of the history; 20 by default"),
    ),
)
GET_CALL = Route("GET", "/calls/{callId}", CallInfo, "Returns a call, live or from the history.")
JOIN_CALL = Route(
    "POST", "/calls/{callId}/join", JoinedCall, "Answers or enters a call. The answer has what `joinRoom` needs."
)
LEAVE_CALL = Route(
    "POST", "/calls/{callId}/leave", CallInfo, "Leaves a call. The user's peers are removed from its room."
)
END_CALL = Route(
    "POST",
    "/calls/{callId}/end",
    CallInfo,
    "Ends a call for everybody; of a group's call only the caller and the operator may. Its room is emptied.",
)
GET_PARTICIPANTS = Route("GET", "/calls/{callId}/participants", RoomParticipants, "Lists the peers in the call's room.")
GET_PRESENCE = Route(
    "GET",
    "/presence",
    PresenceList,
    "Tells which users can be reached.",
    query=(("userId", "a user; may be repeated up to 100 times"),),
)
CALL_ROUTES = (
    START_CALL,
    LIST_CALLS,
    GET_CALL,
    JOIN_CALL,
    LEAVE_CALL,
    END_CALL,
    GET_PARTICIPANTS,
    GET_PRESENCE,
)
"""The routes about calls."""

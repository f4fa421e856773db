"""Requests about calls, answered by the calls service."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ..base import CallsRequest, Model
from ..call import MAX_PARTICIPANTS
from ..types import AppData, DeviceId, DisplayName, GroupId, LiveCallId, Revision, TenantId, UserId
from .call_records import CallRecord

MAX_PAGE = 100
MAX_USERS = 500


class CallReply(Model):
    """A call after the request."""

    call: CallRecord
    revision: Revision
    """The sequence of the bucket at this state of the call; 0 for a call of the history."""


class StartCall(CallsRequest[CallReply]):
    """Starts a call, or enters the live call of the same users or group. Two who call each other share one call.

    Errors: `invalid_argument` without anybody to call, `quota_exceeded` when there are too many calls or participants.
    """

    verb: ClassVar[str] = "call.start"
    tenant: TenantId | None = None
    """Whose calls and users these are."""
    caller_id: UserId
    caller_name: DisplayName
    participants: Annotated[list[UserId], Field(max_length=MAX_PARTICIPANTS)]
    """Whom to ring."""
    group_id: GroupId | None = None
    video: bool = True
    app_data: AppData = Field(default_factory=dict)


class AcceptCall(CallsRequest[CallReply]):
    """Answers a ring, or enters a live call.

    Errors: `conflict` when another device has answered, `invalid_state` when the call has ended, `not_found`.
    """

    verb: ClassVar[str] = "call.accept"
    tenant: TenantId | None = None
    """Whose calls and users these are."""
    call_id: LiveCallId
    user_id: UserId
    device_id: DeviceId | None = None
    """The device that answers. Absent: the user joins, whichever device has answered."""


class DeclineCall(CallsRequest[CallReply]):
    """Declines a ring, for all devices of the user. Errors: `invalid_state` when it no longer rings, `not_found`."""

    verb: ClassVar[str] = "call.decline"
    tenant: TenantId | None = None
    """Whose calls and users these are."""
    call_id: LiveCallId
    user_id: UserId
    device_id: DeviceId | None = None


class IgnoreCall(CallsRequest[CallReply]):
    """Stops ringing one device. Errors: `invalid_state` when it no longer rings, `not_found`."""

    verb: ClassVar[str] = "call.ignore"
    tenant: TenantId | None = None
    """Whose calls and users these are."""
    call_id: LiveCallId
    user_id: UserId
    device_id: DeviceId


class CancelCall(CallsRequest[CallReply]):
    """The caller gives up. Errors: `invalid_state` when somebody has answered, `not_allowed`, `not_found`."""

    verb: ClassVar[str] = "call.cancel"
    tenant: TenantId | None = None
    """Whose calls and users these are."""
    call_id: LiveCallId
    user_id: UserId


class LeaveCall(CallsRequest[CallReply]):
    """The user leaves the call. Succeeds when it has ended. Errors: `not_found`."""

    verb: ClassVar[str] = "call.leave"
    tenant: TenantId | None = None
    """Whose calls and users these are."""
    call_id: LiveCallId
    user_id: UserId


class EndCall(CallsRequest[CallReply]):
    """Ends the call for everybody. Succeeds when it has ended. Errors: `not_allowed`, `not_found`."""

    verb: ClassVar[str] = "call.end"
    tenant: TenantId | None = None
    """Whose calls and users these are."""
    call_id: LiveCallId
    user_id: UserId | None = None
    """Absent: the operator ends it."""


class GetCall(CallsRequest[CallReply]):
    """Returns a call, live or from the history. Errors: `not_found`."""

    verb: ClassVar[str] = "call.get"
    tenant: TenantId | None = None
    """Whose calls and users these are."""
    call_id: LiveCallId


class LiveCalls(Model):
    """The live calls of some users."""

    calls: list[CallReply]


class GetLiveCalls(CallsRequest[LiveCalls]):
    """Returns the live calls of these users. It includes every write stored before the request."""

    verb: ClassVar[str] = "call.live"
    chunked: ClassVar[bool] = True
    tenant: TenantId | None = None
    """Whose calls and users these are."""
    user_ids: Annotated[list[UserId], Field(max_length=MAX_USERS)]


class CallsPage(Model):
    """Calls, the newest first."""

    calls: list[CallRecord]
    next: Revision | None = None
    """The cursor of the next page; absent on the last one."""


class ListCalls(CallsRequest[CallsPage]):
    """Returns the calls of a user, live ones first, or with `group_id` those of that group.

    A group's live call is returned to users who are not in it, too.
    """

    verb: ClassVar[str] = "call.list"
    chunked: ClassVar[bool] = True
    tenant: TenantId | None = None
    """Whose calls and users these are."""
    user_id: UserId
    group_id: GroupId | None = None
    state: Literal["ringing", "active", "ended"] | None = None
    missed: bool = False
    """Only those that the user missed."""
    before: Revision | None = None
    """The cursor of the page; absent for the first one, which includes the live calls."""
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 20

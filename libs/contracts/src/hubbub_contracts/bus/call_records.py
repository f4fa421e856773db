"""The values of the `calls` bucket, one key for each live call, and of the history of calls."""

from __future__ import annotations

from pydantic import Field

from ..base import Model
from ..call import CallState, EndReason, ParticipantState
from ..types import AppData, DeviceId, DisplayName, GroupId, LiveCallId, UserId


class ParticipantRecord(Model):
    """A user of a call."""

    user_id: UserId
    state: ParticipantState
    deadline: int | None = None
    """When a ring is missed, or an entry into the room that does not come; Unix milliseconds."""
    answered_by: DeviceId | None = None
    """The device that accepted or declined; absent when the answer came over HTTP."""
    ignored_by: list[DeviceId] = Field(default_factory=list)
    """The devices that are not rung again."""


class CallRecord(Model):
    """A call. The key of a live call is `ids.call_key(call_id)`."""

    call_id: LiveCallId
    state: CallState
    caller_id: UserId
    caller_name: DisplayName
    group_id: GroupId | None = None
    video: bool = True
    app_data: AppData = Field(default_factory=dict)
    participants: list[ParticipantRecord]
    """The caller first."""
    created_at: int
    """Unix milliseconds, as all times of this record."""
    answered_at: int | None = None
    ended_at: int | None = None
    end_reason: EndReason | None = None
    operation_id: str | None = None
    """The operation that wrote this. A writer whose reply was lost recognises its own write by it."""

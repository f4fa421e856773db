"""The values of the `calls` bucket, one key for each live call, and of the history of calls."""

from __future__ import annotations

from pydantic import Field

from ..base import Model
from ..call import CallInfo, CallParticipant, CallState, EndReason, ParticipantState
from ..types import AppData, DeviceId, DisplayName, GroupId, LiveCallId, TenantId, UserId


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
    tenant: TenantId | None = None
    """Whose call it is."""
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

    def info(self) -> CallInfo:
        """The call as clients see it: without devices, and without the deadlines of single participants."""
        rings = [each.deadline for each in self.participants if each.state == "ringing" and each.deadline is not None]
        return CallInfo(
            call_id=self.call_id,
            state=self.state,
            caller_id=self.caller_id,
            caller_name=self.caller_name,
            group_id=self.group_id,
            video=self.video,
            app_data=self.app_data,
            participants=[CallParticipant(user_id=each.user_id, state=each.state) for each in self.participants],
            created_at=self.created_at,
            ring_until=max(rings, default=None),
            answered_at=self.answered_at,
            ended_at=self.ended_at,
            end_reason=self.end_reason,
        )

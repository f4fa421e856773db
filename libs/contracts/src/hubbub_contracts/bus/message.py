"""Messages of the application. Every signaling instance delivers them to the devices that are connected to it."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from ..base import Model, SignalingRequest
from ..call import MAX_PARTICIPANTS
from ..types import AppData, DeviceId, GroupId, TenantId, UserId


class MessageDelivered(Model):
    """The message was sent to the devices of one instance."""

    devices: Annotated[int, Field(ge=0)]


class DeliverMessage(SignalingRequest[MessageDelivered]):
    """Delivers a message to the devices of these users, and to the sender's other devices."""

    verb: ClassVar[str] = "message.deliver"
    tenant: TenantId | None = None
    """Whose users they are."""
    sender_id: UserId
    device_id: DeviceId
    """The device that sends: it does not get it."""
    user_ids: Annotated[list[UserId], Field(max_length=MAX_PARTICIPANTS)]
    group_id: GroupId | None = None
    data: AppData

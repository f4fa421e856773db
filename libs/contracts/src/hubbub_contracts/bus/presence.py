"""The presence of users. Every signaling instance answers for the devices that are connected to it."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from ..base import Model, SignalingRequest
from ..call import OpenPresenceStatus
from ..types import TenantId, UserId
from .call import MAX_USERS


class DeviceStatuses(Model):
    """The devices of one user."""

    user_id: UserId
    statuses: list[OpenPresenceStatus]
    """One for each device."""


class ConnectedDevices(Model):
    """The devices that are connected to one instance; users without any are left out."""

    users: list[DeviceStatuses]


class FindDevices(SignalingRequest[ConnectedDevices]):
    """Asks which devices of these users are connected."""

    verb: ClassVar[str] = "devices.find"
    tenant: TenantId | None = None
    """Whose users they are."""
    user_ids: Annotated[list[UserId], Field(max_length=MAX_USERS)]

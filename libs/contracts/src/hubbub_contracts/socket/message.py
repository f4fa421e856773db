"""The namespace `/calls`: messages of the application to users."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from ..base import Model
from ..call import MAX_PARTICIPANTS
from ..types import AppData, GroupId, UserId
from .base import ClientRequest, Push


class MessageSent(Model):
    """The message was sent."""

    devices: Annotated[int, Field(ge=0)]
    """How many devices got it within 150 ms, besides the sending one. A slow instance delivers it, too, and is not
    counted. Who is not connected does not get it later."""


class SendMessage(ClientRequest[MessageSent]):
    """Sends the application's data to the devices of users that are connected to this namespace, and to the sender's
    others. It is not stored. Messages of one device to another arrive in order."""

    event: ClassVar[str] = "sendMessage"
    user_ids: Annotated[list[UserId], Field(min_length=1, max_length=MAX_PARTICIPANTS)]
    """The users."""
    group_id: GroupId | None = None
    """The group to which it belongs, for the receivers. Hubbub does not know its members."""
    data: AppData
    """The application's data, at most 8 KiB of JSON."""


class Message(Push):
    """A message of the application."""

    event: ClassVar[str] = "message"
    user_id: UserId
    """The user who sent it."""
    user_ids: list[UserId]
    """The users to whom it was sent, as the sender named them."""
    group_id: GroupId | None = None
    """The group to which it belongs."""
    data: AppData
    """The application's data."""

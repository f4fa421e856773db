"""Whom a moderator acts on."""

from __future__ import annotations

from typing import Generic

from pydantic import model_validator

from ..base import RegistryRequest, ReplyT
from ..types import Id, RoomId, UserId


class UserTarget(RegistryRequest[ReplyT], Generic[ReplyT]):
    """A request about a user: by a peer of it that is in the room, or by its id, present or not.

    Errors: `room_not_found`, `not_found` when no participant has the `peer_id`.
    """

    room_id: RoomId
    peer_id: Id | None = None
    user_id: UserId | None = None

    @model_validator(mode="after")
    def _one_target(self) -> UserTarget[ReplyT]:
        if (self.peer_id is None) == (self.user_id is None):
            raise ValueError("exactly one of peerId and userId is required")
        return self

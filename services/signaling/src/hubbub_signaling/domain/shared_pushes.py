"""The events of one notification, made once for all clients that are told the same."""

from __future__ import annotations

from collections.abc import Iterable

from hubbub_contracts.socket.base import Push

from .pushes import Audience, pushes
from .room_view import ROOM_CHANGES, RoomView, ViewChange


class SharedPushes:
    """The events of the changes that a view has just taken over."""

    def __init__(self, view: RoomView) -> None:
        self._view = view
        self._made: dict[tuple[int, bool, bool], tuple[ViewChange, list[Push]]] = {}
        """By the identity of the change, `own` and `moderator`. The change is kept, so no other one gets its id."""

    def of(self, change: ViewChange, audience: Audience) -> Iterable[Push]:
        """The events of a change for one client."""
        own = not isinstance(change, ROOM_CHANGES) and change.peer.peer_id == audience.peer_id
        key = (id(change), own, audience.moderator)
        if key not in self._made:
            made = pushes(change, self._view, own=own, moderator=audience.moderator)
            self._made[key] = (change, list(made))
        return self._made[key][1]

"""What the registry knows of rooms, and signaling of devices."""

from __future__ import annotations

from collections.abc import Iterable

from hubbub_bus import Bus
from hubbub_contracts import ErrorCode, HubbubError, subjects
from hubbub_contracts.bus.presence import FindDevices
from hubbub_contracts.bus.room import GetRoom

PRESENCE_WINDOW = 0.15
"""Seconds in which signaling instances answer. A ring starts this much later."""


class BusDirectory:
    """Implements `domain.ports.Directory`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def users_in_room(self, room_id: str) -> frozenset[str]:
        """See `Directory`."""
        message = GetRoom(room_id=room_id)
        try:
            room = await self._bus.request(subjects.registry(message.verb), message)
        except HubbubError as error:
            if error.code is ErrorCode.ROOM_NOT_FOUND:
                return frozenset()
            raise
        return frozenset(peer.user_id for peer in room.peers if not peer.hidden)

    async def not_to_be_disturbed(self, tenant: str | None, users: Iterable[str]) -> frozenset[str]:
        """See `Directory`."""
        message = FindDevices(tenant=tenant, user_ids=list(users))
        if not message.user_ids:
            return frozenset()
        replies = await self._bus.gather(subjects.signaling(message.verb), message, window=PRESENCE_WINDOW)
        return frozenset(
            devices.user_id for reply in replies for devices in reply.users if "doNotDisturb" in devices.statuses
        )

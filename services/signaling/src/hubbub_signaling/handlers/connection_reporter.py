"""Reports a peer's connection state to the registry, which stores it for the room.

One request is pending at a time. A state that changes meanwhile is reported after it, so that the registry gets the
states in their order.
"""

from __future__ import annotations

import asyncio

from hubbub_contracts.bus.peer import SetConnectionState
from hubbub_contracts.types import ConnectionState, OpenConnectionState
from hubbub_service import Tasks

from .membership import RoomMembership
from .registry_outbox import RegistryOutbox


class ConnectionReporter:
    """Reports the state of one session's peer."""

    def __init__(self, outbox: RegistryOutbox) -> None:
        self._outbox = outbox
        self._tasks = Tasks()
        self._task: asyncio.Task[None] | None = None
        self._state: ConnectionState = "connected"
        self._recorded: OpenConnectionState | None = None
        """The last state that the registry has stored. None: that of the peer's record."""

    def report(self, membership: RoomMembership, state: ConnectionState) -> None:
        """Reports a state unless it is stored already."""
        self._state = state
        if self._recorded is None:
            record = membership.hub.view.peers.get(membership.peer_id)
            self._recorded = "connected" if record is None else record.connection_state
        if self._task is None or self._task.done():
            self._task = self._tasks.spawn(self._run(membership), "connection-state")

    def stop(self) -> None:
        """Ends reporting, because the membership ends."""
        task, self._task, self._recorded = self._task, None, None
        if task is not None:
            task.cancel()

    async def _run(self, membership: RoomMembership) -> None:
        while self._recorded != self._state:
            state = self._state
            # A refusal means that the peer has left or was claimed: another session reports its state.
            await self._outbox.retry(
                SetConnectionState(
                    room_id=membership.room_id,
                    peer_id=membership.peer_id,
                    claim_id=membership.claim.claim_id,
                    state=state,
                )
            )
            self._recorded = state

"""Writes the peers of this instance again after the registry's store was lost.

The registry announces the identity of its store every 2 s. When it changes, every peer that this instance serves is
restored from the instance's view of the room, which keeps its content until the registry answers with a snapshot again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import structlog

from hubbub_contracts import HubbubError
from hubbub_contracts.bus.peer import RestorePeer
from hubbub_service import Tasks

from ..domain.ports import Backend
from .membership import RoomMembership

_log = structlog.get_logger(__name__)


class PeerRestorer:
    """Compares the announced identities, and restores the peers once per change."""

    def __init__(self, backend: Backend, served: Callable[[], Iterable[RoomMembership]]) -> None:
        """`served` returns the memberships of all peers that this instance serves."""
        self._backend = backend
        self._served = served
        self._tasks = Tasks()
        self._store: str | None = None
        self._restoring = False

    def announce(self, store: str | None) -> None:
        """Handles an announced identity; older versions of the registry announce none."""
        if store is None or store == self._store or self._restoring:
            return
        if self._store is None:
            self._store = store
            return
        self._restoring = True
        self._tasks.spawn(self._restore_all(store), "restore-peers")

    async def stop(self) -> None:
        """Cancels a pending restoration."""
        await self._tasks.close()

    async def _restore_all(self, store: str) -> None:
        """Remembers the identity when no peer is left to restore; otherwise the next announcement tries again."""
        try:
            results = [await self._restore(membership) for membership in list(self._served())]
        finally:
            self._restoring = False
        if all(results):
            self._store = store
            _log.warning("the registry's store was lost: restored the peers of this instance", peers=len(results))

    async def _restore(self, membership: RoomMembership) -> bool:
        """Returns False when the request must be repeated."""
        view = membership.hub.view
        peer = view.peers.get(membership.peer_id)
        if view.room is None or peer is None:
            return True
        try:
            await self._backend.registry(RestorePeer(room=view.room, peer=peer))
        except HubbubError as error:
            _log.warning("peer not restored", peer_id=membership.peer_id, error=error.message)
            return not error.retryable
        return True

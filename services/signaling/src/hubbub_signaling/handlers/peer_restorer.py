"""Writes the peers of this instance again after the registry's store was lost.

The registry announces the identity of its store every 2 s. When it changes, every peer that this instance serves is
restored from the instance's view of the room, which keeps its content until the registry answers with a snapshot again
(`confirmed_backend.py`).
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable

import structlog

from hubbub_contracts import HubbubError
from hubbub_contracts.bus.peer import RestorePeer
from hubbub_contracts.bus.records import PeerRecord, RoomRecord
from hubbub_service import Tasks

from ..domain.known_store import KnownStore
from ..domain.ports import Backend
from .membership import RoomMembership
from .room_hub import RoomHub

_log = structlog.get_logger(__name__)

CONCURRENT_ROOMS = 64


class PeerRestorer:
    """Compares the announced identities, and restores the peers once per change."""

    def __init__(self, backend: Backend, known: KnownStore, served: Callable[[], Iterable[RoomMembership]]) -> None:
        """`served` returns the memberships of all peers that this instance serves."""
        self._backend = backend
        self._known = known
        self._served = served
        self._tasks = Tasks()
        self._slots = asyncio.Semaphore(CONCURRENT_ROOMS)
        self._restoring = False

    def announce(self, store: str | None, sequence: int) -> None:
        """Handles an announced identity and sequence; older versions of the registry announce none."""
        if store is None or self._restoring:
            return
        known = self._known
        if known.identity is None:
            known.adopt(store)
        elif known.identity != store:
            self._restoring = True
            self._tasks.spawn(self._restore_all(store), "restore-peers")
            return
        known.advance(sequence)

    async def stop(self) -> None:
        """Cancels a pending restoration."""
        await self._tasks.close()

    async def _restore_all(self, store: str) -> None:
        """Adopts the new store when no peer is left to restore; otherwise the next announcement tries again."""
        rooms: defaultdict[RoomHub, set[str]] = defaultdict(set)
        for membership in self._served():
            rooms[membership.hub].add(membership.peer_id)
        try:
            results = await asyncio.gather(*(self._restore_room(store, *room) for room in rooms.items()))
        finally:
            self._restoring = False
        if all(results):
            self._known.adopt(store)
            _log.warning("the registry's store was lost: restored the rooms of this instance", rooms=len(results))

    async def _restore_room(self, store: str, hub: RoomHub, peer_ids: set[str]) -> bool:
        """Restores the room's peers one by one. Returns False when a request must be repeated."""
        async with self._slots:
            view = hub.view
            peers = [peer for peer_id, peer in view.peers.items() if peer_id in peer_ids]
            # `view.room` is None when the room was removed.
            return view.room is None or all([await self._restore(store, view.room, peer) for peer in peers])

    async def _restore(self, store: str, room: RoomRecord, peer: PeerRecord) -> bool:
        """Returns False when the request must be repeated."""
        try:
            await self._backend.registry(RestorePeer(store=store, room=room, peer=peer))
        except HubbubError as error:
            _log.warning("peer not restored", peer_id=peer.peer_id, error=error.message)
            return not error.retryable
        return True

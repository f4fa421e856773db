"""Moving rooms from nodes that are gone, and peers after their rooms.

Every replica does it; compare-and-set sorts it out.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Iterable

from hubbub_bus import KeyConflict, operation_id
from hubbub_contracts import HubbubError
from hubbub_registry.domain.nodes import Nodes
from hubbub_registry.domain.replacement import PeerMove, RoomMove, moved, peer_moves, room_moves
from hubbub_registry.handlers.store import PeerDeparted, RoomStore

log = logging.getLogger(__name__)

CONCURRENCY = 64
"""Writes on their way at once."""


class Replacement:
    """Brings the records in line with the nodes that live."""

    def __init__(self, store: RoomStore, nodes: Nodes) -> None:
        self._store = store
        self._nodes = nodes

    async def run(self) -> bool:
        """One pass; False when something could not be written and has to be looked at again."""
        rooms = list(room_moves(self._store.rooms, self._nodes))
        rooms_done = await _side_by_side(self._move_room(move) for move in rooms)
        peers = list(peer_moves(self._store.rooms, self._nodes))
        peers_done = await _side_by_side(self._move_peer(move) for move in peers)
        if any(rooms_done) or any(peers_done):  # nothing, when another replica was quicker
            log.info("moved %d rooms and %d peers", sum(rooms_done), sum(peers_done))
        return all(rooms_done) and all(peers_done)

    async def _move_room(self, move: RoomMove) -> bool:
        record = move.settings.record.model_copy(update={"placement": move.home, "operation_id": operation_id()})
        try:
            await self._store.put_room(record, move.settings.revision)
        except KeyConflict:
            return False
        return True

    async def _move_peer(self, move: PeerMove) -> bool:
        try:
            await self._store.put_peer(moved(move.peer.record, move.home, operation_id()), move.peer.revision)
        except KeyConflict:
            return False
        except PeerDeparted:
            pass
        return True


async def _side_by_side(work: Iterable[Awaitable[bool]]) -> list[bool]:
    """Runs the writes, some at once; a store that does not answer counts as not done."""
    gate = asyncio.Semaphore(CONCURRENCY)

    async def one(item: Awaitable[bool]) -> bool:
        async with gate:
            try:
                return await item
            except HubbubError as error:
                log.info("not moved: %s", error.message)
                return False

    return list(await asyncio.gather(*(one(item) for item in work)))

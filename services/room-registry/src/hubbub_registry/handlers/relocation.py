"""Moves rooms and peers away from ended media nodes.

Every replica runs this; compare-and-set lets one of them win.
"""

from __future__ import annotations

import contextlib
from functools import partial

import structlog

from hubbub_bus import operation_id

from ..domain.nodes import Nodes
from ..domain.placement import Placer
from ..domain.ports import PeerDeparted, RoomStore
from ..domain.relocation import PeerMove, RoomMove, move_peer, peer_moves, room_moves
from .concurrent_writes import run_writes

_log = structlog.get_logger(__name__)


class Relocator:
    """Brings the placements in the records in line with the live nodes."""

    def __init__(self, store: RoomStore, nodes: Nodes, room_peers_per_node: int | None) -> None:
        """`room_peers_per_node`: as in `Placer`."""
        self._store = store
        self._nodes = nodes
        self._room_peers_per_node = room_peers_per_node

    async def run(self) -> bool:
        """Makes one pass. Returns False when a write failed and another pass is needed."""
        rooms = list(room_moves(self._store.rooms, self._nodes, self._placer()))
        room_results = await run_writes("relocation", [partial(self._move_room, move) for move in rooms])
        peers = list(peer_moves(self._store.rooms, self._nodes, self._placer()))
        peer_results = await run_writes("relocation", [partial(self._move_peer, move) for move in peers])
        if any(room_results) or any(peer_results):  # all False when another replica was faster
            _log.info("moved to other media nodes", rooms=sum(room_results), peers=sum(peer_results))
        return all(room_results) and all(peer_results)

    def _placer(self) -> Placer:
        return Placer(self._nodes, self._store.rooms, self._room_peers_per_node)

    async def _move_room(self, move: RoomMove) -> None:
        record = move.settings.record.model_copy(update={"placement": move.placement, "operation_id": operation_id()})
        await self._store.wait_for(await self._store.put_room(record, move.settings.revision))

    async def _move_peer(self, move: PeerMove) -> None:
        record = move_peer(move.peer.record, move.placement, operation_id())
        with contextlib.suppress(PeerDeparted):
            await self._store.put_peer(record, move.peer.revision)

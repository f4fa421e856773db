"""Moves rooms and peers away from ended media nodes, and peers from those that drain.

Every replica runs this; compare-and-set lets one of them win.
"""

from __future__ import annotations

import contextlib
from functools import partial

import structlog

from hubbub_bus import operation_id
from hubbub_contracts.bus.records import PeerRecord

from ..domain.nodes import Nodes
from ..domain.placement import Placer
from ..domain.ports import PeerDeparted, RoomStore
from ..domain.relocation import (
    BeginningMove,
    PeerMove,
    RoomMove,
    begin_move,
    beginning_moves,
    end_move,
    ending_moves,
    move_peer,
    peer_moves,
    room_moves,
)
from ..domain.stored_record import StoredPeer
from .concurrent_writes import run_writes

_log = structlog.get_logger(__name__)


class Relocator:
    """Brings the placements in the records in line with the live nodes."""

    def __init__(self, store: RoomStore, nodes: Nodes, room_peers_per_node: int | None) -> None:
        """`room_peers_per_node`: as in `Placer`."""
        self._store = store
        self._nodes = nodes
        self._room_peers_per_node = room_peers_per_node

    async def run(self, now: int) -> bool:
        """Makes one pass; `now` is in Unix milliseconds. Returns False when a write failed and another is needed."""
        rooms = list(room_moves(self._store.rooms, self._nodes, self._placer()))
        room_results = await run_writes("relocation", [partial(self._move_room, move) for move in rooms])
        peers = list(peer_moves(self._store.rooms, self._nodes, self._placer()))
        peer_results = await run_writes("relocation", [partial(self._move_peer, move) for move in peers])
        if any(room_results) or any(peer_results):  # all False when another replica was faster
            _log.info("moved to other media nodes", rooms=sum(room_results), peers=sum(peer_results))
        ending = list(ending_moves(self._store.rooms, self._nodes, now))
        ended = await run_writes("relocation", [partial(self._end_move, peer) for peer in ending])
        beginning = list(beginning_moves(self._store.rooms, self._nodes, self._placer(), now))
        begun = await run_writes("relocation", [partial(self._begin_move, move) for move in beginning])
        if any(begun) or any(ended):
            _log.info("moves of peers to other media nodes", begun=sum(begun), ended=sum(ended))
        return all(room_results) and all(peer_results) and all(begun) and all(ended)

    def _placer(self) -> Placer:
        return Placer(self._nodes, self._store.rooms, self._room_peers_per_node)

    async def _move_room(self, move: RoomMove) -> None:
        record = move.settings.record.model_copy(update={"placement": move.placement, "operation_id": operation_id()})
        await self._store.wait_for(await self._store.put_room(record, move.settings.revision))

    async def _move_peer(self, move: PeerMove) -> None:
        await self._put(move_peer(move.peer.record, move.placement, operation_id()), move.peer)

    async def _begin_move(self, move: BeginningMove) -> None:
        await self._put(begin_move(move.peer.record, move.placement, move.leaving, operation_id()), move.peer)

    async def _end_move(self, peer: StoredPeer) -> None:
        ended = end_move(peer.record)
        if ended is not None:
            await self._put(ended.model_copy(update={"operation_id": operation_id()}), peer)

    async def _put(self, record: PeerRecord, replaced: StoredPeer) -> None:
        with contextlib.suppress(PeerDeparted):
            await self._store.put_peer(record, replaced.revision)

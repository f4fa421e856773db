"""Moves rooms and peers away from ended media nodes, and peers from those that drain.

Every replica runs this; compare-and-set lets one of them win.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from functools import partial

import structlog

from hubbub_bus import operation_id, retry_on_conflict
from hubbub_contracts import ErrorCode, HubbubError
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
from ..domain.standby import end_standby, lost_standbys, promotable, promote, promotions
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
        # A promoted peer waits for nobody: its client sends already, and its media goes on with this write.
        promoted, moved = await asyncio.gather(self._promote(), self._move())
        settled = await self._settle(now)
        return promoted and moved and settled

    async def _promote(self) -> bool:
        """Places peers of ended nodes on their standbys."""
        promoted = list(promotions(self._store.rooms, self._nodes))
        random.shuffle(promoted)  # replicas that do this at the same time begin with different ones
        results = await run_writes("relocation", [partial(self._promote_peer, each) for each in promoted])
        if any(results):
            _log.info("peers are on their standbys", peers=sum(results))
        return all(results)

    async def _move(self) -> bool:
        """Moves rooms away from ended nodes, then the peers that have no standby."""
        rooms = list(room_moves(self._store.rooms, self._nodes, self._placer()))
        room_results = await run_writes("relocation", [partial(self._move_room, move) for move in rooms])
        peers = list(peer_moves(self._store.rooms, self._nodes, self._placer()))
        peer_results = await run_writes("relocation", [partial(self._move_peer, move) for move in peers])
        if any(room_results) or any(peer_results):  # all False when another replica was faster
            _log.info("moved to other media nodes", rooms=sum(room_results), peers=sum(peer_results))
        return all(room_results) and all(peer_results)

    async def _settle(self, now: int) -> bool:
        """Ends and begins moves away from nodes that drain, and ends standbys."""
        ending = list(ending_moves(self._store.rooms, self._nodes, now))
        ended = await run_writes("relocation", [partial(self._end_move, peer) for peer in ending])
        beginning = list(beginning_moves(self._store.rooms, self._nodes, self._placer(), now))
        moving = {move.peer for move in beginning}  # which ends their standby
        lost = [each for each in lost_standbys(self._store.rooms, self._nodes) if each not in moving]
        begun = await run_writes("relocation", [partial(self._begin_move, move) for move in beginning])
        removed = await run_writes("relocation", [partial(self._end_standby, peer) for peer in lost])
        if any(begun) or any(ended) or any(removed):
            _log.info("moves of peers to other media nodes", begun=sum(begun), ended=sum(ended), standbys=sum(removed))
        return all(ended) and all(begun) and all(removed)

    def _placer(self) -> Placer:
        return Placer(self._nodes, self._store.rooms, self._room_peers_per_node)

    async def _move_room(self, move: RoomMove) -> None:
        record = move.settings.record.model_copy(update={"placement": move.placement, "operation_id": operation_id()})
        await self._store.wait_for(await self._store.put_room(record, move.settings.revision))

    async def _move_peer(self, move: PeerMove) -> None:
        await self._put(move_peer(move.peer.record, move.placement, operation_id()), move.peer)

    async def _promote_peer(self, selected: StoredPeer) -> None:
        """Unlike other writes, it does not wait for the next pass when somebody else has written the record."""

        async def attempt() -> None:
            peer = self._store.rooms.find_peer(selected.room_id, selected.peer_id)
            if peer is None or peer.placement != selected.placement:
                return  # it has left, or another replica was faster
            promoted = None if promotable(peer, self._nodes) is None else promote(peer.record, operation_id())
            if promoted is None:
                raise HubbubError(ErrorCode.INVALID_STATE, "the standby has ended: the peer is placed anywhere else")
            await self._put(promoted, peer)

        await retry_on_conflict(attempt)

    async def _end_standby(self, peer: StoredPeer) -> None:
        ended = None if peer.standby is None else end_standby(peer.record, peer.standby)
        if ended is not None:
            await self._put(ended.model_copy(update={"operation_id": operation_id()}), peer)

    async def _begin_move(self, move: BeginningMove) -> None:
        await self._put(begin_move(move.peer.record, move.placement, move.leaving, operation_id()), move.peer)

    async def _end_move(self, peer: StoredPeer) -> None:
        ended = end_move(peer.record)
        if ended is not None:
            await self._put(ended.model_copy(update={"operation_id": operation_id()}), peer)

    async def _put(self, record: PeerRecord, replaced: StoredPeer) -> None:
        with contextlib.suppress(PeerDeparted):
            await self._store.put_peer(record, replaced.revision)

"""How a peer comes into a room.

Rules
- A peer's key may be written when the room was seen open; the *order* of writes decides afterwards. Behind the room's
  close, or behind the limit, the peer is taken back before anybody is told that it joined.
- A close is in two steps: a room is marked as closing, then removed. A join before the mark is seen by who closes and
  undoes the mark; a join after it must undo the mark itself. So no peer is acknowledged in a room that goes.
- A peer's id is used once: whoever left does not come back by a request that was late.
"""

from __future__ import annotations

import asyncio

from hubbub_bus import KeyConflict, operation_id, unix_ms
from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.peer import JoinRoom, LeaveReason
from hubbub_contracts.bus.records import PeerRecord, RoomRecord
from hubbub_contracts.bus.room import RoomSnapshot
from hubbub_registry.domain.limits import Limits, stands_behind
from hubbub_registry.domain.nodes import Nodes
from hubbub_registry.domain.placement import Placer
from hubbub_registry.domain.replacement import moved
from hubbub_registry.domain.room_state import Held, Room, snapshot
from hubbub_registry.handlers.attempts import until_stored
from hubbub_registry.handlers.room import reopen
from hubbub_registry.handlers.store import PeerDeparted, RoomStore

UNDECIDED_PAUSE = 0.05
UNDECIDED_TRIES = 16
"""So often a join looks whether a room's home, which is being judged, is dead or alive."""


class JoinHandler:
    """Answers `peer.join`."""

    def __init__(self, store: RoomStore, nodes: Nodes, limits: Limits) -> None:
        self._store = store
        self._nodes = nodes
        self._limits = limits

    async def join(self, message: JoinRoom) -> RoomSnapshot:
        """Adds the peer, or finds that it is there. Raises `room_not_found`, `quota_exceeded`, `unavailable`."""
        await self._store.ready()
        await self._store.refresh_room(message.room_id)
        await until_stored(lambda: self._enter(message))
        return await until_stored(lambda: self._confirm(message))

    async def _enter(self, message: JoinRoom) -> None:
        """Writes the peer's key, unless the same join did already."""
        room, settings = self._open_room(message.room_id)
        there = room.peers.get(message.peer_id)
        if there is not None:
            if (there.record.user_id, there.record.signaling_id) != (message.user_id, message.signaling_id):
                raise HubbubError(ErrorCode.CONFLICT, "the peer's id is taken")
            return
        if len(room.peers) >= self._limits.peers_per_room:
            raise self._full()
        placed = await self._placed(message.room_id, settings)
        try:
            await self._store.put_peer(
                PeerRecord(
                    room_id=message.room_id,
                    peer_id=message.peer_id,
                    user_id=message.user_id,
                    display_name=message.display_name,
                    app_data=message.app_data,
                    joined_at=unix_ms(),
                    signaling_id=message.signaling_id,
                    resume_digest=message.resume_digest,
                    placement=placed.placement,
                    operation_id=operation_id(),
                ),
                0,
            )
        except PeerDeparted as error:
            raise HubbubError(ErrorCode.INVALID_STATE, "this peer has left; join as a new one") from error

    async def _confirm(self, message: JoinRoom) -> RoomSnapshot:
        """Sees whether the write counts, now that everything before it is known."""
        room = self._store.rooms.get(message.room_id)
        peer = None if room is None else room.peers.get(message.peer_id)
        if room is None or peer is None:
            raise self._removed()
        if room.settings is None:
            await self._take_back(message, "room_closed")
            raise HubbubError(ErrorCode.ROOM_NOT_FOUND, "the room was closed")
        others = (other.since for other in room.peers.values() if other is not peer)
        if stands_behind(self._limits.peers_per_room, peer.since, others):
            await self._take_back(message, "removed")
            raise self._full()
        if room.settings.record.closing:
            await reopen(self._store, room.settings)
        home = room.settings.record.placement
        if peer.record.placement != home:
            # The room moved between the look and the write.
            try:
                await self._store.put_peer(moved(peer.record, home, operation_id()), peer.revision)
            except PeerDeparted as error:
                raise self._removed() from error
        told = self._store.rooms.get(message.room_id)
        answer = None if told is None else snapshot(told, self._store.sequence)
        if answer is None:
            raise KeyConflict(message.room_id)
        return answer

    def _open_room(self, room_id: str) -> tuple[Room, Held[RoomRecord]]:
        room = self._store.rooms.get(room_id)
        if room is None or room.settings is None:
            raise HubbubError(ErrorCode.ROOM_NOT_FOUND, "no such room: create it first")
        return room, room.settings

    async def _placed(self, room_id: str, settings: Held[RoomRecord]) -> RoomRecord:
        """The settings with a home that is there, given now if need be. Raises KeyConflict and `unavailable`."""
        for _ in range(UNDECIDED_TRIES):
            home = settings.record.placement
            if home is not None and self._nodes.is_home(home):
                return settings.record
            if home is None or self._nodes.is_over(home):
                new = Placer(self._nodes.candidates(), self._store.rooms).place()
                if new is None:
                    raise HubbubError(ErrorCode.UNAVAILABLE, "no media node can take the room now", retryable=True)
                record = settings.record.model_copy(update={"placement": new, "operation_id": operation_id()})
                await self._store.put_room(record, settings.revision)
                return record
            await asyncio.sleep(UNDECIDED_PAUSE)
            _, settings = self._open_room(room_id)
        raise HubbubError(ErrorCode.UNAVAILABLE, "the room's media node does not answer", retryable=True)

    async def _take_back(self, message: JoinRoom, reason: LeaveReason) -> None:
        async def attempt() -> None:
            room = self._store.rooms.get(message.room_id)
            peer = None if room is None else room.peers.get(message.peer_id)
            if peer is not None:
                await self._store.purge_peer(message.room_id, message.peer_id, peer.revision, reason)

        await until_stored(attempt)

    def _removed(self) -> HubbubError:
        return HubbubError(ErrorCode.CANCELLED, "the peer was removed while it joined")

    def _full(self) -> HubbubError:
        return HubbubError(ErrorCode.QUOTA_EXCEEDED, f"a room may have {self._limits.peers_per_room} peers")

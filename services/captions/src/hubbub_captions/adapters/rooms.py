"""The rooms to which this instance gives captions, by hidden peers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from hubbub_bus import Bus
from hubbub_contracts import subjects
from hubbub_contracts.bus.room import GetRoom
from hubbub_receiver import HiddenPeer, RoomReceiver
from hubbub_service import Tasks, cancel_and_wait

from ..domain.ports import CaptionPublisher, Transcribers
from .room_audio import RoomAudio
from .transcript_keeper import TranscriptKeeper

_log = structlog.get_logger(__name__)

DRAIN_TIMEOUT = 2.0
"""Seconds that the last segments may take when captions are stopped."""


@dataclass(frozen=True, slots=True)
class _Room:
    receiver: RoomReceiver
    audio: RoomAudio
    keeper: TranscriptKeeper | None
    tasks: Sequence[asyncio.Task[None]]


class HiddenPeersInRooms:
    """Implements `domain.ports.CaptionedRooms`."""

    CLOSE_TIMEOUT = DRAIN_TIMEOUT + 3.0
    """Seconds that `close_all` takes at most: a bus that does not answer delays it."""

    def __init__(
        self,
        bus: Bus,
        peer: HiddenPeer,
        transcribers: Transcribers,
        publisher: CaptionPublisher,
        tasks: Tasks,
        make_keeper: Callable[[str], TranscriptKeeper | None],
    ) -> None:
        """`tasks` watch the rooms. `make_keeper` makes what keeps the transcript of a room, if anything does."""
        self._bus = bus
        self._peer = peer
        self._transcribers = transcribers
        self._publisher = publisher
        self._tasks = tasks
        self._make_keeper = make_keeper
        self._rooms: dict[str, _Room] = {}

    def __len__(self) -> int:
        """The number of rooms."""
        return len(self._rooms)

    def __contains__(self, room_id: str) -> bool:
        """See `CaptionedRooms`."""
        return room_id in self._rooms

    async def open(self, room_id: str) -> None:
        """See `CaptionedRooms`."""
        keeper = self._make_keeper(room_id)
        audio = RoomAudio(room_id, self._transcribers, self._publisher, keeper, lambda: self._lost(room_id))
        receiver = RoomReceiver(self._bus, room_id, self._peer, audio)
        await receiver.open()
        tasks = [self._tasks.spawn(audio.watch(), f"captions-{room_id[:16]}")]
        if keeper is not None:
            tasks.append(self._tasks.spawn(keeper.run(), f"transcript-{room_id[:16]}"))
        self._rooms[room_id] = _Room(receiver, audio, keeper, tasks)
        _log.info("captions started", room_id=room_id)

    async def close(self, room_id: str) -> None:
        """See `CaptionedRooms`."""
        room = self._rooms.pop(room_id, None)
        if room is None:
            return
        try:
            async with asyncio.timeout(DRAIN_TIMEOUT):
                await room.audio.drain()
        except TimeoutError:
            _log.warning("the last captions took too long", room_id=room_id)
        finally:
            await cancel_and_wait(*room.tasks)
            await room.receiver.close()
        if room.keeper is not None:
            self._tasks.spawn(room.keeper.finish(), f"finish-transcript-{room_id[:16]}")
        _log.info("captions stopped", room_id=room_id)

    def _lost(self, room_id: str) -> None:
        """The room was closed."""
        self._tasks.spawn(self.close(room_id), "close-captions")

    async def close_all(self) -> None:
        """Leaves every room."""
        await asyncio.gather(*(self.close(room_id) for room_id in list(self._rooms)))

    async def servers(self, room_id: str) -> list[str]:
        """See `CaptionedRooms`."""
        message = GetRoom(room_id=room_id)
        room = await self._bus.request(subjects.registry(message.verb), message)
        peers = sorted(room.peers, key=lambda peer: (peer.joined_at, peer.peer_id))
        return [peer.signaling_id for peer in peers if peer.role == self._peer.role]

"""Rooms of people who all send a tone, of a pitch for each room, and what must hold in them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from hubbub_client import Call, LocalPublication, Participant, RemotePublication

from .bus_client import BusClient
from .eventually import wait_for_counts
from .installation import Installation
from .tracks import SAMPLE_RATE, ToneTrack

LOWEST_TONE, TONE_STEP = 400, 200
"""Hz. Room n has the tone `LOWEST_TONE + n * TONE_STEP`."""
WINDOW = SAMPLE_RATE // 4
"""Samples of which a pitch is taken."""
POLL = 0.1


class Listener:
    """Somebody who hears all microphones of a call at all times."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.pitches: dict[str, tuple[float, float]] = {}
        """By name of the participant: when a window ended, in monotonic seconds, and its pitch in Hz."""
        self.longest_silence = 0.0
        """Seconds between two frames of somebody."""
        self._heard_at: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        call.on("published", self._listen)

    def _listen(self, participant: Participant[Any], publication: LocalPublication | RemotePublication) -> None:
        if not isinstance(publication, RemotePublication):
            return
        task = asyncio.create_task(self._hear(participant.name, publication))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _hear(self, name: str, publication: RemotePublication) -> None:
        crossings = samples = 0
        async with publication.audio_frames() as frames:
            async for frame in frames:
                now = time.monotonic()
                self.longest_silence = max(self.longest_silence, now - self._heard_at.get(name, now))
                self._heard_at[name] = now
                values = frame.to_ndarray()[0][:: len(frame.layout.channels)]
                crossings += int(((values[1:] >= 0) != (values[:-1] >= 0)).sum())
                samples += len(values)
                if samples >= WINDOW:
                    self.pitches[name] = now, crossings * SAMPLE_RATE / samples / 2
                    crossings = samples = 0

    def why_not_whole(self, others: list[str], frequency: int, since: float) -> str | None:
        """What is missing of: connected, sees exactly `others`, has heard their tone after `since`. None: nothing."""
        me = self.call.local.name
        if self.call.state != "connected":
            return f"{me} is {self.call.state}: {self.call.reconnect_cause}"
        seen = sorted(one.name for one in self.call.participants.values())
        if seen != others:
            return f"{me} sees {seen}, not {others}"
        for name in others:
            at, pitch = self.pitches.get(name, (0.0, 0.0))
            if at < since:
                return f"{me} does not hear {name}"
            # The first window of a decoder, and one with a gap, are not pure.
            if abs(pitch - frequency) > TONE_STEP / 2:
                return f"{me} hears {name} at {pitch:.0f} Hz, not {frequency}"
        return None


class LiveRoom:
    """A room whose people send and hear one tone."""

    def __init__(self, name: str, urls: list[str], people: int, frequency: int) -> None:
        self.name = name
        self.calls = [Call(urls[nth % len(urls)], name, f"{name}, {nth}") for nth in range(people)]
        self.listeners = [Listener(call) for call in self.calls]
        self._frequency = frequency
        self._revision = 0

    async def enter(self) -> None:
        """All join and publish."""
        for call in self.calls:
            await call.join()
            await call.local.publish(ToneTrack(frequency=self._frequency), "microphone")

    async def leave(self) -> None:
        """All leave."""
        await asyncio.gather(*(call.leave() for call in self.calls))

    async def require_whole(self, within: float) -> None:
        """Waits until everybody is connected, sees exactly the others, and hears the room's tone from each of them."""
        started = time.monotonic()
        for listener in self.listeners:
            others = sorted(call.local.name for call in self.calls if call is not listener.call)
            while (why := listener.why_not_whole(others, self._frequency, started)) is not None:
                ended = [(call.local.name, call.ended) for call in self.calls if call.ended is not None]
                assert not ended, f"calls ended: {ended}"
                assert time.monotonic() - started < within, f"after {within:g} s {why}"
                await asyncio.sleep(POLL)

    async def require_recorded(self, client: BusClient) -> None:
        """Requires one record for each person, on a node, at a revision that never went back."""
        snapshot = await client.room(self.name)
        recorded = sorted((peer.peer_id, peer.display_name) for peer in snapshot.peers)
        assert recorded == sorted((call.local.peer_id, call.local.name) for call in self.calls)
        assert None not in {snapshot.room.placement, *(peer.placement for peer in snapshot.peers)}
        assert snapshot.revision >= self._revision, f"{self.name}: {snapshot.revision} after {self._revision}"
        self._revision = snapshot.revision


class LiveRooms:
    """Several rooms."""

    def __init__(self, installation: Installation, rooms: int, people: int) -> None:
        self._installation = installation
        self.rooms = [
            LiveRoom(f"room {nth}", installation.urls, people, LOWEST_TONE + nth * TONE_STEP) for nth in range(rooms)
        ]

    @property
    def longest_silence(self) -> float:
        """Seconds between two frames of somebody, since `reset_silence`."""
        return max(listener.longest_silence for room in self.rooms for listener in room.listeners)

    def reset_silence(self) -> None:
        """Starts to measure anew."""
        for room in self.rooms:
            for listener in room.listeners:
                listener.longest_silence = 0.0

    async def require_media(self, within: float) -> None:
        """Requires within this time, seconds, that everybody sees and hears exactly the others of the room."""
        await asyncio.gather(*(room.require_whole(within) for room in self.rooms))

    async def require_whole(self, client: BusClient, within: float) -> None:
        """Requires that all rooms are whole within this time, seconds, and that nothing else is left anywhere."""
        await self.require_media(within)
        people = [len(room.calls) for room in self.rooms]
        counts = {
            "rooms": len(people),
            "peers": sum(people),
            "producers": sum(people),
            "transports": 2 * sum(people),
            "consumers": sum(count * (count - 1) for count in people),
        }
        for signaling in range(len(self._installation.signaling)):
            await wait_for_counts(self._installation, within=within, signaling=signaling, **counts)
        for room in self.rooms:
            await room.require_recorded(client)


@asynccontextmanager
async def live_rooms(installation: Installation, rooms: int, people: int) -> AsyncIterator[LiveRooms]:
    """Rooms that everybody has joined, and leaves at the end."""
    entered = LiveRooms(installation, rooms, people)
    async with AsyncExitStack() as stack:
        for room in entered.rooms:
            stack.push_async_callback(room.leave)
            await room.enter()
        yield entered

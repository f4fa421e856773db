"""A simulated client that sends some sources, receives others, and has a standby, by the same requests as the SDK.

Its transports are real, but nobody connects them: hundreds of such clients fit on a machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
import secrets
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hubbub_service import Tasks

from .caller import rtp_capabilities, rtp_parameters
from .client_socket import ClientSocket, Refused
from .seen_room import SeenRoom

KINDS = {"microphone": "audio", "camera": "video", "screen": "video"}
RECEIVED = 4
"""Producers that a client receives at most."""
PAUSE = 0.2
"""Seconds before a client repeats what failed, at least."""
DIRECTIONS = ("send", "recv")


@dataclass
class HomeIds:
    """What a client has on one node."""

    transports: dict[str, str] = field(default_factory=dict)
    """By direction."""
    producers: dict[str, str] = field(default_factory=dict)
    """id of a producer -> its source"""
    consumers: dict[str, str] = field(default_factory=dict)
    """id of the producer -> id of the consumer"""


class StandbyPerson:
    """One client. `wanted` says what it sends: change it by `pause`, `start` and `stop`."""

    def __init__(self, url: str, call_id: str, name: str, chance: random.Random) -> None:
        self.name = name
        self.call_id = call_id
        self.peer_id = ""
        self.wanted: dict[str, bool] = {}
        """source -> whether it is paused"""
        self.stopped: set[str] = set()
        """The ids of producers that it has closed, or that a moderator has stopped."""
        self.room = SeenRoom()
        self.home = HomeIds()
        self.standby = HomeIds()
        self.takeovers = 0
        self.moves = 0
        self.standby_ends: Counter[str] = Counter()
        """Why it lost a standby, or got none."""
        self.idle = False
        """Whether it has all that it wants."""
        self.left = False
        self.contradictions: list[str] = []
        """Events that do not fit what it knew."""
        self._chance = chance
        self._url = url
        self._socket = ClientSocket(url, retried_for=math.inf)
        self._read = 0
        self._paused: dict[str, bool | None] = {}
        """What the server was asked for last, by id of a producer; None: the answer is missing."""
        self._strangers: list[tuple[str, dict[str, Any]]] = []
        """The requests that close what a resumed session has and the client does not."""
        self._token = ""
        self._standby_at = 0.0
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._tasks = Tasks()

    @property
    def last_refusal(self) -> str:
        """What the server refused last, for diagnosis."""
        return self._socket.last_refusal

    async def join(self) -> None:
        """Joins, and from now on does what it wants until `leave`."""
        await self._socket.open()
        while (joined := await self._try_to_join()) is None:
            pass  # on a busy machine, the room had expired
        self.peer_id, self._token = joined["peerId"], joined["resumeToken"]
        self._enter(joined)
        self._task = asyncio.create_task(self._live())

    async def leave(self) -> None:
        """Leaves the room, and closes the socket."""
        self.left = True
        await self._end_task()
        with contextlib.suppress(ConnectionError, TimeoutError, Refused):
            await self._socket.call("leaveRoom")
        await self._socket.close()

    async def resume(self) -> None:
        """Loses the socket, and resumes on another one."""
        await self._end_task()
        await self._socket.cut()
        await self._resume()
        self._task = asyncio.create_task(self._live())

    async def _resume(self) -> None:
        while (resumed := await self._try_to_resume()) is None:
            await asyncio.sleep(PAUSE)
        self._token = resumed["resumeToken"]
        self._enter(resumed)
        self._adopt(resumed)

    async def _try_to_join(self) -> dict[str, Any] | None:
        await self._socket.ask("createRoom", callId=self.call_id)
        who = {"callId": self.call_id, "userId": self.name, "rtpCapabilities": rtp_capabilities()}
        try:
            return await self._socket.ask("joinRoom", **who, resumable=True, features=["makeBeforeBreak"])
        except Refused as refused:
            if refused.code != "room_not_found":
                raise
        return None

    async def _try_to_resume(self) -> dict[str, Any] | None:
        self._socket, self._read = ClientSocket(self._url, retried_for=math.inf), 0
        await self._socket.open()
        try:
            return await self._socket.call("resume", resumeToken=self._token, lastRevision=0)
        except (Refused, ConnectionError) as refused:
            await self._socket.close()
            if isinstance(refused, Refused) and not refused.retryable:
                raise
        return None

    def _adopt(self, resumed: dict[str, Any]) -> None:
        """Keeps what is left of the home, and closes what it does not have, as the SDK does."""
        home, self.home, self.standby = self.home, HomeIds(), HomeIds()
        for each in resumed["transports"]:
            if home.transports.get(each["direction"]) == (transport_id := each["transportId"]):
                self.home.transports[each["direction"]] = transport_id
            else:
                self._strangers.append(("closeTransport", {"transportId": transport_id}))
        for each in resumed["producers"]:
            if (producer_id := each["producerId"]) in home.producers and "send" in self.home.transports:
                self.home.producers[producer_id], self._paused[producer_id] = home.producers[producer_id], None
            else:
                self._strangers.append(("closeProducer", {"producerId": producer_id}))
        if "recv" in self.home.transports:
            consumers = {each["producerId"]: each["consumerId"] for each in resumed["consumers"]}
            self.home.consumers = {key: each for key, each in consumers.items() if home.consumers.get(key) == each}
            self._strangers += [
                ("closeConsumer", {"consumerId": each})
                for key, each in consumers.items()
                if home.consumers.get(key) != each
            ]

    def pause(self, source: str, *, paused: bool) -> None:
        """The user mutes, or unmutes."""
        if source not in self.wanted:
            return
        self.wanted[source] = paused
        for producer_id, each in self.home.producers.items():
            if each == source:
                self._paused[producer_id] = None
                self._tasks.spawn(self._pause_now(producer_id, source), "pause")
        self._poke()

    def start(self, source: str) -> None:
        """The user switches a source on."""
        self.wanted[source] = False
        self._poke()

    def stop(self, source: str) -> None:
        """The user switches a source off."""
        self.wanted.pop(source, None)
        self._poke()

    def _poke(self) -> None:
        self.idle = False
        self._changed.set()

    def _enter(self, answer: dict[str, Any]) -> None:
        # What arrived before the answer is part of it.
        self._read = 1 + next(nth for nth, each in enumerate(self._socket.log) if each.payload is answer)
        self.room = SeenRoom.of(answer)
        self._standby_at = time.monotonic() + self._chance.uniform(0.0, 1.0)

    async def _live(self) -> None:
        while True:
            self._follow()
            try:
                done = await self._advance()
            except Refused:
                done = False
                await asyncio.sleep(PAUSE * self._chance.uniform(1.0, 2.0))
            except ConnectionError:
                done = False
                self.idle = False
                await self._socket.close()
                await self._resume()
            self._follow()
            if not done or self._changed.is_set():
                self._changed.clear()
                continue
            self.idle = True
            wait = max(self._standby_at - time.monotonic(), 0.05) if not self.standby.transports else 60.0
            more = asyncio.create_task(self._socket.wait_for_more())
            changed = asyncio.create_task(self._changed.wait())
            try:
                await asyncio.wait([more, changed], timeout=wait, return_when=asyncio.FIRST_COMPLETED)
            finally:
                more.cancel()
                changed.cancel()

    async def _end_task(self) -> None:
        assert self._task is not None
        while not self._task.done():
            self._task.cancel()  # Python 3.11 may lose one that arrives together with an answer
            await asyncio.wait([self._task], timeout=1)
        if not self._task.cancelled():
            await self._task

    def _follow(self) -> None:
        while self._read < len(self._socket.log):
            received = self._socket.log[self._read]
            self._read += 1
            if not received.name.startswith("ack "):
                self.idle = False
                self._apply(received.name, received.payload)

    def _apply(self, event: str, payload: dict[str, Any]) -> None:
        if payload.get("peerId") == self.peer_id:
            self._apply_own(event, payload)
            return
        match event:
            case "transportClosed":
                self._transport_closed(payload["transportId"], payload["reason"])
            case "consumerClosed":
                for home in (self.home, self.standby):
                    if home.consumers.get(payload["producerId"]) == payload["consumerId"]:
                        del home.consumers[payload["producerId"]]
            case "peerMoved":
                self._moved(standby=payload.get("standby", False))
            case _:
                try:
                    self.room.apply(event, payload)
                except (KeyError, AssertionError) as error:
                    self.contradictions.append(f"{self.name}: {event} {payload}: {error!r}")

    def _apply_own(self, event: str, payload: dict[str, Any]) -> None:
        if event == "producerClosed":
            source = self._forget(payload["producerId"])
            if payload["reason"] == "stopped_by_moderator":
                self.stopped.add(payload["producerId"])
                self.wanted.pop(source or "", None)
        elif event == "peerMuted" and payload["muted"] and payload["source"] in self.wanted:
            self.wanted[payload["source"]] = True

    def _forget(self, producer_id: str) -> str | None:
        self.standby.producers.pop(producer_id, None)
        return self.home.producers.pop(producer_id, None)

    def _moved(self, *, standby: bool) -> None:
        self.moves += 1
        self._standby_at = time.monotonic() + self._chance.uniform(0.5, 2.0)
        if standby:
            self.takeovers += 1
            copied = self.standby.producers.keys()
            self.home, self.standby = self.standby, HomeIds()
            self._paused = {each: paused for each, paused in self._paused.items() if each in copied}

    def _transport_closed(self, transport_id: str, reason: str) -> None:
        if transport_id in self.standby.transports.values():
            self.standby_ends[f"closed: {reason}"] += 1
            self._drop_standby()
            return
        for direction, mine in list(self.home.transports.items()):
            if mine == transport_id:
                del self.home.transports[direction]
                (self.home.producers if direction == "send" else self.home.consumers).clear()

    def _drop_standby(self) -> None:
        self.standby = HomeIds()
        self._standby_at = time.monotonic() + self._chance.uniform(0.5, 2.0)

    async def _advance(self) -> bool:
        """Makes one pass. Returns False when another one is needed. Raises Refused."""
        home = self.home
        for direction in DIRECTIONS:
            if direction not in home.transports:
                home.transports[direction] = (await self._socket.ask("createTransport", direction=direction))["id"]
                return False
        while self._strangers:
            await self._close_on_server(*self._strangers[0])
            del self._strangers[0]
        for producer_id, source in list(home.producers.items()):
            if source not in self.wanted:
                await self._close(producer_id)
                return False
            if self._paused.get(producer_id) != self.wanted[source]:
                await self._pause(producer_id, source)
                return False
        for source, paused in self.wanted.items():
            if source not in home.producers.values():
                await self._produce(source, paused=paused)
                return False
        await self._receive(home)
        return await self._stand_by() if time.monotonic() >= self._standby_at else True

    async def _close(self, producer_id: str) -> None:
        await self._close_on_server("closeProducer", {"producerId": producer_id})
        self.stopped.add(producer_id)
        self._forget(producer_id)

    async def _close_on_server(self, event: str, what: dict[str, Any]) -> None:
        try:
            await self._socket.call(event, **what)
        except Refused as refused:
            if refused.code != "not_found":
                raise

    async def _pause_now(self, producer_id: str, source: str) -> None:
        """Among the other requests, which this one need not wait for. `_advance` repeats it when it fails."""
        with contextlib.suppress(Refused, ConnectionError, TimeoutError):
            await self._pause(producer_id, source)

    async def _pause(self, producer_id: str, source: str) -> None:
        paused = self.wanted[source]
        try:
            await self._socket.call("pauseProducer" if paused else "resumeProducer", producerId=producer_id)
            self._paused[producer_id] = paused
        except Refused as refused:
            if refused.code != "muted":
                raise
            self._paused[producer_id] = self.wanted[source] = True

    async def _produce(self, source: str, *, paused: bool) -> None:
        sends = self.home.transports["send"]
        produced = await self._socket.ask("produce", **self._track(source, sends), source=source, paused=paused)
        if sends not in self.home.transports.values():
            return  # it went with its transport
        self.home.producers[produced["id"]] = source
        self._paused[produced["id"]] = paused or bool(produced.get("paused"))
        if produced.get("paused"):
            self.wanted[source] = True

    def _track(self, source: str, transport_id: str) -> dict[str, Any]:
        kind, ssrc = KINDS[source], secrets.randbelow(1 << 31) + 1
        parameters = rtp_parameters(kind, ssrc, mid=f"{secrets.randbelow(100_000)}")
        return {"transportId": transport_id, "kind": kind, "rtpParameters": parameters}

    async def _receive(self, home: HomeIds) -> None:
        for producer_id in self.room.producers()[:RECEIVED]:
            if producer_id in home.consumers or "recv" not in home.transports:
                continue
            receives = home.transports["recv"]
            with contextlib.suppress(Refused):  # it may be gone
                consumed = await self._socket.call("consume", transportId=receives, producerId=producer_id)
                if receives in home.transports.values():
                    home.consumers[producer_id] = consumed["id"]
                await self._socket.ask("resumeConsumer", consumerId=consumed["id"])

    async def _stand_by(self) -> bool:
        standby = self.standby
        try:
            for direction in DIRECTIONS:
                if direction not in standby.transports:
                    made = await self._socket.call("createTransport", direction=direction, home="standby")
                    standby.transports[direction] = made["id"]
                    return False
            for producer_id, source in list(self.home.producers.items()):
                if producer_id not in standby.producers:
                    track = self._track(source, standby.transports["send"])
                    await self._socket.call("produce", **track, replaces=producer_id)
                    standby.producers[producer_id] = source
                    return False
        except Refused as refused:
            self.standby_ends[str(refused)] += 1
            await self._end_standby(standby)
            return True
        await self._receive(standby)
        return True

    async def _end_standby(self, standby: HomeIds) -> None:
        if standby is not self.standby:
            return  # it took over meanwhile
        self._drop_standby()
        for transport_id in standby.transports.values():
            with contextlib.suppress(Refused):
                await self._socket.call("closeTransport", transportId=transport_id)

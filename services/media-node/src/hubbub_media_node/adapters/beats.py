"""The node's sign of life, from a thread of its own: a busy main loop must not make a living node look dead.

The thread has its own event loop and its own connection to the bus. It also answers `ping`. What it tells of the main
loop's tables is a census that the main loop leaves for it; the load it measures by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hubbub_bus import Bus, Endpoint, cancel_and_wait
from hubbub_contracts import subjects
from hubbub_contracts.base import Done
from hubbub_contracts.bus.node import NodeHeartbeat, ProbeNode, WorkerLoad
from hubbub_contracts.errors import HubbubError
from hubbub_media_core.counters import WorkerCounters

from ..domain.load import LoadMeter, WorkerRate, WorkerSample
from ..domain.tables import Tables

log = logging.getLogger(__name__)

INTERVAL: Final = 0.2
"""Seconds between two beats."""

CENSUS_INTERVAL: Final = 0.2
_STOP_PATIENCE: Final = 3.0
_PAUSE: Final = 1.0


@dataclass(frozen=True, slots=True)
class WorkerCensus:
    """What the tables have on one worker."""

    rooms: int = 0
    peers: int = 0


@dataclass(slots=True)
class NodeState:
    """Written by the main loop, read by the thread of the beats: each field is replaced as a whole."""

    is_leased: Callable[[], bool]
    epoch: int | None = None
    """Of the life that beats; None while there is none."""
    draining: bool = False
    census: Sequence[WorkerCensus] = field(default_factory=tuple)


def take_census(tables: Tables, workers: int) -> tuple[WorkerCensus, ...]:
    """Rooms and peers on each worker; in the main loop."""
    rooms, peers = [0] * workers, [0] * workers
    for room in tables.rooms.values():
        rooms[room.worker] += 1
        peers[room.worker] += len(room.peers())
    return tuple(WorkerCensus(*counts) for counts in zip(rooms, peers, strict=True))


async def keep_census(state: NodeState, tables: Tables, workers: int) -> None:
    """Leaves a new census for the beats, for as long as the node lives."""
    while True:
        state.census = take_census(tables, workers)
        await asyncio.sleep(CENSUS_INTERVAL)


class Beats:
    """Runs from `start` to `stop`."""

    def __init__(
        self, url: str, node_id: str, state: NodeState, counters: Callable[[], list[WorkerCounters]], workers: int
    ) -> None:
        """`counters` is called in the thread of the beats."""
        self._url = url
        self._node_id = node_id
        self._state = state
        self._counters = counters
        self._meter = LoadMeter()
        self._rates: Sequence[WorkerRate] = tuple(WorkerRate() for _ in range(workers))
        self._thread = threading.Thread(target=self._run, name="beats", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._started = threading.Event()

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()
        self._started.wait()

    async def stop(self) -> None:
        """Ends the thread."""
        if self._loop is not None and self._stopping is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                self._loop.call_soon_threadsafe(self._stopping.set)
        await asyncio.to_thread(self._thread.join, _STOP_PATIENCE)

    def cpu(self) -> Sequence[float]:
        """Of each worker, over the last second: 0..1 of one core."""
        return [rate.cpu for rate in self._rates]

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        finally:
            self._started.set()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        stopping = self._stopping = asyncio.Event()
        self._started.set()
        beating = asyncio.create_task(self._beat_on(), name="beat")
        await stopping.wait()
        await cancel_and_wait(beating)

    async def _beat_on(self) -> None:
        """A node whose beats end is taken for dead, so they begin again whatever has happened."""
        while True:
            try:
                await self._beat()
            except Exception:
                log.exception("the beats broke off")
            await asyncio.sleep(_PAUSE)

    async def _beat(self) -> None:
        bus = await Bus.connect(self._url, name=f"node-{self._node_id}-beats")
        ping: Endpoint[Any, Any] | None = None
        served: int | None = None
        try:
            while True:
                self._measure()
                epoch = self._state.epoch
                if epoch != served and bus.connected:
                    if ping is not None:
                        await ping.stop()
                    ping = None if epoch is None else await self._answer_pings(bus, epoch)
                    served = epoch
                if epoch is not None:
                    await self._publish(bus, epoch)
                await asyncio.sleep(INTERVAL)
        finally:
            await bus.close()

    async def _answer_pings(self, bus: Bus, epoch: int) -> Endpoint[Any, Any]:
        return await bus.serve(subjects.node(self._node_id, epoch, ProbeNode.verb), ProbeNode, _pong)

    async def _publish(self, bus: Bus, epoch: int) -> None:
        beat = NodeHeartbeat(
            node_id=self._node_id,
            epoch=epoch,
            sent_at=time.time_ns() // 1_000_000,
            draining=self._state.draining,
            leased=self._state.is_leased(),
            workers=self._workers(),
        )
        with contextlib.suppress(HubbubError):  # the bus is away; the next beat is soon
            await bus.publish(subjects.heartbeat(self._node_id), beat)

    def _measure(self) -> None:
        sample = [
            WorkerSample(each["cpu_seconds"], each["packets_received"] + each["packets_sent"])
            for each in self._counters()
        ]
        if sample:
            self._rates = self._meter.rates(time.monotonic(), sample)

    def _workers(self) -> list[WorkerLoad]:
        counters, census = self._counters(), self._state.census
        return [
            WorkerLoad(
                index=index,
                cpu=rate.cpu,
                packets_per_second=rate.packets_per_second,
                rooms=held.rooms,
                peers=held.peers,
                transports=counted["transports"],
                producers=counted["producers"],
                consumers=counted["consumers"],
            )
            for index, (rate, held, counted) in enumerate(zip(self._rates, census, counters, strict=False))
        ]


async def _pong(_request: ProbeNode) -> Done:
    return Done()

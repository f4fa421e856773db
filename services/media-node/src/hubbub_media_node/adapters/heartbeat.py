"""The node's heartbeat, sent by a separate thread: a busy main loop must not make a live node look dead.

The thread has its own event loop and bus connection. It measures the workers' load, and it answers the registry's
probes (`ProbeNode`).
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import structlog

from hubbub_bus import Bus, Endpoint
from hubbub_contracts import subjects
from hubbub_contracts.base import Done
from hubbub_contracts.bus.node import NodeHeartbeat, ProbeNode, WorkerLoad
from hubbub_contracts.errors import HubbubError
from hubbub_media_core.counters import WorkerCounters
from hubbub_service import Tasks, report_failure

from ..domain.load_meter import LoadMeter, WorkerRate, WorkerSample
from .node_status import NodeStatus

_log = structlog.get_logger(__name__)

INTERVAL: Final = 0.2
"""Seconds between two heartbeats."""

_STOP_TIMEOUT: Final = 2.5
_RESTART_DELAY: Final = 1.0


class Heartbeat:
    """Runs from `start` to `stop`. Implements `domain.ports.WorkerLoads`."""

    def __init__(
        self,
        nats_url: str,
        node_id: str,
        status: NodeStatus,
        counters: Callable[[], list[WorkerCounters]],
        on_failed: Callable[[str], None],
        nats_tls: ssl.SSLContext | None = None,
        region: str | None = None,
        max_packets: int | None = None,
        max_bitrate: int | None = None,
    ) -> None:
        """Does nothing before `start`.

        Arguments:
            counters: returns the counters of all workers; it is called in the heartbeat thread.
            on_failed: called in the event loop of `start` with a reason, when no heartbeat will be sent any more.
            region: where the node is; None: not said.
            max_packets: packets that the node can receive and send in a second; None: not said.
            max_bitrate: bit/s that the node can send, and also receive; None: not said.
        """
        self._nats_url = nats_url
        self._nats_tls = nats_tls
        self._node_id = node_id
        self._region = region
        self._max_packets = max_packets
        self._max_bitrate = max_bitrate
        self._status = status
        self._counters = counters
        self._on_failed = on_failed
        self._bus: Bus | None = None
        self._main_loop: asyncio.AbstractEventLoop | None = None
        self._meter = LoadMeter()
        self._rates: Sequence[WorkerRate] = tuple(WorkerRate() for _ in status.occupancy)
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._started = threading.Event()

    def start(self) -> None:
        """Starts the thread and waits until its event loop runs."""
        self._main_loop = asyncio.get_running_loop()
        self._thread.start()
        self._started.wait()

    async def stop(self) -> None:
        """Stops the thread."""
        if self._loop is not None and self._stopping is not None:
            with contextlib.suppress(RuntimeError):  # the loop is already closed
                self._loop.call_soon_threadsafe(self._stopping.set)
        await asyncio.to_thread(self._thread.join, _STOP_TIMEOUT)

    def cpu(self) -> Sequence[float]:
        """The CPU time of each worker over the last second, as a fraction of one core (0 to 1)."""
        return [rate.cpu for rate in self._rates]

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except Exception as error:  # noqa: BLE001  whatever it is, the node must not go on without a heartbeat
            report_failure("the heartbeat thread failed", error)
            self._fail("the heartbeat thread failed")
        finally:
            self._started.set()

    def _fail(self, reason: str) -> None:
        if self._main_loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is already closed
                self._main_loop.call_soon_threadsafe(self._on_failed, reason)

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        stopping = self._stopping = asyncio.Event()
        self._started.set()
        tasks = Tasks(on_fatal=self._fail)
        tasks.spawn(self._send_forever(), "heartbeat", vital=True)
        await stopping.wait()
        await tasks.close()
        if self._bus is not None:
            await self._bus.close()

    async def _send_forever(self) -> None:
        """Restarts after any end: a node without a heartbeat is treated as dead."""
        while True:
            try:
                await self._send()
                _log.warning("the heartbeat's connection is closed for good, opening another one")
            except HubbubError as error:
                _log.warning("the heartbeat is interrupted, restarting it", error=error.message)
            except Exception as error:  # noqa: BLE001  no exception may end the heartbeat
                report_failure("the heartbeat failed, restarting it", error)
            if self._bus is not None:
                await self._bus.close()
            await asyncio.sleep(_RESTART_DELAY)

    async def _send(self) -> None:
        """Returns when its connection will not be re-established."""
        bus = self._bus = await Bus.connect(self._nats_url, name=f"node-{self._node_id}-heartbeat", tls=self._nats_tls)
        closed = asyncio.Event()
        bus.on_closed(closed.set)
        probes: Endpoint[Any, Any] | None = None
        served_epoch: int | None = None
        while not closed.is_set():
            self._measure()
            epoch = self._status.epoch
            if epoch != served_epoch and bus.connected:
                if probes is not None:
                    await probes.stop()
                probes = None if epoch is None else await self._serve_probes(bus, epoch)
                served_epoch = epoch
            if epoch is not None:
                await self._publish(bus, epoch)
            await asyncio.sleep(INTERVAL)

    async def _serve_probes(self, bus: Bus, epoch: int) -> Endpoint[Any, Any]:
        return await bus.serve(subjects.node(self._node_id, epoch, ProbeNode.verb), ProbeNode, _answer_probe)

    async def _publish(self, bus: Bus, epoch: int) -> None:
        heartbeat = NodeHeartbeat(
            node_id=self._node_id,
            epoch=epoch,
            sent_at=time.time_ns() // 1_000_000,
            draining=self._status.draining,
            drain_deadline=self._status.drain_deadline,
            leased=self._status.accepts_work(),
            workers=self._worker_loads(),
            tenants=list(self._status.tenants),
            region=self._region,
            max_packets_per_second=self._max_packets,
            max_bits_per_second=self._max_bitrate,
            has_standbys=True,
        )
        with contextlib.suppress(HubbubError):  # the bus is unavailable; the next heartbeat follows soon
            await bus.publish(subjects.heartbeat(self._node_id), heartbeat)

    def _measure(self) -> None:
        sample = [
            WorkerSample(
                each["cpu_seconds"],
                each["packets_received"] + each["packets_sent"],
                each["bytes_received"],
                each["bytes_sent"],
            )
            for each in self._counters()
        ]
        if sample:
            self._rates = self._meter.rates(time.monotonic(), sample)

    def _worker_loads(self) -> list[WorkerLoad]:
        workers = zip(self._rates, self._status.occupancy, self._counters(), strict=False)
        return [
            WorkerLoad(
                index=index,
                cpu=rate.cpu,
                packets_per_second=rate.packets_per_second,
                bits_received_per_second=rate.bits_received_per_second,
                bits_sent_per_second=rate.bits_sent_per_second,
                rooms=occupancy.rooms,
                peers=occupancy.peers,
                **occupancy.of_peers(counters)._asdict(),
            )
            for index, (rate, occupancy, counters) in enumerate(workers)
        ]


async def _answer_probe(_request: ProbeNode) -> Done:
    return Done()

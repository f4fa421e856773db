"""Registry replicas as real processes on their own NATS server, with fake media nodes and signaling instances."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from hubbub_bus import Bus, Endpoint, Lease
from hubbub_cli.layout import SERVICE_GRACE
from hubbub_cli.supervised_process import ProcessSpec
from hubbub_contracts import Done, ErrorCode, HubbubError, Model, Request, ids, subjects
from hubbub_contracts.bus.node import NodeHeartbeat, ProbeNode, WorkerLoad
from hubbub_contracts.bus.node_list import ListNodes
from hubbub_contracts.bus.peer import JoinRoom, LeaveRoom
from hubbub_contracts.bus.producer import AddProducer
from hubbub_contracts.bus.records import PeerRecord, Placement
from hubbub_contracts.bus.room import CreateRoom, GetRoom, RoomSnapshot
from hubbub_contracts.bus.stats import GetStats

from .nats_servers import NatsServer, nats_server
from .service_process import ServiceProcess

ReplyT = TypeVar("ReplyT", bound=Model)

START_TIMEOUT = 60.0
HEARTBEAT_INTERVAL = 0.2
NODE_SILENCE = 3.0
"""Seconds, instead of 1: the nodes are in the process of the tests, which stands still at times."""
FAILURE_DETECTION_AFTER = 5.5
"""Seconds after its start in which a replica considers nothing dead."""


class Replicas:
    """A NATS server and registry replicas."""

    def __init__(self, nats: NatsServer, processes: list[ServiceProcess]) -> None:
        self.nats = nats
        self.processes = processes
        self.started = time.monotonic()

    async def failure_detection_ready(self) -> None:
        """Waits until the replicas consider a silent node dead."""
        await asyncio.sleep(max(0.0, self.started + FAILURE_DETECTION_AFTER - time.monotonic()))

    async def restart(self, process: ServiceProcess) -> None:
        """Starts a killed replica and waits until it is up. Raises TimeoutError."""
        before = process.starts()
        process.start()
        async with asyncio.timeout(START_TIMEOUT):
            while process.starts() == before:
                await asyncio.sleep(0.02)


def registry_process(url: str, directory: Path, number: int = 0, **settings: object) -> ServiceProcess:
    """A replica that is not started. `settings` are the registry's settings in lower case."""
    settings = {"node_silence": NODE_SILENCE, **settings}
    environment = os.environ | {"NATS_URL": url} | {name.upper(): str(value) for name, value in settings.items()}
    command = [sys.executable, "-m", "hubbub_registry"]
    name = f"registry-{number}"
    return ServiceProcess(ProcessSpec(name, command, environment, SERVICE_GRACE), directory / f"{name}.log")


@contextmanager
def replicas(directory: Path, count: int = 2, **settings: object) -> Iterator[Replicas]:
    """Starts replicas. `settings` are the registry's settings in lower case."""
    with nats_server() as nats:
        processes = [registry_process(nats.url, directory, n, **settings) for n in range(count)]
        try:
            for process in processes:
                process.start()
            for process in processes:
                _wait_until_up(process)
            yield Replicas(nats, processes)
        finally:
            for process in processes:
                process.kill()


def _wait_until_up(process: ServiceProcess) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while not process.starts():
        assert process.alive, process.log_tail()
        assert time.monotonic() < deadline, process.log_tail()
        time.sleep(0.02)


class FakeNode:
    """The lease, the heartbeats and the probe replies of a media node."""

    def __init__(self, url: str, node_id: str | None = None, region: str | None = None) -> None:
        self._url = url
        self._region = region
        self.node_id = node_id or f"node-{ids.mint()}"
        self.draining = False
        self.drain_deadline: int | None = None
        """Unix milliseconds."""
        self.clock_error_ms = 0
        self.lost: list[str] = []

    async def start(self) -> Self:
        """Acquires the lease and starts the heartbeats."""
        self.bus = await Bus.connect(self._url, name=self.node_id, timeout=20)
        self.lease = Lease(
            self.bus, subjects.node_lease(self.node_id), self.node_id, on_lost=self.lost.append, renew_interval=0.5
        )
        self.placement = Placement(node_id=self.node_id, epoch=await self.lease.acquire())
        subject = subjects.node(self.node_id, self.lease.epoch, ProbeNode.verb)
        self._probes: Endpoint[ProbeNode, Done] = await self.bus.serve(subject, ProbeNode, self._answer)
        self._heartbeats = asyncio.create_task(self._send_heartbeats())
        return self

    def drain(self, seconds: float) -> None:
        """Lets its peers leave until then. The lease stays."""
        self.draining, self.drain_deadline = True, int((time.time() + seconds) * 1000)

    async def kill(self) -> None:
        """Disappears, as after SIGKILL."""
        self._heartbeats.cancel()
        await self.lease._stop_renewing()
        await self.bus.close()

    async def hang(self) -> None:
        """Stops answering but stays connected, as after SIGSTOP."""
        self._heartbeats.cancel()
        await self.lease._stop_renewing()
        self._hanging = True

    def resume(self) -> None:
        """Renews the lease again after `hang`, as after SIGCONT."""
        self.lease._task = asyncio.create_task(self.lease._renew_periodically())

    async def __aenter__(self) -> Self:
        """Starts the node."""
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Releases the lease and closes the connection."""
        self._heartbeats.cancel()
        if self.bus.connected:
            await self.lease.release()
            await self.bus.close()

    _hanging = False

    async def _answer(self, _: ProbeNode) -> Done:
        if self._hanging:
            await asyncio.sleep(60)
        return Done()

    async def _send_heartbeats(self) -> None:
        load = WorkerLoad(
            index=0, cpu=0.0, packets_per_second=0.0, rooms=0, peers=0, transports=2, producers=0, consumers=3
        )
        while True:
            heartbeat = NodeHeartbeat(
                node_id=self.node_id,
                epoch=self.lease.epoch,
                sent_at=int(time.time() * 1000) + self.clock_error_ms,
                draining=self.draining,
                leased=self.lease.held,
                workers=[load],
                region=self._region,
                drain_deadline=self.drain_deadline,
                has_standbys=True,
            )
            with contextlib.suppress(HubbubError):
                await self.bus.publish(subjects.heartbeat(self.node_id), heartbeat)
            await asyncio.sleep(HEARTBEAT_INTERVAL)


@asynccontextmanager
async def independent_node(url: str) -> AsyncIterator[FakeNode]:
    """A node with an event loop of its own: a busy test delays no heartbeat, as a busy node does not."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="fake-node")
    thread.start()
    node = FakeNode(url)
    try:
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(node.start(), loop))
        try:
            yield node
        finally:
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(node.__aexit__(None, None, None), loop))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@dataclass
class FakeSignaling:
    """A signaling instance, as the registry sees it: a lease, and requests with retries."""

    bus: Bus
    signaling_id: str = field(default_factory=lambda: f"signaling-{ids.mint()}")
    lease: Lease | None = None
    joins: list[JoinRoom] = field(default_factory=list)

    async def start(self) -> Self:
        """Acquires the lease."""
        self.lease = Lease(self.bus, subjects.signaling_lease(self.signaling_id), self.signaling_id)
        await self.lease.acquire()
        return self

    async def stop(self) -> None:
        """Removes its peers and releases the lease."""
        for message in self.joins:
            await self.leave(message.room_id, message.peer_id)
        if self.lease is not None:
            await self.lease.release()

    async def request(self, message: Request[ReplyT], *, timeout: float = 2.0, within: float = 40.0) -> ReplyT:
        """Sends a request to any replica, with retries of retryable errors for `within` seconds. Raises HubbubError.

        A rebuild of the store makes the registry unavailable for 10 s.
        """
        operation, deadline = ids.mint(), time.monotonic() + within
        while True:
            try:
                return await self.bus.request(
                    subjects.registry(message.verb), message, timeout=timeout, operation=operation
                )
            except HubbubError as error:
                if not error.retryable or time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.05)

    async def wait_for_nodes(self, *nodes: FakeNode) -> None:
        """Waits until every replica knows these nodes: until many answers in a row list them. Raises TimeoutError."""
        expected, in_a_row = {node.node_id for node in nodes}, 0
        async with asyncio.timeout(30):
            while in_a_row < 20:
                known = {worker.node_id for worker in (await self.request(GetStats())).workers}
                in_a_row = in_a_row + 1 if expected <= known else 0

    async def wait_for_no_node(self) -> None:
        """Waits until no replica knows a live node: until many answers in a row count none. Raises TimeoutError."""
        in_a_row = 0
        async with asyncio.timeout(30):
            while in_a_row < 20:
                in_a_row = in_a_row + 1 if (await self.request(GetStats())).nodes == 0 else 0

    async def wait_draining(self, node: FakeNode) -> None:
        """Waits until every replica knows that the node drains: until many answers in a row say so."""
        in_a_row = 0
        async with asyncio.timeout(30):
            while in_a_row < 20:
                states = {each.node_id: each.state for each in (await self.request(ListNodes())).nodes}
                in_a_row = in_a_row + 1 if states.get(node.node_id) == "draining" else 0

    async def create(self) -> str:
        """Creates a room. Returns its id."""
        return (await self.request(CreateRoom(call_id=ids.mint()))).room_id

    def join_request(
        self, room_id: str, peer_id: str | None = None, digest: str | None = None, region: str | None = None
    ) -> JoinRoom:
        """A request to join the room."""
        message = JoinRoom(
            room_id=room_id,
            peer_id=peer_id or ids.mint(),
            user_id="u",
            display_name="U",
            app_data={},
            signaling_id=self.signaling_id,
            signaling_epoch=None if self.lease is None else self.lease.epoch,
            claim_id=ids.mint(),
            resume_digest=digest,
            region=region,
        )
        self.joins.append(message)
        return message

    async def join(
        self, room_id: str, region: str | None = None, *, make_before_break: bool = False
    ) -> tuple[str, RoomSnapshot]:
        """Joins as a new peer. Returns its id and the snapshot."""
        message = self.join_request(room_id, region=region)
        message = message.model_copy(update={"make_before_break": make_before_break})
        return message.peer_id, await self.request(message)

    async def leave(self, room_id: str, peer_id: str) -> None:
        """Removes the peer."""
        await self.request(LeaveRoom(room_id=room_id, peer_id=peer_id, reason="left"))

    def add_producer_request(self, room_id: str, peer_id: str, placement: Placement | None = None) -> AddProducer:
        """A request to add a producer."""
        return AddProducer(
            room_id=room_id,
            peer_id=peer_id,
            producer_id=ids.mint(),
            kind="audio",
            app_data={},
            paused=False,
            placement=placement,
        )

    async def room(self, room_id: str) -> RoomSnapshot:
        """The room's snapshot."""
        return await self.request(GetRoom(room_id=room_id))

    async def peer(self, room_id: str, peer_id: str) -> PeerRecord:
        """The record of one peer."""
        return next(peer for peer in (await self.room(room_id)).peers if peer.peer_id == peer_id)

    async def wait_for_room(
        self, room_id: str, holds: Callable[[RoomSnapshot], bool], within: float = 40.0
    ) -> RoomSnapshot:
        """Waits until `holds` is true for the snapshot, and returns it. Raises AssertionError."""
        deadline = time.monotonic() + within
        while not holds(snapshot := await self.room(room_id)):
            assert time.monotonic() < deadline, f"the room is still {snapshot}"
            await asyncio.sleep(0.02)
        return snapshot

    async def wait_until_deleted(self, room_id: str, within: float = 40.0) -> float:
        """Waits until the room is deleted. Returns the seconds that it took. Raises AssertionError."""
        began = time.monotonic()
        while True:
            try:
                snapshot = await self.room(room_id)
            except HubbubError as error:
                if error.code is not ErrorCode.ROOM_NOT_FOUND:
                    raise
                return time.monotonic() - began
            assert time.monotonic() - began < within, f"the room is still {snapshot}"
            await asyncio.sleep(0.05)

"""SIGTERM during any kind of work: the process exits in time, with status 0, and leaves no task behind."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from support.caller import Caller, rtp_capabilities
from support.installation import Installation
from support.service_process import ServiceProcess

REQUESTS = 10
NODE_SILENCE = 2.5
"""Seconds: a node that a busy machine lets stand still for a moment is not dead."""
SERVICES = ("signaling", "registry", "node")
FAULTS = re.compile(
    r"never retrieved|was destroyed but|never awaited|ResourceWarning|Traceback|does not (end|stop)"
    r"|clean-up (failed|timed out)"
)


class Work:
    """An installation of two nodes, whose process `target` gets the SIGTERM, and clients of it."""

    def __init__(self, installation: Installation, target: ServiceProcess, clients: AsyncExitStack) -> None:
        self.installation = installation
        self.target = target
        self._clients = clients

    async def client(self) -> Caller:
        """A connected client."""
        return await self._clients.enter_async_context(Caller(self.installation.url))

    def freeze(self, processes: list[ServiceProcess]) -> None:
        """Freezes these processes, except the target."""
        for process in processes:
            if process is not self.target:
                process.freeze()


async def call_in_progress(work: Work) -> None:
    client = await work.client()
    await client.join("call")
    await client.publish("audio")


async def join_in_flight(work: Work) -> None:
    """The registry does not answer, unless it is the target."""
    clients = [await work.client() for _ in range(REQUESTS)]
    await clients[0].call("createRoom", callId="call")
    work.freeze(work.installation.registries)
    for client in clients:
        await client.start_request(
            "joinRoom", {"callId": "call", "userId": "ann", "rtpCapabilities": rtp_capabilities(), "resumable": True}
        )


async def create_transport_in_flight(work: Work) -> None:
    """The nodes do not answer, except the target."""
    client = await work.client()
    await client.join("call", resumable=True)
    work.freeze(work.installation.nodes)
    for _ in range(REQUESTS):
        await client.start_request("createTransport", {"direction": "send"})


async def node_frozen(work: Work) -> None:
    """For as long as makes a node dead: the registry probes and fences it, and moves its peers."""
    await call_in_progress(work)
    other = next(node for node in work.installation.nodes if node is not work.target)
    other.freeze()
    await asyncio.sleep(NODE_SILENCE)


async def nats_down(work: Work) -> None:
    await call_in_progress(work)
    work.installation.nats.kill()
    await asyncio.sleep(0.5)


async def nats_frozen(work: Work) -> None:
    await call_in_progress(work)
    work.installation.nats.freeze()


BEGIN: list[Callable[[Work], Awaitable[None]]] = [
    call_in_progress,
    join_in_flight,
    create_transport_in_flight,
    node_frozen,
    nats_down,
    nats_frozen,
]


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """An installation whose processes show every warning. They are killed: some are frozen."""
    environment = {
        "PYTHONWARNINGS": "always::ResourceWarning,always::RuntimeWarning",
        "NODE_SILENCE": str(NODE_SILENCE),
    }
    running = Installation(tmp_path / "installation", nodes=2, environment=environment)
    with running:
        yield running
        running.nats.thaw()
        for process in running.processes:
            process.kill()


@pytest.mark.parametrize("begin", BEGIN, ids=lambda begin: begin.__name__.replace("_", " "))
@pytest.mark.parametrize("service", SERVICES)
async def test_sigterm_ends_the_service_in_order(
    installation: Installation, service: str, begin: Callable[[Work], Awaitable[None]]
) -> None:
    target = {"signaling": installation.signaling, "registry": installation.registries, "node": installation.nodes}
    process = target[service][0]
    async with AsyncExitStack() as clients:
        await begin(Work(installation, process, clients))
        status = await asyncio.to_thread(process.stop)
    assert status == 0
    log = process.log.read_text(encoding="utf-8")
    assert [match[0] for match in FAULTS.finditer(log)] == []

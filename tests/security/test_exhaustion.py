"""Ports and file descriptors that are used up refuse what is new, disturb no call, and serve again when they are free.

Row 30 of docs/security.md. `tests/chaos/test_disk_full.py` fills the disk of NATS.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psutil
import pytest

from hubbub_cli.ports import LOOPBACK, free_udp_ports
from hubbub_client import Call
from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.transport import CloseTransport
from support.bus_client import bus_client
from support.client_socket import ClientSocket
from support.installation import Installation
from support.pair import connected_pair
from support.plain_rtp import PlainServer

PORTS = 4
SPARE_DESCRIPTORS = 5


@pytest.fixture
def few_ports(tmp_path: Path) -> Iterator[Installation]:
    """An installation whose node has few ports for plain transports."""
    first = free_udp_ports(PORTS, LOOPBACK)
    environment = {"PLAIN_MIN_PORT": str(first), "PLAIN_MAX_PORT": str(first + PORTS - 1)}
    with Installation(tmp_path / "installation", environment=environment) as running:
        yield running


async def test_ports_that_are_used_up(few_ports: Installation, call_id: str) -> None:
    (node,) = few_ports.nodes
    async with (
        connected_pair(few_ports.url, f"{call_id[:50]} !") as pair,
        bus_client(few_ports) as bus,
        Call(few_ports.url, call_id, "Server") as call,
    ):
        server = await PlainServer.join(bus, call, call_id)
        created = [await server.create_transport(comedia=True) for _ in range(PORTS)]
        descriptors = psutil.Process(node.pid).num_fds()
        for _ in range(20):
            with pytest.raises(HubbubError) as refused:
                await server.create_transport(comedia=True)
            assert refused.value.code in {ErrorCode.QUOTA_EXCEEDED, ErrorCode.UNAVAILABLE}
        assert psutil.Process(node.pid).num_fds() == descriptors
        await pair.wait_media()
        close = CloseTransport(room_id=server.room_id, peer_id=server.peer_id, transport_id=created[0].transport_id)
        await bus.ask_node(server.placement, close)
        await server.create_transport(comedia=True)
        await pair.wait_media()


@contextlib.asynccontextmanager
async def few_descriptors(pid: int) -> AsyncIterator[None]:
    """Leaves a running process a few file descriptors more than it has open."""
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (psutil.Process(pid).num_fds() + SPARE_DESCRIPTORS, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


async def try_to_connect(url: str, within: float = 1.0) -> ClientSocket | None:
    """A connection; None when there is none within so many seconds."""
    socket = ClientSocket(url)
    try:
        await asyncio.wait_for(socket.open(), within)
    except (OSError, TimeoutError):
        await socket.cut()
        return None
    return socket


@pytest.mark.parametrize("fresh_installation", [{}], indirect=True)
async def test_descriptors_of_signaling_that_are_used_up(fresh_installation: Installation, call_id: str) -> None:
    (signaling,) = fresh_installation.signaling
    url = fresh_installation.url
    async with connected_pair(url, call_id) as pair:
        before = psutil.Process(signaling.pid).num_fds()
        async with few_descriptors(signaling.pid):
            attempts = await asyncio.gather(*(try_to_connect(url) for _ in range(4 * SPARE_DESCRIPTORS)))
            connected = [socket for socket in attempts if socket is not None]
            assert len(connected) < len(attempts)
            # Who is connected is served, and media flows.
            assert "id" in await pair.alice.call("createTransport", direction="recv")
            await pair.wait_media()
        # asyncio reports each place in the backlog.
        assert 1 <= signaling.log_tail(10_000).count("cannot accept connections") <= 30
        await asyncio.gather(*(socket.close() for socket in connected))
        async with asyncio.timeout(20):
            while (late := await try_to_connect(url, 5.0)) is None:
                await asyncio.sleep(0.1)
        assert (await late.call("createRoom", callId=f"{call_id[:50]} !"))["callId"]
        await late.close()
        async with asyncio.timeout(20):
            while psutil.Process(signaling.pid).num_fds() > before + 1:
                await asyncio.sleep(0.1)


@pytest.mark.parametrize("fresh_installation", [{}], indirect=True)
async def test_descriptors_of_a_media_node_that_are_used_up(fresh_installation: Installation, call_id: str) -> None:
    (node,) = fresh_installation.nodes
    async with (
        connected_pair(fresh_installation.url, f"{call_id[:50]} !") as pair,
        bus_client(fresh_installation) as bus,
        Call(fresh_installation.url, call_id, "Server") as call,
    ):
        server = await PlainServer.join(bus, call, call_id)
        async with few_descriptors(node.pid):
            codes = []
            for _ in range(8):
                try:
                    await server.create_transport(comedia=True, rtcp_mux=False)
                except HubbubError as error:
                    codes.append(error.code)
            assert codes
            assert set(codes) <= {ErrorCode.QUOTA_EXCEEDED, ErrorCode.UNAVAILABLE}
            # Transports of browsers share the ports that are open.
            await pair.alice.call("createTransport", direction="recv")
            await pair.wait_media()
        assert node.alive
        await pair.wait_media()

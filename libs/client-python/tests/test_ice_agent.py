"""The ICE agent against lite servers on the loopback interface."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Literal

import pytest
from aioice import stun

from hubbub_client.transport import ice_agent
from hubbub_client.transport.framed_connection import FramedConnection
from hubbub_client.transport.ice_agent import IceAgent
from hubbub_client.transport.turn_relay import TurnServer
from hubbub_contracts.bus.transport import IceCandidate, IceParameters
from hubbub_contracts.socket.base import IceServer

SERVER = IceParameters(username_fragment="server", password="p" * 24)


class LiteServer(asyncio.DatagramProtocol):
    """Answers checks like an ICE lite agent, over UDP and TCP."""

    def __init__(self) -> None:
        self.password = SERVER.password
        self.silent = False
        self.nominations = 0
        self.checks = 0
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        if answer := self.answer(data):
            self._transport.sendto(answer, addr)

    def answer(self, data: bytes) -> bytes | None:
        self.checks += 1
        request = stun.parse_message(data)
        assert request.attributes["USERNAME"].startswith("server:")
        self.nominations += "USE-CANDIDATE" in request.attributes
        if self.silent:
            return None
        answer = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, transaction_id=request.transaction_id)
        answer.add_message_integrity(self.password.encode())
        return bytes(answer)

    def send(self, data: bytes, to: tuple[str, int]) -> None:
        self._transport.sendto(data, to)

    @property
    def port(self) -> int:
        return int(self._transport.get_extra_info("sockname")[1])

    async def serve_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while header := await reader.read(2):
            if answer := self.answer(await reader.readexactly(int.from_bytes(header))):
                writer.write(len(answer).to_bytes(2) + answer)
        writer.close()


def candidate(port: int, protocol: Literal["udp", "tcp"] = "udp") -> IceCandidate:
    """A candidate of the loopback interface."""
    return IceCandidate(
        foundation="1", priority=1, ip="127.0.0.1", address="127.0.0.1", protocol=protocol, port=port, type="host"
    )


@pytest.fixture
async def start() -> AsyncIterator[Callable[[], Awaitable[LiteServer]]]:
    """Starts servers."""
    servers: list[LiteServer] = []

    async def start_server() -> LiteServer:
        _, server = await asyncio.get_running_loop().create_datagram_endpoint(LiteServer, local_addr=("127.0.0.1", 0))
        servers.append(server)
        return server

    yield start_server
    for server in servers:
        server._transport.close()


class Agent(IceAgent):
    """An agent that records media and states."""

    def __init__(self, candidates: Sequence[IceCandidate]) -> None:
        self.media: list[bytes] = []
        self.states: list[str] = []
        super().__init__(
            SERVER,
            candidates,
            on_media=lambda data, _at: self.media.append(data),
            on_state=lambda: self.states.append(self.state),
        )


async def test_a_single_path_is_nominated_at_once(start: Callable[[], Awaitable[LiteServer]]) -> None:
    server = await start()
    agent = Agent([candidate(server.port)])
    await agent.open(5)
    assert (agent.states, agent.address) == (["checking", "connected"], ("127.0.0.1", server.port))
    assert (server.checks, server.nominations) == (1, 1)
    await agent.close()
    with pytest.raises(ConnectionError):
        await agent._recv()
    with pytest.raises(ConnectionError):
        agent.send(b"\x80")


async def test_the_candidate_that_answers_is_used(start: Callable[[], Awaitable[LiteServer]]) -> None:
    dead, alive = await start(), await start()
    dead.silent = True
    agent = Agent([candidate(dead.port), candidate(alive.port)])
    await agent.open(5)
    assert agent.address == ("127.0.0.1", alive.port)
    assert (dead.nominations, alive.nominations) == (0, 1)
    await agent.close()


async def test_tcp_is_used_where_udp_does_not_work(
    start: Callable[[], Awaitable[LiteServer]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ice_agent, "TCP_DELAY", 0.05)
    server = await start()
    server.silent = True
    by_tcp = LiteServer()
    listening = await asyncio.start_server(by_tcp.serve_tcp, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        agent = Agent([candidate(server.port), candidate(port, "tcp")])
        await agent.open(5)
        assert isinstance(agent._selected, FramedConnection)
        await agent.close()


async def test_answers_with_a_wrong_password_do_not_count(start: Callable[[], Awaitable[LiteServer]]) -> None:
    server = await start()
    server.password = "wrong" * 5
    agent = Agent([candidate(server.port)])
    with pytest.raises(TimeoutError):
        await agent.open(1.0)
    assert server.checks > 1
    await agent.close()


async def test_a_path_that_stops_answering_is_disconnected_until_it_answers(
    start: Callable[[], Awaitable[LiteServer]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ice_agent, "CONSENT_INTERVAL", 0.02)
    monkeypatch.setattr(ice_agent, "CONSENT_TIMEOUT", 0.1)
    server = await start()
    agent = Agent([candidate(server.port)])
    await agent.open(5)
    for silent, state in ((True, "disconnected"), (False, "connected")):
        server.silent = silent
        async with asyncio.timeout(20):
            while agent.state != state:
                await asyncio.sleep(0.01)
    await agent.close()


async def test_datagrams_are_told_apart_and_garbage_is_ignored(start: Callable[[], Awaitable[LiteServer]]) -> None:
    server = await start()
    agent = Agent([candidate(server.port)])
    await agent.open(5)
    own = agent._selected._socket.getsockname()  # type: ignore[union-attr]
    rtp, rtcp, dtls = b"\x80\x60rtp", b"\x80\xc8rtcp", b"\x16dtls"
    malformed = bytes.fromhex("0101 0008 2112a442") + bytes(12) + bytes.fromhex("0020 0004 0001 0001")
    for data in (b"", b"\x00", b"\x01" * 30, malformed, rtp, rtcp, dtls):
        server.send(data, own)
    async with asyncio.timeout(20):
        assert [await agent._recv(), await agent._recv()] == [rtcp, dtls]
    assert agent.media == [rtp]
    for _ in range(2000):
        agent._receive(dtls, 0.0)
    assert agent._queue.qsize() <= 512
    await agent.close()


def test_turn_uris_are_read() -> None:
    urls = [
        "stun:stun.example.org",
        "turn:one.example.org",
        "turn:two.example.org:1?transport=tcp",
        "turns:[2001:db8::1]:2",
        "turn:",
        "turn:three.example.org:x",
    ]
    found = TurnServer.all_of([IceServer(urls=urls, username="me", credential="secret")])
    assert [(one.host, one.port, one.is_tcp, one.is_tls) for one in found] == [
        ("one.example.org", 3478, False, False),
        ("two.example.org", 1, True, False),
        ("2001:db8::1", 2, True, True),
    ]

"""A real TURN server accepts the credentials from signaling, and relays to media nodes only."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aioice.stun import TransactionFailed
from aioice.turn import TurnTransport, create_turn_endpoint

from hubbub_client import Call
from hubbub_client.transport.turn_relay import TurnRelay
from hubbub_signaling.domain.ice_servers import TurnServers
from support.caller import Caller
from support.coturn import Coturn
from support.installation import Installation
from support.python_sdk import publication_of
from support.tracks import ToneTrack

UNAUTHORIZED = 401
FORBIDDEN = 403


@pytest.fixture(scope="module")
def coturn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coturn]:
    """A TURN server with the deployed configuration."""
    with Coturn(tmp_path_factory.mktemp("coturn")) as running:
        yield running


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, coturn: Coturn) -> Iterator[Installation]:
    """An installation with the TURN server's secret and a STUN server."""
    environment = {
        **coturn.environment,
        "ICE_SERVERS": '[{"urls": ["stun:stun.example.org"]}]',
        "ICE_TRANSPORT_POLICY": "relay",
        "TURN_TTL": "600",
    }
    with Installation(tmp_path_factory.mktemp("turn"), environment=environment) as running:
        yield running


class Receiver(asyncio.DatagramProtocol):
    """Records errors of datagrams sent through a relay."""

    def __init__(self) -> None:
        self.errors: asyncio.Queue[Exception] = asyncio.Queue()

    def error_received(self, exc: Exception) -> None:
        """Called when the server refused to relay to an address."""
        self.errors.put_nowait(exc)


@asynccontextmanager
async def allocation(coturn: Coturn, username: str, credential: str) -> AsyncIterator[tuple[TurnTransport, Receiver]]:
    """Allocates a relayed address. Raises TransactionFailed when the server refuses."""
    transport, receiver = await create_turn_endpoint(Receiver, (coturn.address, coturn.port), username, credential)
    try:
        yield transport, receiver
    finally:
        await transport._close()


def turn_server(answer: dict[str, Any]) -> dict[str, Any]:
    """The TURN server in the answer, after the STUN server."""
    stun, turn = answer["iceServers"]
    assert stun == {"urls": ["stun:stun.example.org"]}
    assert isinstance(turn, dict)
    return turn


async def test_every_answer_with_ice_servers_has_valid_credentials(
    installation: Installation, coturn: Coturn, call_id: str
) -> None:
    async with Caller(installation.url) as alice:
        created = await alice.call("createRoom", callId=call_id)
        joined = await alice.call(
            "joinRoom", callId=call_id, userId="alice", rtpCapabilities=created["rtpCapabilities"], resumable=True
        )
        transport = await alice.call("createTransport", direction="send")
        assert transport["iceTransportPolicy"] == "relay"
        restarted = await alice.call("restartIce", transportId=transport["id"])
        await alice.cut()
        async with Caller(installation.url) as again:
            resumed = await again.call("resume", resumeToken=joined["resumeToken"], lastRevision=0)
            await again.call("leaveRoom")
    for answer in (joined, transport, restarted, resumed):
        turn = turn_server(answer)
        assert turn["urls"] == coturn.urls.split(",")
        expiry, _, peer_id = turn["username"].partition(":")
        assert peer_id == joined["peerId"]
        assert 0 < int(expiry) - time.time() <= 600
        async with allocation(coturn, turn["username"], turn["credential"]):
            pass


async def test_the_python_sdk_calls_through_the_relay(installation: Installation, call_id: str) -> None:
    async with Call(installation.url, call_id, "Ann") as ann, Call(installation.url, call_id, "Bob") as bob:
        await ann.local.publish(ToneTrack(), "microphone")
        microphone = await publication_of(bob, "Ann", "microphone")
        async with asyncio.timeout(20), microphone.frames() as frames:
            await anext(frames)
        for transport in (ann._media._transports.existing("send"), bob._media._transports.existing("recv")):
            assert transport is not None
            assert isinstance(transport.link._selected, TurnRelay)


@pytest.mark.parametrize("fault", ["expired", "another secret", "a later expiry"])
async def test_invalid_credentials_are_rejected(coturn: Coturn, fault: str) -> None:
    secret = "not the server's secret" if fault == "another secret" else coturn.secret
    servers = TurnServers([], secret, ttl=60)
    given = servers.credentials("peer", now=time.time() - (3600 if fault == "expired" else 0))
    username, credential = given.username, given.credential
    assert username is not None
    assert credential is not None
    if fault == "a later expiry":
        username = f"{int(time.time()) + 86_400}:peer"
    with pytest.raises(TransactionFailed) as refused:
        async with allocation(coturn, username, credential):
            pass
    assert refused.value.response.error_code == UNAUTHORIZED


async def test_turn_server_relays_to_the_media_node_only(coturn: Coturn) -> None:
    given = TurnServers([], coturn.secret, ttl=60).credentials("peer", now=time.time())
    assert given.username is not None
    assert given.credential is not None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as node:
        node.bind((coturn.address, 0))
        node.setblocking(False)
        async with allocation(coturn, given.username, given.credential) as (transport, receiver):
            for stranger in ("127.0.0.1", "10.255.255.254", "169.254.169.254", "224.0.0.1"):
                transport.sendto(b"in?", (stranger, 9))
                async with asyncio.timeout(10):
                    error = await receiver.errors.get()
                assert isinstance(error, TransactionFailed), stranger
                assert error.response.error_code == FORBIDDEN, stranger
            transport.sendto(b"hello", node.getsockname())
            async with asyncio.timeout(10):
                assert await asyncio.get_running_loop().sock_recv(node, 100) == b"hello"

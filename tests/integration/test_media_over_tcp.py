"""Media over TCP, and unauthenticated connections to the TCP port."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from hubbub_client.transport.framed_connection import FramedConnection
from hubbub_contracts.bus.transport import IceParameters
from support.caller import Caller
from support.installation import Installation


async def require_call(alice: Caller, bob: Caller, call_id: str) -> Any:
    """Bob receives Alice's audio and video. Returns his video consumer."""
    await alice.join(call_id)
    await bob.join(call_id)
    received = []
    for kind in ("audio", "video"):
        consumer = await bob.consume(await alice.publish(kind))
        await consumer.wait_packets(50)
        received.append(consumer)
    return received[1]


@pytest.mark.parametrize(("first", "second"), [("tcp", "tcp"), ("tcp", "udp"), ("udp", "tcp")])
async def test_each_side_uses_its_own_protocol(
    installation: Installation, call_id: str, first: str, second: str
) -> None:
    async with Caller(installation.url, protocol=first) as alice, Caller(installation.url, protocol=second) as bob:
        await require_call(alice, bob, call_id)


async def test_ice_restart_moves_a_call_to_a_new_connection(installation: Installation, call_id: str) -> None:
    async with Caller(installation.url, protocol="tcp") as alice, Caller(installation.url, protocol="tcp") as bob:
        consumer = await require_call(alice, bob, call_id)
        transport = consumer.transport
        restarted = await bob.call("restartIce", transportId=transport.id)
        await transport.link.restart(IceParameters.model_validate(restarted["iceParameters"]))
        await consumer.wait_packets(50)
        assert bob.events("transportClosed") == []


async def test_unauthenticated_connections_are_closed_without_effect_on_calls(
    installation: Installation, call_id: str
) -> None:
    async with Caller(installation.url, protocol="tcp") as alice, Caller(installation.url) as bob:
        consumer = await require_call(alice, bob, call_id)
        address = alice.transports[next(iter(alice.transports))].link.address
        generator = random.Random(4571)
        received: list[bytes] = []

        def receive(data: bytes, _arrived_at: float) -> None:
            received.append(data)

        silent = await FramedConnection.open(address, receive)
        connections = [await FramedConnection.open(address, receive) for _ in range(20)]
        for connection in connections:
            for _ in range(50):
                data = bytearray(generator.randbytes(generator.randrange(1, 1_400)))
                data[0] = generator.choice((0, 1, 20, 22, 64, 128, 200))
                connection.send(bytes(data))
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"GET / HTTP/1.1\r\nHost: somebody\r\n\r\n")
        assert await _read_to_the_end(reader) == b""
        writer.close()

        await consumer.wait_packets(50)
        async with asyncio.timeout(30):
            await asyncio.gather(*(connection.lost.wait() for connection in [silent, *connections]))
        assert received == []
        await consumer.wait_packets(20)
        assert alice.events("transportClosed") == bob.events("transportClosed") == []


async def _read_to_the_end(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(20):
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""

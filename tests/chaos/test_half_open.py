"""Transports without a handshake, and spoofed ClientHellos: memory is bounded, and the transports time out."""

from __future__ import annotations

import asyncio
import secrets
import socket

import pytest

from support.caller import Caller
from support.eventually import wait_for_counts
from support.footprint import MIB, Footprint
from support.installation import Installation
from support.pair import connected_pair
from support.rtp_transport import RtpTransport

PEERS = 25
PER_PEER = 8
HANDSHAKE = 15.0
"""Seconds. Within it, all transports are created."""
TIMEOUT = 2 * HANDSHAKE
HELLO_LENGTH = 200
pytestmark = pytest.mark.chaos


async def half_open(caller: Caller, call_id: str) -> None:
    """Creates the maximum number of transports of a peer, and starts no handshake on them."""
    await caller.open()
    await caller.join(call_id)
    for _ in range(PER_PEER):
        offer = await caller.ask("createTransport", direction="send")
        parameters = RtpTransport(offer).dtls_parameters
        await caller.ask("connectTransport", transportId=offer["id"], dtlsParameters=parameters)


@pytest.mark.parametrize("fresh_installation", [{"environment": {"HANDSHAKE_TIMEOUT": str(HANDSHAKE)}}], indirect=True)
async def test_half_open_transports_time_out_while_calls_continue(
    fresh_installation: Installation, call_id: str
) -> None:
    installation = fresh_installation
    (node,) = installation.nodes
    callers = [Caller(installation.url) for _ in range(PEERS)]
    try:
        async with connected_pair(installation.url, f"{call_id[:50]} !") as pair:
            before = Footprint.of(node.name, node.pid)
            await asyncio.gather(*(half_open(caller, call_id) for caller in callers))
            await wait_for_counts(
                installation, rooms=2, peers=PEERS + 2, producers=2, transports=PEERS * PER_PEER + 2, consumers=2
            )
            full = Footprint.of(node.name, node.pid)
            assert full.resident - before.resident < PEERS * PER_PEER * MIB // 2

            hello = bytes((22, 254, 255)) + secrets.token_bytes(HELLO_LENGTH)
            address = next(iter(pair.alice.transports.values())).link.address
            with socket.socket(type=socket.SOCK_DGRAM) as attacker:
                for number in range(2_000):
                    attacker.sendto(hello, address)
                    if number % 50 == 0:
                        await asyncio.sleep(0.005)
            async with Caller(installation.url) as late:
                await late.join(pair.call_id)
                await (await late.consume(pair.producers["audio"])).wait_packets(5)

            await wait_for_counts(
                installation, within=TIMEOUT, rooms=2, peers=PEERS + 2, producers=2, transports=2, consumers=2
            )
            for caller in callers:
                while len(caller.events("transportClosed", reason="handshake_timeout")) < PER_PEER:
                    await caller.wait_for_more()
            await pair.wait_media()
            after = Footprint.of(node.name, node.pid)
            assert after.descriptors <= before.descriptors + 2
    finally:
        await asyncio.gather(*(caller.close() for caller in callers))
    await wait_for_counts(installation)

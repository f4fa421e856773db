"""Handshakes that an attacker starts, or leaves unfinished, delay nobody else's and are forgotten.

Rows 1 and 6 of docs/security.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import socket
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from support.caller import Caller
from support.eventually import wait_for_counts
from support.footprint import MIB, Footprint
from support.installation import ONE_ADDRESS, Installation
from support.rtp_transport import RtpTransport

HELLO_HEADER = bytes((22, 254, 253))
"""Record type handshake, DTLS 1.2."""
HELLO_LENGTH = 200
AT_ONCE = 10
PER_PEER = 8
"""Transports that a peer may have."""
HANDSHAKE_TIMEOUT = 15.0
REAPED_WITHIN = 40.0
log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def hello_spray(address: tuple[str, int]) -> AsyncIterator[list[int]]:
    """Sends ClientHellos from 16 other ports without a pause. Yields a list with the number of those sent."""
    sockets = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(16)]
    sent = [0]

    async def spray() -> None:
        while True:
            for one in sockets:
                with contextlib.suppress(BlockingIOError):
                    one.sendto(HELLO_HEADER + secrets.token_bytes(HELLO_LENGTH), address)
                    sent[0] += 1
            await asyncio.sleep(0.002)

    for one in sockets:
        one.setblocking(False)
    task = asyncio.create_task(spray())
    try:
        yield sent
    finally:
        task.cancel()
        await asyncio.wait([task])
        for one in sockets:
            one.close()


@pytest.mark.parametrize("joins", [8, pytest.param(200, marks=pytest.mark.long)])
async def test_spray_of_client_hellos_delays_no_join(installation: Installation, call_id: str, joins: int) -> None:
    gate = asyncio.Semaphore(AT_ONCE)
    connected = 0

    async def join(number: int) -> None:
        nonlocal connected
        async with gate, Caller(installation.url) as caller:
            await caller.join(f"{call_id[-50:]} {number // 20}")
            await caller.transport("send")
            connected += 1

    async with Caller(installation.url) as observer:
        await observer.join(call_id)
        offer = await observer.call("createTransport", direction="send")
        address = (offer["iceCandidates"][0]["ip"], offer["iceCandidates"][0]["port"])
        began = time.monotonic()
        async with hello_spray(address) as sent:
            await asyncio.gather(*(join(number) for number in range(joins)))
        log.info(
            "%d of %d joins connected in %.1f s with %d hellos", connected, joins, time.monotonic() - began, sent[0]
        )
    assert connected == joins
    assert sent[0] > 10 * joins


@pytest.fixture
def impatient(timeout: float, tmp_path: Path) -> Iterator[Installation]:
    """An installation with the handshake timeout of the test."""
    environment = {"HANDSHAKE_TIMEOUT": str(timeout), **ONE_ADDRESS}
    with Installation(tmp_path / "installation", environment=environment, empty_room_ttl=5.0) as running:
        yield running


async def leave_half_open(url: str, room: str) -> None:
    """One peer with all the transports it may have, none of which starts a handshake. It stays until it is told."""
    async with Caller(url) as caller:
        await caller.join(room)
        for _ in range(PER_PEER):
            offer = await caller.ask("createTransport", direction="send")
            parameters = RtpTransport(offer).dtls_parameters
            await caller.ask("connectTransport", transportId=offer["id"], dtlsParameters=parameters)
        while len(caller.events("transportClosed", reason="handshake_timeout")) < PER_PEER:
            await caller.wait_for_more()


@pytest.mark.parametrize(
    ("handshakes", "timeout"),
    [
        (80, 10.0),
        pytest.param(10_000, HANDSHAKE_TIMEOUT, marks=[pytest.mark.long, pytest.mark.timeout(600)]),
    ],
)
async def test_half_open_handshakes_are_reaped(
    impatient: Installation, call_id: str, handshakes: int, timeout: float
) -> None:
    (node,) = impatient.nodes
    before = Footprint.of(node.name, node.pid)
    largest = before.resident
    gate = asyncio.Semaphore(100)

    async def one(number: int) -> None:
        nonlocal largest
        async with gate:
            await leave_half_open(impatient.url, f"{call_id[-50:]} {number // 50}")
            largest = max(largest, Footprint.of(node.name, node.pid).resident)

    await asyncio.gather(*(one(number) for number in range(handshakes // PER_PEER)))
    last = time.monotonic()
    await wait_for_counts(impatient, within=REAPED_WITHIN)
    after = Footprint.of(node.name, node.pid)
    log.info(
        "%d handshakes: %.1f MiB more at the most, %.1f MiB after, reaped %.1f s after the last",
        *(handshakes, (largest - before.resident) / MIB, (after.resident - before.resident) / MIB),
        time.monotonic() - last,
    )
    assert largest - before.resident < 128 * MIB
    assert after.descriptors <= before.descriptors + 2

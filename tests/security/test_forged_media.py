"""Media that nobody authenticated is dropped, whoever sends it, and media beyond any use harms its sender only.

Rows 2 and 3 of docs/security.md, and ASVS 17.2.3 to 17.2.5.
"""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
import socket
import struct
import time
from collections.abc import AsyncIterator

import pytest

from support.caller import Caller
from support.installation import Installation
from support.pair import MAX_MEDIA_GAP, Pair, connected_pair
from support.rtp_transport import RtpTransport
from support.scrape import scrape

BURST = 100
"""Packets between two that prove that the node has read those before them: its socket buffer does not overflow."""
TAG = 16
MAX_LOSS = 0.01
log = logging.getLogger(__name__)


def sent_by(transport: RtpTransport) -> list[bytes]:
    """Records the encrypted packets that the transport sends from now on."""
    packets: list[bytes] = []
    send = transport.link.send

    def recorded(data: bytes) -> None:
        packets.append(data)
        send(data)

    transport.link.send = recorded  # type: ignore[method-assign]
    return packets


def is_rtp(packet: bytes) -> bool:
    """Whether it is SRTP and not SRTCP, DTLS or STUN (RFC 7983, RFC 5761)."""
    return 128 <= packet[0] < 192 and not 192 <= packet[1] <= 223


@pytest.fixture
async def pair(installation: Installation, call_id: str) -> AsyncIterator[Pair]:
    async with connected_pair(installation.url, call_id) as running:
        yield running


@pytest.mark.parametrize("packets", [2_000, pytest.param(10_000, marks=pytest.mark.long)])
async def test_packets_with_bad_tags_do_not_disturb_their_own_session(
    installation: Installation, pair: Pair, packets: int
) -> None:
    dropped_before = await dropped(installation, "srtp")
    consumer, source_id = pair.consumers["audio"], pair.producers["audio"]
    source = pair.alice.sources[source_id]
    transport = pair.alice._by_direction["send"]
    received_before, sent_before = consumer.transport.streams[consumer.ssrc].packets, source.sent
    for number in range(packets):
        head = struct.pack("!BBHII", 0x80, 111, number & 0xFFFF, number * 960 & 0xFFFFFFFF, source.ssrc)
        transport.link.send(head + secrets.token_bytes(60 + TAG))
        if number % BURST == 0:
            await consumer.wait_packets(1)
    await pair.alice.stop_sending(source_id)
    sent = source.sent - sent_before
    received = consumer.transport.streams[consumer.ssrc].packets - received_before
    await consumer.wait_packets(math.ceil((1 - MAX_LOSS) * sent) - received)
    received = consumer.transport.streams[consumer.ssrc].packets - received_before
    log.info("%d forgeries: %d of %d authentic packets arrived", packets, received, sent)
    # None was forwarded, and no authentic one was taken for a forgery.
    await wait_dropped(installation, "srtp", dropped_before + packets)
    assert pair.alice.events("transportClosed") == []


async def test_replayed_packets_are_forwarded_from_no_address(installation: Installation, pair: Pair) -> None:
    transport = pair.alice._by_direction["send"]
    recorded = sent_by(transport)
    await pair.wait_media(20)
    for producer_id in pair.producers.values():
        await pair.alice.stop_sending(producer_id)
    replayed = [packet for packet in recorded if is_rtp(packet)]
    assert len(replayed) >= 40
    own, others = await dropped(installation, "srtp"), await dropped(installation, "unknown_address")
    counts = received(pair)
    with socket.socket(type=socket.SOCK_DGRAM) as stranger:
        stranger.setblocking(False)
        for packet in replayed:
            transport.link.send(packet)
            stranger.sendto(packet, transport.link.address)
        await wait_dropped(installation, "srtp", own + len(replayed))
        await wait_dropped(installation, "unknown_address", others + len(replayed))
        with pytest.raises(BlockingIOError):
            stranger.recv(1)
    # The first packet of a new track arrives after anything that was forwarded before it.
    for producer_id in pair.producers.values():
        await pair.alice.call("closeProducer", producerId=producer_id)
    fresh = await pair.alice.publish("audio")
    await (await pair.bob.consume(fresh)).wait_packets()
    assert {ssrc: count for ssrc, count in received(pair).items() if ssrc in counts} == counts
    assert pair.alice.events("transportClosed") == []


def received(pair: Pair) -> dict[int, int]:
    """Packets that Bob has received of Alice's first tracks, by SSRC."""
    return {one.ssrc: one.transport.streams[one.ssrc].packets for one in pair.consumers.values()}


async def dropped(installation: Installation, reason: str) -> float:
    """How many datagrams the node has dropped for this reason."""
    scraped = await asyncio.to_thread(scrape, installation)
    return scraped.total("hubbub_worker_dropped_total", reason=reason)


async def wait_dropped(installation: Installation, reason: str, count: float) -> None:
    """Waits until the node has dropped this many: it may not have read the last ones yet.

    Raises:
        AssertionError: it has dropped more.
        TimeoutError: it has not dropped as many within 30 s.
    """
    async with asyncio.timeout(30):
        while (total := await dropped(installation, reason)) < count:
            await asyncio.sleep(0.05)
    assert total == count


@pytest.mark.parametrize("seconds", [3.0, pytest.param(20.0, marks=pytest.mark.long)])
async def test_flood_of_authentic_media_harms_no_other_room(
    installation: Installation, pair: Pair, call_id: str, seconds: float
) -> None:
    """ASVS 17.2.5: the sender of the flood is a legitimate user with valid keys."""
    async with Caller(installation.url) as mallory:
        await mallory.join(f"{call_id[-50:]} flood")
        await mallory.publish("audio")
        (source,) = mallory.sources.values()
        transport = mallory._by_direction["send"]
        await mallory.stop_sending(next(iter(mallory.sources)))
        before, sent, end = await dropped(installation, "ingress"), 0, time.monotonic() + seconds
        while time.monotonic() < end:
            for _ in range(BURST):
                sent += 1
                sequence = (source._sequence + sent) & 0xFFFF
                head = struct.pack("!BBHII", 0x80, 111, sequence, sent * 960 & 0xFFFFFFFF, source.ssrc)
                await transport.send_rtp(head + bytes(1_100))
            await asyncio.sleep(0.001)
        await pair.wait_media()
        log.info(
            "%d packets a second of one sender, %d dropped; longest gap of another call %.0f ms",
            *(sent / seconds, await dropped(installation, "ingress") - before, 1_000 * pair.longest_gap),
        )
    assert pair.longest_gap < MAX_MEDIA_GAP
    assert pair.alice.events("transportClosed") == pair.bob.events("transportClosed") == []

"""The rows of docs/closures.md that a timeout causes, concurrently, so that they take as long as the longest."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from hubbub_contracts import ids
from hubbub_contracts.bus.media import MEDIA_EVENT, ProducerClosed, TransportClosed, TransportConnected
from hubbub_contracts.bus.producer import CreateProducer
from hubbub_contracts.bus.transport import CreateTransport
from hubbub_contracts.subjects import media
from support.bus_client import bus_client
from support.caller import Caller, rtp_capabilities, rtp_parameters
from support.client_socket import Refused
from support.eventually import wait_for_counts
from support.installation import Installation
from support.pair import connected_pair
from support.rtp_transport import RtpTransport

UNCONFIRMED, HANDSHAKE, SILENCE, GRACE, EMPTY_ROOM = 6.0, 10.0, 8.0, 5.0, 5.0
LATE = 30.0
"""Seconds by which a closure may be late on a busy machine."""


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with short timeouts."""
    environment = {
        "CONFIRMATION_TIMEOUT": str(UNCONFIRMED),
        "HANDSHAKE_TIMEOUT": str(HANDSHAKE),
        "CONSENT_TIMEOUT": str(SILENCE),
    }
    with Installation(
        tmp_path_factory.mktemp("short-timeouts"),
        reconnect_grace=GRACE,
        empty_room_ttl=EMPTY_ROOM,
        environment=environment,
    ) as running:
        yield running


@asynccontextmanager
async def lasts(at_least: float) -> AsyncIterator[None]:
    """Asserts that the block takes at least this many seconds, with a tolerance of one second.

    It contains what starts the timeout: a machine that stands still after that shortens what is left of it.
    """
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun > at_least - 1.0


async def row_6_handshake_timeout(installation: Installation, call_id: str) -> None:
    async with Caller(installation.url) as alice, Caller(installation.url) as bob:
        await alice.join(call_id)
        await bob.join(call_id)
        async with lasts(HANDSHAKE):
            offer = await alice.call("createTransport", direction="send")
            produced = await alice.call(
                "produce", transportId=offer["id"], kind="audio", rtpParameters=rtp_parameters("audio", 77)
            )
            await bob.event("newProducer")
            parameters = RtpTransport(offer).dtls_parameters
            await alice.call("connectTransport", transportId=offer["id"], dtlsParameters=parameters)
            await alice.event("transportClosed", within=HANDSHAKE + LATE, transportId=offer["id"])
        assert alice.events("transportClosed")[0]["reason"] == "handshake_timeout"
        await alice.event("producerClosed", producerId=produced["id"], reason="transport_closed")
        await bob.event("producerClosed", producerId=produced["id"])


async def row_7_ice_timeout(installation: Installation, call_id: str) -> None:
    async with connected_pair(installation.url, call_id) as pair:
        (transport,) = pair.alice.transports.values()
        async with lasts(SILENCE):
            for source in pair.alice.sources.values():
                await source.stop()
            await transport.close_silently()
            await pair.alice.event("transportClosed", within=SILENCE + LATE, reason="ice_timeout")
        for kind, producer_id in pair.producers.items():
            await pair.alice.event("producerClosed", producerId=producer_id)
            await pair.bob.event("producerClosed", producerId=producer_id)
            await pair.bob.event("consumerClosed", consumerId=pair.consumers[kind].id, reason="producer_closed")


async def row_10_unconfirmed_producer(installation: Installation, call_id: str) -> None:
    async with Caller(installation.url) as alice, bus_client(installation) as client:
        await alice.join(call_id)
        transport = await alice.transport("send")
        room_id = ids.room_id(call_id)
        events: asyncio.Queue[object] = asyncio.Queue()
        # The handshake that ends after the subscription is an event, too.
        subscription = await client.bus.subscribe(
            media(room_id, alice.peer_id),
            MEDIA_EVENT,
            lambda event: None if isinstance(event, TransportConnected) else events.put_nowait(event),
        )
        placement = await client.placement(call_id, alice.peer_id)
        async with lasts(UNCONFIRMED):
            await client.ask_node(
                placement,
                CreateProducer(
                    room_id=room_id,
                    peer_id=alice.peer_id,
                    transport_id=transport.id,
                    producer_id="orphan",
                    kind="audio",
                    rtp_parameters=rtp_parameters("audio", 88),
                    paused=False,
                ),
            )
            event = await asyncio.wait_for(events.get(), UNCONFIRMED + LATE)
        assert event == ProducerClosed(producer_id="orphan", reason="unconfirmed", transport_id=transport.id)
        assert [one.producer_id for one in (await client.describe(placement, call_id, alice.peer_id)).producers] == []
        await subscription.stop()


async def row_10_unconfirmed_peer(installation: Installation, call_id: str) -> None:
    async with Caller(installation.url) as alice, bus_client(installation) as client:
        await alice.join(call_id)
        room_id = ids.room_id(call_id)
        events: asyncio.Queue[object] = asyncio.Queue()
        subscription = await client.bus.subscribe(media(room_id, "ghost"), MEDIA_EVENT, events.put_nowait)
        placement = await client.placement(call_id, alice.peer_id)
        snapshot = await client.room(call_id)
        async with lasts(UNCONFIRMED):
            await client.ask_node(
                placement,
                CreateTransport(
                    room_id=room_id,
                    peer_id="ghost",
                    transport_id="haunted",
                    direction="send",
                    codec_profile=snapshot.room.codec_profile,
                ),
            )
            event = await asyncio.wait_for(events.get(), UNCONFIRMED + LATE)
        assert event == TransportClosed(transport_id="haunted", reason="unconfirmed")
        assert (await client.describe(placement, call_id, "ghost")).transports == []
        await subscription.stop()


async def row_15_reconnect_grace_expires(installation: Installation, call_id: str) -> None:
    async with connected_pair(installation.url, call_id, resumable=True) as pair:
        async with lasts(GRACE):
            await pair.alice.cut()
            await pair.wait_media()
            await pair.bob.event(
                "peerLeft",
                within=GRACE + LATE,
                peerId=pair.alice.peer_id,
                reason="disconnected",
            )
        assert {one["producerId"] for one in pair.bob.events("producerClosed")} == set(pair.producers.values())


async def row_18_empty_room_expires(installation: Installation, call_id: str) -> None:
    async with Caller(installation.url) as alice, bus_client(installation) as client:
        await alice.join(call_id)
        async with asyncio.timeout(EMPTY_ROOM + LATE), lasts(EMPTY_ROOM):
            await alice.call("leaveRoom")
            while await client.has_room(call_id):
                await asyncio.sleep(0.1)
        again = {"callId": call_id, "userId": "alice", "rtpCapabilities": rtp_capabilities()}
        with pytest.raises(Refused, match="room_not_found"):
            await alice.call("joinRoom", **again)


async def row_27_lost_connection(installation: Installation, call_id: str) -> None:
    async with connected_pair(installation.url, call_id) as pair, Caller(installation.url) as carol:
        alice, bob = pair.alice, pair.bob
        (transport,) = alice.transports.values()
        async with lasts(SILENCE):
            for source in alice.sources.values():
                await source.stop()
            await transport.close_silently()
            await bob.event("peerConnectionState", within=SILENCE + LATE, peerId=alice.peer_id, state="disconnected")
        joined = await carol.join(call_id)
        states = {peer["peerId"]: peer["connectionState"] for peer in joined["peers"]}
        assert states == {alice.peer_id: "disconnected", bob.peer_id: "connected"}
        await alice.transport("send")
        for other in (bob, carol):
            await other.event("peerConnectionState", peerId=alice.peer_id, state="connected")
        assert alice.events("peerConnectionState") == []


ROWS = (
    row_6_handshake_timeout,
    row_7_ice_timeout,
    row_10_unconfirmed_producer,
    row_10_unconfirmed_peer,
    row_15_reconnect_grace_expires,
    row_18_empty_room_expires,
    row_27_lost_connection,
)


async def test_timeouts_close_what_they_should(installation: Installation, call_id: str) -> None:
    rows = (row(installation, f"{row.__name__[:20]} {call_id[-8:]}") for row in ROWS)
    outcomes = await asyncio.gather(*rows, return_exceptions=True)
    failures = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    if failures:
        raise ExceptionGroup("rows of docs/closures.md", failures)
    await wait_for_counts(installation)

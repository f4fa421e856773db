"""A transport over a real socket, from creation to close."""

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest_asyncio

from hubbub_media_core import MediaCore, commands
from hubbub_media_core.events import DtlsReceived, Event, IceSelected, TransportClosed
from hubbub_media_core.specs import IceCredentials

Exchange = Callable[[tuple[str, int], bytes], "asyncio.Future[bytes]"]
Build = Callable[[IceCredentials], bytes]

_BINDING_SUCCESS = b"\x01\x01"


@dataclass
class Harness:
    """A core of one worker with router 1, and its events."""

    core: MediaCore
    events: list[Event] = field(default_factory=list)

    @property
    def address(self) -> tuple[str, int]:
        """The address of the worker."""
        return self.core.addresses[0]

    async def make_transport(self, transport: int) -> IceCredentials:
        """Creates a transport in router 1."""
        ice = IceCredentials(ufrag=f"ufrag{transport}", pwd=f"password-of-transport-{transport:04}")
        await self.core.call(0, commands.CreateTransport(transport=transport, router=1, ice=ice))
        return ice

    def received(self, count: int) -> Callable[[], bool]:
        """Whether the worker has received `count` datagrams."""
        return lambda: self.core.counters()[0]["packets_received"] == count

    async def until(self, seen: Callable[[], bool]) -> None:
        """Waits until `seen` returns true; the timeout of the test ends the wait otherwise."""
        while not seen():
            await asyncio.sleep(0.005)


@pytest_asyncio.fixture
async def harness() -> AsyncIterator[Harness]:
    async with MediaCore([("127.0.0.1", 0)]) as core:
        harness = Harness(core)
        core.subscribe(lambda _worker, event: harness.events.append(event))
        await core.call(0, commands.CreateRouter(router=1))
        yield harness


async def test_binding_request_is_answered_and_selects_its_pair(
    harness: Harness, exchange: Exchange, binding_request: Build
) -> None:
    request = binding_request(await harness.make_transport(1))
    answer = await exchange(harness.address, request)
    assert answer[:2] == _BINDING_SUCCESS
    assert answer[4:20] == request[4:20]
    await harness.until(lambda: bool(harness.events))
    assert isinstance(harness.events[0], IceSelected)
    assert harness.events[0].state == "connected"
    assert harness.events[0].local == harness.address[0]


async def test_binding_request_with_a_wrong_password_gets_no_answer(
    harness: Harness, exchange: Exchange, binding_request: Build
) -> None:
    ice = await harness.make_transport(1)
    answer = exchange(harness.address, binding_request(IceCredentials(ufrag=ice.ufrag, pwd="wrong")))
    await harness.until(lambda: harness.core.counters()[0]["dropped_stun"] == 1)
    assert not answer.done()
    answer.cancel()


async def test_dtls_is_carried_in_both_directions(harness: Harness, exchange: Exchange, binding_request: Build) -> None:
    await exchange(harness.address, binding_request(await harness.make_transport(1)))
    answer = exchange(harness.address, b"\x16\xfe\xfd from the client")
    expected = DtlsReceived(1, b"\x16\xfe\xfd from the client")
    await harness.until(lambda: expected in harness.events)
    harness.core.send(0, commands.SendDtls(transport=1, datagram=b"\x16\xfe\xfd from the server"))
    assert await answer == b"\x16\xfe\xfd from the server"


async def test_transport_closed_event_precedes_the_reply_to_close_router(harness: Harness) -> None:
    await harness.make_transport(1)
    await harness.core.call(0, commands.CloseRouter(router=1))
    assert harness.events == [TransportClosed(1, "router_closed")]


async def test_transport_stats_count_packets(harness: Harness, exchange: Exchange, binding_request: Build) -> None:
    await exchange(harness.address, binding_request(await harness.make_transport(1)))
    stats = await harness.core.call(0, commands.TransportStats(transport=1))
    assert (stats["packets_received"], stats["packets_sent"]) == (1, 1)
    assert stats["rtt_us"] is None


async def test_ten_thousand_random_datagrams_do_not_affect_the_transport(
    harness: Harness, exchange: Exchange, binding_request: Build
) -> None:
    ice = await harness.make_transport(1)
    noise = random.Random(20)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for sent in range(1, 10_001):
            stranger.sendto(noise.randbytes(noise.randrange(1, 300)), harness.address)
            if sent % 200 == 0:
                # Wait, so that no datagram is lost in the socket buffer and all are counted.
                await harness.until(harness.received(sent))
        stranger.setblocking(False)
        try:
            answer = stranger.recv(2048)
        except BlockingIOError:
            answer = b""
    counters = harness.core.counters()[0]
    dropped = sum(value for name, value in counters.items() if name.startswith("dropped_") and isinstance(value, int))
    assert (answer, dropped, counters["faults"], counters["transports"]) == (b"", 10_000, 0, 1)
    assert harness.events == []
    assert (await exchange(harness.address, binding_request(ice)))[:2] == _BINDING_SUCCESS

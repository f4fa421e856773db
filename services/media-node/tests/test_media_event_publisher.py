"""Media events reach the sessions even when the connection fails."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from hubbub_bus import Bus
from hubbub_contracts import ids, subjects
from hubbub_contracts.bus.media import MEDIA_EVENT, MediaEvent, TransportClosed
from hubbub_media_node.adapters.media_event_publisher import BusMediaEventPublisher
from hubbub_media_node.domain.closures import PeerEvent
from support.nats_servers import NatsServer
from support.node_rig import until
from support.tcp_proxy import TcpProxy


@contextlib.asynccontextmanager
async def running(publisher: BusMediaEventPublisher) -> AsyncIterator[None]:
    task = asyncio.create_task(publisher.run())
    yield
    task.cancel()
    await asyncio.wait({task})


def closed(number: int) -> PeerEvent[MediaEvent]:
    return PeerEvent("room", "peer", TransportClosed(transport_id=str(number), reason="ice_timeout"))


async def test_an_event_sent_into_a_dead_connection_arrives_after_the_reconnect(
    bus: Bus, nats_server: NatsServer
) -> None:
    room_id, received = ids.room_id(ids.mint()), list[MediaEvent]()

    def receive(event: MediaEvent) -> None:
        if event not in received:  # events that may have arrived are sent again
            received.append(event)

    await bus.subscribe(subjects.media(room_id, "peer"), MEDIA_EVENT, receive)
    await bus.flush()
    async with TcpProxy(nats_server.port) as proxy:
        through_proxy = nats_server.url.replace(f":{nats_server.port}", f":{proxy.port}")
        node_bus = await Bus.connect(through_proxy, name="node-n1", timeout=20)
        publisher = BusMediaEventPublisher(node_bus)
        async with running(publisher):
            proxy.discards = True
            publisher.publish(PeerEvent(room_id, "peer", closed(1).event))
            publisher.publish(PeerEvent(room_id, "peer", closed(2).event))
            await asyncio.sleep(0.2)
            await proxy.cut()
            proxy.discards = False
            await proxy.start()
            await until(lambda: len(received) == 2)
            publisher.publish(PeerEvent(room_id, "peer", closed(3).event))
            await until(lambda: len(received) == 3)
        await node_bus.close()
    assert received == [closed(number).event for number in (1, 2, 3)]


async def test_an_event_that_cannot_be_sent_does_not_delay_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []

    class FailingBus:
        async def publish_confirmed(self, messages: list[tuple[str, MediaEvent]]) -> None:
            for _, event in messages:
                assert isinstance(event, TransportClosed)
                if event.transport_id == "1":
                    raise RuntimeError("it cannot be encoded")
                sent.append(event.transport_id)

    publisher = BusMediaEventPublisher(FailingBus())  # type: ignore[arg-type]
    async with running(publisher):
        publisher.publish(closed(1))
        await asyncio.sleep(0.01)
        publisher.publish(closed(2))
        await until(lambda: sent == ["2"])

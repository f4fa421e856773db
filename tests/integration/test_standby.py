"""A media node dies, and the standbys of its peers take over (ADR 51).

Rows are those of docs/closures.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from hubbub_client.api import ServerApi
from support.caller import Consumer
from support.client_socket import Refused
from support.installation import Installation
from support.standby_caller import StandbyCaller

KINDS = ("audio", "video")
TOLD = ("producerClosed", "newProducer", "consumerClosed", "producerPaused", "producerResumed", "transportClosed")


@dataclass
class Scene:
    """Ann sends to Ben. Both are on one node, and have their standbys on the other one."""

    installation: Installation
    api: ServerApi
    call_id: str
    ann: StandbyCaller
    ben: StandbyCaller
    producers: dict[str, str]
    """By kind."""
    consumers: list[Consumer]
    prepared: list[Consumer]
    """What Ben has on his standby."""
    node: str
    """Of both."""

    async def placement(self, caller: StandbyCaller) -> str | None:
        """The node of a peer."""
        found = [peer.placement for peer in await self.api.peers(self.call_id) if peer.peer_id == caller.peer_id]
        return None if found[0] is None else found[0].node_id

    def kill(self, node: str) -> None:
        [process] = [each for each in self.installation.nodes if each.name == node]
        process.kill()

    @property
    def other(self) -> str:
        """The node of the standbys."""
        [name] = [each.name for each in self.installation.nodes if each.name != self.node]
        return name


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """Two media nodes that nothing restarts."""
    with Installation(tmp_path / "installation", nodes=2) as running:
        yield running


@pytest.fixture
async def scene(installation: Installation, call_id: str) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(ServerApi(installation.url))
        ann, ben = [await stack.enter_async_context(StandbyCaller(installation.url)) for _ in range(2)]
        for caller, name in ((ann, "ann"), (ben, "ben")):
            await caller.join(call_id, userId=name, features=["makeBeforeBreak"], resumable=True)
        producers = {kind: await ann.publish(kind) for kind in KINDS}
        consumers = []
        for producer_id in producers.values():
            await ben.event("newProducer", producerId=producer_id)
            consumers.append(await ben.consume(producer_id))
        scene = Scene(installation, api, call_id, ann, ben, producers, consumers, [], "")
        scene.node = await scene.placement(ann) or ""
        assert await scene.placement(ben) == scene.node
        await asyncio.gather(*(each.wait_packets(5) for each in consumers))
        await ann.stand_by("send")
        await ben.stand_by("recv")
        for producer_id in producers.values():
            assert await ann.copy(producer_id) == producer_id
            scene.prepared.append(await ben.prepare(producer_id))
        ann.log.clear()
        ben.log.clear()
        yield scene


def heard(caller: StandbyCaller) -> list[str]:
    """What a client was told of transports, producers and consumers."""
    return [each.name for each in caller.log if each.name in TOLD]


async def test_row_44_nobody_asks_for_anything(scene: Scene) -> None:
    await asyncio.gather(*(each.wait_packets(30) for each in scene.consumers))
    received = [each.transport.streams.get(each.ssrc) for each in scene.prepared]
    assert [each is None or each.packets == 0 for each in received] == [True] * len(KINDS), "it is held"

    scene.kill(scene.node)
    for caller in (scene.ann, scene.ben):
        moved = await caller.event("peerMoved", within=30)
        assert (moved["standby"], moved["makeBeforeBreak"], moved["nodeId"]) == (True, False, scene.other)
        await caller.go_on()
    await asyncio.gather(*(each.wait_packets(30) for each in scene.prepared))
    assert (heard(scene.ann), heard(scene.ben)) == ([], [])
    listed = await scene.ben.ask("getProducers")
    assert {each["producerId"] for each in listed["producers"]} == set(scene.producers.values())

    await scene.ann.ask("pauseProducer", producerId=scene.producers["video"])
    await scene.ben.event("producerPaused", producerId=scene.producers["video"])
    await scene.prepared[1].wait_silent()
    await scene.ben.ask("closeConsumer", consumerId=scene.prepared[0].id)


async def test_row_44_a_producer_without_a_copy_is_closed(scene: Scene) -> None:
    screen = await scene.ann.publish("video")
    await scene.ben.event("newProducer", producerId=screen)
    scene.kill(scene.node)
    await scene.ann.event("peerMoved", within=30)
    closed = await scene.ann.event("producerClosed")
    assert (closed["producerId"], closed["reason"]) == (screen, "transport_closed")
    await scene.ben.event("producerClosed", producerId=screen)
    assert len(scene.ben.events("producerClosed")) == 1


async def test_row_44_a_paused_producer_stays_paused(scene: Scene) -> None:
    await scene.ann.ask("pauseProducer", producerId=scene.producers["video"])
    await scene.ben.event("producerPaused", producerId=scene.producers["video"])
    scene.kill(scene.node)
    for caller in (scene.ann, scene.ben):
        await caller.event("peerMoved", within=30)
        await caller.go_on()
    audio, video = scene.prepared
    await audio.wait_packets(50)
    stream = video.transport.streams.get(video.ssrc)
    assert stream is None or stream.packets == 0
    await scene.ann.ask("resumeProducer", producerId=scene.producers["video"])
    await video.wait_packets(10)


async def test_row_45_the_node_of_the_standby_dies(scene: Scene) -> None:
    scene.kill(scene.other)
    for caller in (scene.ann, scene.ben):
        closed = await caller.event("transportClosed", within=30)
        assert closed["reason"] == "node_lost"
        assert heard(caller) == ["transportClosed"]
    await asyncio.gather(*(each.wait_packets(30) for each in scene.consumers))
    with pytest.raises(Refused) as refused:
        await scene.ann.call("createTransport", direction="send", home="standby")
    assert refused.value.code == "unavailable"


async def test_row_46_the_client_ends_its_standby_and_makes_another_one(scene: Scene) -> None:
    [receives] = await scene.ben.stand_by()
    await scene.ben.ask("closeTransport", transportId=receives)
    with pytest.raises(Refused) as refused:
        await scene.ben.call("pauseConsumer", consumerId=scene.prepared[0].id)
    assert refused.value.code == "not_found"
    await scene.ben.stand_by("recv")
    prepared = [await scene.ben.prepare(each) for each in scene.producers.values()]
    scene.kill(scene.node)
    for caller in (scene.ann, scene.ben):
        await caller.event("peerMoved", within=30, standby=True)
        await caller.go_on()
    await asyncio.gather(*(each.wait_packets(30) for each in prepared))
    assert (heard(scene.ann), heard(scene.ben)) == ([], [])


async def test_row_24_a_resumed_session_makes_another_one(scene: Scene) -> None:
    await scene.ann.cut()
    async with StandbyCaller(scene.installation.url) as again:
        resumed = await again.call("resume", resumeToken=scene.ann.resume_token, lastRevision=0)
        assert len(resumed["transports"]) == 1, "not those of the standby"
        again.take_over_media(scene.ann)
        await again.stand_by("send")
        for producer_id in scene.producers.values():
            assert await again.copy(producer_id) == producer_id
        scene.kill(scene.node)
        for caller in (again, scene.ben):
            await caller.event("peerMoved", within=30, standby=True)
            await caller.go_on()
        await asyncio.gather(*(each.wait_packets(30) for each in scene.prepared))

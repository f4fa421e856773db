"""Peers leave a media node that drains before it ends, and nobody else in the room hears of it (ADR 48).

Rows are those of docs/closures.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hubbub_client.api import ServerApi
from support.caller import Caller, Consumer
from support.client_socket import Refused
from support.installation import Installation
from support.python_sdk import until

KINDS = ("audio", "video")
DRAIN_TIMEOUT = 15.0
SHORT_DRAIN = 8.0
EXITED = "exited with status 0"
MOVER = {"features": ["makeBeforeBreak"], "resumable": True}


@dataclass
class Scene:
    """Ann, whose client makes before it breaks, sends to Ben on the same node and to Cem on another one."""

    installation: Installation
    api: ServerApi
    call_id: str
    ann: Caller
    ben: Caller
    cem: Caller
    producers: dict[str, str]
    """By kind."""
    consumers: list[Consumer]
    """Ben's and Cem's."""
    node: str
    """Ann's."""

    async def drain(self) -> dict[str, Any]:
        """Drains Ann's node. Returns what she is told."""
        await self.api.drain_node(self.node)
        moved = await self.ann.event("peerMoved")
        assert (moved["makeBeforeBreak"], moved["nodeId"] == self.node) == (True, False)
        return moved

    async def placement(self, caller: Caller) -> str | None:
        """The node of a peer."""
        found = [peer.placement for peer in await self.api.peers(self.call_id) if peer.peer_id == caller.peer_id]
        return None if found[0] is None else found[0].node_id

    async def wait_media(self, packets: int = 20) -> None:
        """Waits until each consumer has received this many more packets."""
        await asyncio.gather(*(consumer.wait_packets(packets) for consumer in self.consumers))

    async def exited(self, within: float = 60.0) -> None:
        """Waits until the drained node has ended in order."""
        [process] = [each for each in self.installation.nodes if each.name == self.node]
        await until(lambda: process.exit_description() == EXITED, within)

    def heard(self, caller: Caller) -> list[str]:
        """What a viewer was told of producers and consumers since it consumed."""
        told = ("producerClosed", "newProducer", "consumerClosed", "producerPaused", "producerResumed")
        return [one.name for one in caller.log if one.name in told][len(KINDS) :]


@pytest.fixture
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """Two media nodes, or as many as the parameter says, that nothing restarts."""
    timeout, nodes = getattr(request, "param", (DRAIN_TIMEOUT, 2))
    environment = {"ROOM_PEERS_PER_NODE": "2", "DRAIN_TIMEOUT": str(timeout)}
    with Installation(tmp_path / "installation", nodes=nodes, environment=environment) as running:
        yield running


@pytest.fixture
async def scene(installation: Installation, call_id: str) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(ServerApi(installation.url))
        ann, ben, cem = [await stack.enter_async_context(Caller(installation.url)) for _ in range(3)]
        await ann.join(call_id, userId="ann", **MOVER)
        for viewer in (ben, cem):
            await viewer.join(call_id, userId="viewer")
        producers = {kind: await ann.publish(kind, appData={"label": kind}) for kind in KINDS}
        consumers = []
        for viewer in (ben, cem):
            for producer_id in producers.values():
                await viewer.event("newProducer", producerId=producer_id)
                consumers.append(await viewer.consume(producer_id))
        scene = Scene(installation, api, call_id, ann, ben, cem, producers, consumers, "")
        scene.node = await scene.placement(ann) or ""
        assert (await scene.placement(ben), await scene.placement(cem) == scene.node) == (scene.node, False)
        await scene.wait_media(5)
        yield scene


async def test_rows_9_13_39_40_and_41_nobody_hears_of_a_move(scene: Scene) -> None:
    ann = scene.ann
    former = dict(ann.transports)
    moved = await scene.drain()
    await ann.next_home()
    assert await scene.placement(ann) == moved["nodeId"]
    for producer_id in scene.producers.values():
        assert await ann.replace(producer_id) == producer_id
    await ann.stop_former_sources()
    await scene.wait_media(30)
    listed = await scene.cem.call("getProducers")
    assert {each["producerId"]: each["appData"] for each in listed["producers"]} == {
        producer_id: {"label": kind} for kind, producer_id in scene.producers.items()
    }
    assert ann.events("transportClosed") == ann.events("producerClosed") == []
    await ann.call("moveDone")
    assert (scene.heard(scene.ben), scene.heard(scene.cem)) == ([], [])
    for transport_id in former:
        with pytest.raises(Refused) as refused:
            await ann.call("closeTransport", transportId=transport_id)
        assert refused.value.code == "not_found"

    await scene.exited()
    assert await scene.placement(scene.ben) == moved["nodeId"], "moved by force, at the end"
    await asyncio.gather(*(each.wait_packets(30) for each in scene.consumers[len(KINDS) :]))
    assert scene.heard(scene.cem) == []
    assert ann.events("transportClosed") == ann.events("producerClosed") == []
    await ann.call("pauseProducer", producerId=scene.producers["audio"])
    await scene.cem.event("producerPaused", producerId=scene.producers["audio"])


@pytest.mark.parametrize("installation", [(SHORT_DRAIN, 2)], indirect=True)
async def test_row_42_a_client_that_does_not_finish_loses_the_rest_at_the_deadline(scene: Scene) -> None:
    former = dict(scene.ann.transports)
    await scene.drain()
    await scene.ann.next_home()
    await scene.ann.replace(scene.producers["audio"])
    for transport_id in former:
        closed = await scene.ann.event("transportClosed", transportId=transport_id, within=SHORT_DRAIN + 20)
        assert closed["reason"] == "node_draining"
    await scene.cem.event("producerClosed", producerId=scene.producers["video"])
    await scene.exited()
    audio = scene.consumers[len(KINDS)]
    await audio.wait_packets(30)
    listed = await scene.cem.call("getProducers")
    assert [each["producerId"] for each in listed["producers"]] == [scene.producers["audio"]]
    assert len(scene.ann.events("peerMoved")) == 1


@pytest.mark.parametrize("installation", [(60.0, 3)], indirect=True)
async def test_row_19_the_new_node_dies_in_the_middle(scene: Scene) -> None:
    moved = await scene.drain()
    await scene.ann.next_home()
    await scene.ann.replace(scene.producers["audio"])
    [process] = [each for each in scene.installation.nodes if each.name == moved["nodeId"]]
    process.kill()
    again = await scene.ann.event("peerMoved", makeBeforeBreak=False, within=30)
    assert again["nodeId"] not in (scene.node, moved["nodeId"])
    for transport_id in scene.ann.transports:
        await scene.ann.event("transportClosed", transportId=transport_id)
    await scene.ann.end_media()
    published = await scene.ann.publish("audio")
    await scene.ben.event("newProducer", producerId=published, within=30)
    await scene.exited()


async def test_row_24_a_session_is_resumed_in_the_middle(scene: Scene) -> None:
    await scene.drain()
    await scene.ann.next_home()
    await scene.ann.replace(scene.producers["audio"])
    await scene.ann.cut()
    async with Caller(scene.installation.url) as again:
        resumed = await again.call("resume", resumeToken=scene.ann.resume_token, lastRevision=0)
        again.take_over_media(scene.ann)
        assert {each["transportId"] for each in resumed["transports"]} == set(again.transports)
        assert {each["producerId"] for each in resumed["producers"]} == set(scene.producers.values())
        await again.event("peerMoved", makeBeforeBreak=True)
        await again.replace(scene.producers["video"])
        await again.stop_former_sources()
        await again.call("moveDone")
        await asyncio.gather(*(each.wait_packets(30) for each in scene.consumers[len(KINDS) :]))
        assert scene.heard(scene.cem) == []
        await scene.exited()


async def test_a_source_that_is_muted_during_the_move_stays_muted(scene: Scene) -> None:
    await scene.drain()
    await scene.ann.next_home()
    await scene.cem.call("mutePeer", peerId=scene.ann.peer_id, source="microphone")
    assert await scene.ann.replace(scene.producers["audio"]) == scene.producers["audio"]
    await scene.ann.replace(scene.producers["video"])
    await scene.ann.stop_former_sources()
    await scene.ann.call("moveDone")
    with pytest.raises(Refused) as refused:
        await scene.ann.call("resumeProducer", producerId=scene.producers["audio"])
    assert refused.value.code == "muted"
    await scene.consumers[-1].wait_packets(20)
    listed = await scene.cem.call("getProducers")
    assert {each["producerId"]: each["paused"] for each in listed["producers"]} == {
        scene.producers["audio"]: True,
        scene.producers["video"]: False,
    }

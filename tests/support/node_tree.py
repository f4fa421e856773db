"""Many media nodes with fake cores: Alice produces on the first one, and everybody on the others consumes."""

from __future__ import annotations

import asyncio
from typing import Any

from hubbub_contracts import ErrorCode, HubbubError, Model
from hubbub_contracts.base import NodeRequest
from hubbub_contracts.bus import media
from hubbub_contracts.bus.consumer import CreateConsumer
from hubbub_contracts.bus.pipe import OpenPipe
from hubbub_contracts.bus.records import PeerRecord, Placement
from hubbub_media_node.domain.cascade import Cascade
from hubbub_media_node.domain.entities import AnyProducer
from hubbub_media_node.domain.incoming_links import RemoteProducer
from hubbub_media_node.handlers import consumer, producer

from .node_fakes import ROOM
from .node_rig import fixture
from .two_nodes import CAPABILITIES, SIMULCAST, NodeOfTwo, TwoNodes, peer

ORIGIN = "n0"


class NodeTree:
    """The nodes of a room, `n0` to `n<count - 1>`. Each sends a producer to `fan_out` others on average."""

    def __init__(self, count: int = 8, fan_out: int = 2) -> None:
        self.fan_out = fan_out
        self.nodes = {
            f"n{number}": NodeOfTwo(Placement(node_id=f"n{number}", epoch=1), room_fan_out=fan_out)
            for number in range(count)
        }
        self.silent: set[str] = set()
        """The ids of nodes that answer nobody."""
        for node in self.nodes.values():
            node.nodes.answer = self._answer

    @property
    def others(self) -> list[str]:
        """The ids of the nodes that consume, and that answer."""
        return [node_id for node_id in self.nodes if node_id != ORIGIN and node_id not in self.silent]

    async def start(self) -> None:
        """Alice produces, and each other node has a peer that can consume."""
        await self.nodes[ORIGIN].create_transport()
        await self.nodes[ORIGIN].create_producer(fixture(f"chromium-156/{SIMULCAST}.json"))
        for node_id in self.others:
            await self.nodes[node_id].create_transport(f"at-{node_id}", "recv", "down")
        for node in self.nodes.values():
            await node.room_has(*self._records())
        await self.finish_tasks()

    async def consume(self, node_id: str) -> None:
        """The peer of a node consumes."""
        request = CreateConsumer(
            room_id=ROOM,
            peer_id=f"at-{node_id}",
            consumer_id="consumer",
            transport_id="down",
            producer_id="producer",
            rtp_capabilities=CAPABILITIES,
            origin=self.nodes[ORIGIN].placement,
        )
        await consumer.create(self.nodes[node_id].context, request)
        await self.finish_tasks()

    async def produce_also(self, node: NodeOfTwo) -> None:
        """Alice sends the track to another node as well, to which she moves."""
        await node.create_transport("alice", "send", "next")
        first = self.nodes[ORIGIN].context.entities.producers["producer"].request
        await producer.create(node.context, first.model_copy(update={"transport_id": "next"}))

    async def dies(self, node_id: str) -> None:
        """A node answers nobody any more, and its peer leaves the room."""
        self.silent.add(node_id)
        for each in [ORIGIN, *self.others]:
            await self.nodes[each].room_lost(f"at-{node_id}")
        await self.finish_tasks()

    async def restarts(self, node_id: str) -> None:
        """A node begins a new incarnation, to which its peer comes back."""
        placement = Placement(node_id=node_id, epoch=self.nodes[node_id].placement.epoch + 1)
        self.nodes[node_id] = node = NodeOfTwo(placement, room_fan_out=self.fan_out)
        node.nodes.answer = self._answer
        await node.create_transport(f"at-{node_id}", "recv", "down")
        await node.room_has(*self._records())
        for other in [ORIGIN, *self.others]:
            await self.nodes[other].room_has(peer(f"at-{node_id}", placement, (), "video", paused=False))
        await self.finish_tasks()

    def _records(self) -> list[PeerRecord]:
        alice = peer("alice", self.nodes[ORIGIN].placement, ("producer",), "video", paused=False)
        return [
            alice,
            *(peer(f"at-{each}", self.nodes[each].placement, (), "video", paused=False) for each in self.others),
        ]

    def expected(self, node_id: str) -> tuple[str, ...]:
        """The path that a node is to get the producer by."""
        nodes = {each for each in [ORIGIN, *self.others] if each != node_id}
        return Cascade(node_id, self.fan_out).path(ORIGIN, nodes)

    def remote(self, node_id: str) -> RemoteProducer:
        """The newest copy of Alice's producer on a node."""
        node = self.nodes[node_id]
        found = node.context.entities.incoming.find(node.room(), "producer", self.nodes[ORIGIN].placement)
        assert found is not None
        return found

    def path(self, node_id: str) -> tuple[str, ...]:
        """The path that a node really gets the producer by."""
        found: list[str] = []
        while node_id != ORIGIN:
            node_id = self.remote(node_id).link.node.node_id
            found.append(node_id)
        return tuple(found)

    def source(self, node_id: str) -> AnyProducer:
        """What the newest copy on a node is sent from, on the node above."""
        link = self.remote(node_id).link
        sending = self.nodes[link.node.node_id].context.entities.outgoing.find_link(link.id)
        pipe = None if sending is None else sending.find("producer")
        assert pipe is not None
        return pipe.origin

    def opened(self) -> list[tuple[str, str]]:
        """Who asked whom for the producer."""
        return [
            (node_id, asked.node_id)
            for node_id, node in self.nodes.items()
            for asked, message in node.nodes.requests
            if isinstance(message, OpenPipe)
        ]

    async def core_switches(self) -> None:
        """The cores switch the consumers that wait for a successor."""
        for node in self.nodes.values():
            node.core_switches()
        await self.finish_tasks()

    async def pass_time(self, now: float) -> None:
        """All nodes that answer compare, twice: what one tells another takes effect there."""
        for node_id in [ORIGIN, *self.others] * 2:
            await self.nodes[node_id].pass_time(now)
            await self.finish_tasks()

    async def asks_again(self, node_id: str) -> None:
        """A node tells those above what it wants, and learns from the answer."""
        self.remote(node_id).link.due = 0.0
        await self.nodes[node_id].pass_time(0)
        await self.finish_tasks()

    def closures(self) -> list[media.ConsumerClosed]:
        """What peers were told of closed consumers."""
        told = (each.event for node in self.nodes.values() for each in node.publisher.events)
        return [event for event in told if isinstance(event, media.ConsumerClosed)]

    async def finish_tasks(self) -> None:
        """Waits until no node has work: what one finishes may give another one work."""
        while any(len(node.context.tasks) for node in self.nodes.values()):
            await asyncio.sleep(0)

    async def _answer(self, node: Placement, message: NodeRequest[Any]) -> Model:
        if node.node_id in self.silent:
            raise HubbubError(ErrorCode.UNAVAILABLE, "nobody answers", retryable=True)
        if node != self.nodes[node.node_id].placement:
            raise HubbubError(ErrorCode.UNAVAILABLE, "a former incarnation was asked", retryable=True)
        reply: Model = await TwoNodes.answers_of(self.nodes[node.node_id])(node, message)
        return reply

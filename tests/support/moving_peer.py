"""Three media nodes with fake cores: Alice moves from one to another while everybody consumes her track."""

from __future__ import annotations

from typing import Any, NamedTuple

from hubbub_contracts import ErrorCode, HubbubError, Model
from hubbub_contracts.base import NodeRequest
from hubbub_contracts.bus import media
from hubbub_contracts.bus.consumer import CreateConsumer
from hubbub_contracts.bus.producer import CreateProducer
from hubbub_contracts.bus.records import Leaving, PeerRecord, Placement
from hubbub_media_core import commands, events
from hubbub_media_node.domain.entities import AnyProducer, Consumer
from hubbub_media_node.domain.handover import HANDOVER_TIMEOUT
from hubbub_media_node.domain.incoming_links import RemoteProducer
from hubbub_media_node.handlers import consumer, producer

from .node_fakes import ROOM
from .node_rig import fixture
from .two_nodes import CAPABILITIES, SIMULCAST, NodeOfTwo, TwoNodes, peer


class Replaced(NamedTuple):
    """The copies of a node that its core was told to replace by each other."""

    former: AnyProducer
    successor: AnyProducer


class ThreeNodes(TwoNodes):
    """Alice moves from node a to node c. Dave is on a, Bob on b, Carol on c; each consumes her producer."""

    def __init__(self, room_peers_per_worker: int = 200) -> None:
        super().__init__(room_peers_per_worker)
        self.c = NodeOfTwo(Placement(node_id="c", epoch=3), room_peers_per_worker)
        self.cut_off: set[str] = set()
        """The ids of nodes that answer nobody."""
        for asking in self.all:
            asking.nodes.answer = self._answer

    @property
    def all(self) -> tuple[NodeOfTwo, ...]:
        return self.a, self.b, self.c

    async def _answer(self, node: Placement, message: NodeRequest[Any]) -> Model:
        if node.node_id in self.cut_off:
            raise HubbubError(ErrorCode.UNAVAILABLE, "nobody answers", retryable=True)
        asked = next(each for each in self.all if each.placement == node)
        reply: Model = await self.answers_of(asked)(node, message)
        return reply

    async def finish_tasks(self) -> None:
        for node in self.all * 2:
            await node.finish_tasks()

    @classmethod
    async def moving_peer(cls) -> ThreeNodes:
        """Three nodes with `start_moving` done."""
        nodes = cls()
        await nodes.start_moving()
        return nodes

    async def start_moving(self, track: str = SIMULCAST) -> None:
        """Everybody consumes. Alice has a producer of the same id on both nodes; the room has that of node a."""
        await self.start(track)
        await self.a.create_transport("dave", "recv", "daves")
        await self.c.create_transport("carol", "recv", "carols")
        await self.everywhere(self.alice("producer", kind=fixture(f"chromium-156/{track}.json")["kind"]))
        for node, peer_id, transport_id in (
            (self.a, "dave", "daves"),
            (self.b, "bob", "down"),
            (self.c, "carol", "carols"),
        ):
            await self.consumes(node, peer_id, transport_id)
        await self.everywhere(self.moving(behind=True))
        await self.c.create_transport("alice", "send", "next")
        await self.produces_on(self.c, "next", track)
        await self.finish_tasks()

    async def produces_on(self, node: NodeOfTwo, transport_id: str, track: str = SIMULCAST, **changed: Any) -> None:
        """Alice produces with the same id."""
        recorded = fixture(f"chromium-156/{track}.json")
        request = CreateProducer(
            room_id=ROOM,
            peer_id="alice",
            transport_id=transport_id,
            producer_id="producer",
            kind=recorded["kind"],
            rtp_parameters=recorded["rtpParameters"],
            paused=False,
        )
        await producer.create(node.context, request.model_copy(update=changed))

    async def consumes(
        self,
        node: NodeOfTwo,
        peer_id: str,
        transport_id: str,
        consumer_id: str | None = None,
        **changed: Any,
    ) -> Consumer:
        """A peer consumes Alice's producer."""
        request = CreateConsumer(
            room_id=ROOM,
            peer_id=peer_id,
            consumer_id=consumer_id or f"{peer_id}s",
            transport_id=transport_id,
            producer_id="producer",
            rtp_capabilities=CAPABILITIES,
            origin=self.a.placement,
        )
        await consumer.create(node.context, request.model_copy(update=changed))
        return node.context.entities.consumers[request.consumer_id]

    def moving(self, *, behind: bool, **changed: Any) -> PeerRecord:
        """Alice's record while she moves: her producer is still on the former node, or on the new one."""
        record = peer("alice", self.c.placement, ("producer",), "video", paused=False)
        place = self.a.placement if behind else None
        producers = [each.model_copy(update={"placement": place} | changed) for each in record.producers]
        leaving = Leaving(placement=self.a.placement, deadline=0)
        return record.model_copy(update={"leaving": leaving, "make_before_break": True, "producers": producers})

    async def everywhere(self, *records: PeerRecord) -> None:
        """A stored change of each record reaches all nodes."""
        for node in self.all:
            await node.room_has(*records)
        await self.finish_tasks()

    async def move(self) -> None:
        """From now on the room has the producer on node c."""
        await self.everywhere(self.moving(behind=False))

    async def move_again(self) -> None:
        """Alice moves on to node b, as soon as she has left node a."""
        await self.b.create_transport("alice", "send", "third")
        await self.produces_on(self.b, "third")
        record, leaving = self.moving(behind=False), Leaving(placement=self.c.placement, deadline=0)
        await self.everywhere(record.model_copy(update={"placement": self.b.placement, "leaving": leaving}))

    def copy(self, node: NodeOfTwo, origin: NodeOfTwo) -> AnyProducer:
        """The producer as a node has it from another one, or from Alice."""
        if node is origin:
            return node.context.entities.producers["producer"]
        found = node.context.entities.incoming.find(node.room(), "producer", origin.placement)
        assert found is not None
        return found

    def timeout_of(self, node: NodeOfTwo) -> float:
        """When a node stops waiting for those behind the former producer, in seconds of a monotonic clock."""
        handover = self.copy(node, self.a).handover
        assert handover is not None
        return handover.since + HANDOVER_TIMEOUT

    def asked(self, node: NodeOfTwo) -> list[Replaced]:
        """What the core of a node was told to replace."""
        entities = node.context.entities
        found = []
        for command in node.core.commands:
            if isinstance(command, commands.ReplaceProducer):
                former, successor = (entities.origin_by_core_id(each) for each in (command.producer, command.successor))
                assert former is not None
                assert successor is not None
                found.append(Replaced(former, successor))
        return found

    async def pass_time(self) -> None:
        """All nodes compare, three times: what one tells the other takes effect there, and what follows from that."""
        for node in self.all * 3:
            await node.pass_time(0)
            await self.finish_tasks()
            self.core_closes(node)

    async def core_switches(self, *nodes: NodeOfTwo) -> None:
        """The cores of these nodes switch the consumers that wait, and close what they were told to close."""
        for node in nodes or self.all:
            node.core_switches()
            await self.finish_tasks()
            self.core_closes(node)
        await self.finish_tasks()

    def core_closes(self, node: NodeOfTwo) -> None:
        """The core of a node closes the producers that it was told to close, and what still consumes them."""
        entities = node.context.entities
        for command in list(node.core.commands):
            if isinstance(command, commands.CloseProducer) and entities.origin_by_core_id(command.producer):
                for each in [one for one in entities.consumers.values() if one.source == command.producer]:
                    node.core_says(events.ConsumerClosed(each.core_id, "producer_closed"))
                for pipe in list(entities.outgoing._by_end.values()):
                    if pipe.origin.core_id == command.producer:
                        node.core_says(events.ConsumerClosed(pipe.end.core_id, "producer_closed"))
                node.core_says(events.ProducerClosed(command.producer, "requested"))

    def closures(self) -> list[tuple[str, str]]:
        """Whom the nodes told that something was closed, and why."""
        kinds = (media.ConsumerClosed, media.ProducerClosed, media.TransportClosed)
        return [
            (told.peer_id, told.event.reason)
            for node in self.all
            for told in node.publisher.events
            if isinstance(told.event, kinds)
        ]

    def is_gone(self, node: NodeOfTwo, copy: AnyProducer) -> bool:
        """Whether a node does not have a copy any more, or is closing it."""
        if isinstance(copy, RemoteProducer):
            return copy.closing
        return copy.is_closing or node.context.entities.producer_by_core_id(copy.core_id) is None

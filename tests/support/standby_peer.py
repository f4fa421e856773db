"""Three media nodes with fake cores: Alice is on one and has her standby on another. Everybody consumes her track."""

from __future__ import annotations

from typing import Any

from hubbub_contracts.bus.consumer import CreateConsumer
from hubbub_contracts.bus.records import PeerRecord, Placement, Standby
from hubbub_media_core import commands
from hubbub_media_node.domain.entities import Consumer
from hubbub_room import PeerChanged

from .moving_peer import ThreeNodes
from .node_fakes import ROOM
from .node_rig import fixture
from .two_nodes import CAPABILITIES, HANDLED, SIMULCAST, NodeOfTwo, peer


class StandbyNodes(ThreeNodes):
    """Alice is on node a, and her standby is node c. Dave is on a, Bob on b, Carol on c; each consumes her producer.

    Node c has a copy of the producer, and a receive transport of Alice.
    """

    @classmethod
    async def standing_by(cls, track: str = SIMULCAST, room_peers_per_worker: int = 200) -> StandbyNodes:
        """Three nodes with a standby."""
        nodes = cls(room_peers_per_worker)
        await nodes.start(track)
        nodes.kind = fixture(f"chromium-156/{track}.json")["kind"]
        await nodes.a.create_transport("dave", "recv", "daves")
        await nodes.c.create_transport("carol", "recv", "carols")
        await nodes.everywhere(nodes.alice("producer", kind=nodes.kind), *nodes.others())
        for node, peer_id, transport_id in (
            (nodes.a, "dave", "daves"),
            (nodes.b, "bob", "down"),
            (nodes.c, "carol", "carols"),
        ):
            await nodes.consumes(node, peer_id, transport_id)
        await nodes.everywhere(nodes.with_standby())
        await nodes.c.create_transport("alice", "send", "copies")
        await nodes.c.create_transport("alice", "recv", "alices")
        await nodes.produces_on(nodes.c, "copies", track)
        await nodes.everywhere(nodes.with_standby("producer"))
        return nodes

    kind: Any = "video"

    def others(self) -> list[PeerRecord]:
        """The records of those who receive."""
        placed = {"dave": self.a, "bob": self.b, "carol": self.c}
        return [peer(name, node.placement, (), "video", paused=False) for name, node in placed.items()]

    def with_standby(self, *copies: str, on: NodeOfTwo | None = None, paused: bool = False) -> PeerRecord:
        """Alice's record: she is on node a, and node c has these copies."""
        standby = Standby(placement=(on or self.c).placement, producers=list(copies))
        record = self.alice("producer", kind=self.kind, paused=paused)
        return record.model_copy(update={"standby": standby})

    def promoted(self, *, paused: bool = False) -> PeerRecord:
        """Alice's record: node a has died, and she is on node c."""
        return self.alice("producer", kind=self.kind, paused=paused, placement=self.c.placement)

    def without_standby(self) -> PeerRecord:
        """Alice's record: she is on node a, and has no standby."""
        return self.alice("producer", kind=self.kind)

    async def promote(self) -> None:
        """Node a dies."""
        self.cut_off.add("a")
        for node in (self.b, self.c):
            await node.room_has(self.promoted())
        await self.finish_tasks()

    async def bob_has_a_standby(self, consumer_id: str = "held", **changed: Any) -> Consumer:
        """Bob, who is on node b, has his standby on node c, and consumes Alice's producer there."""
        await self.everywhere(self.bobs(standby=Standby(placement=self.c.placement)))
        await self.c.create_transport("bob", "recv", "bobs")
        return await self.consumes_on_standby(consumer_id, **changed)

    async def consumes_on_standby(self, consumer_id: str = "held", **changed: Any) -> Consumer:
        """Bob consumes Alice's producer on node c, unpaused."""
        request = CreateConsumer(
            room_id=ROOM,
            peer_id="bob",
            consumer_id=consumer_id,
            transport_id="bobs",
            producer_id="producer",
            rtp_capabilities=CAPABILITIES,
            origin=self.a.placement,
            paused=False,
        )
        await self.handle(self.c, request.model_copy(update=changed))
        return self.c.context.entities.consumers[consumer_id]

    @staticmethod
    async def handle(node: NodeOfTwo, message: Any) -> Any:
        """A node answers a request of signaling."""
        return await HANDLED[type(message)](node.context, message)

    def bobs(self, *, at: Placement | None = None, standby: Standby | None = None) -> PeerRecord:
        """Bob's record."""
        record = peer("bob", at or self.b.placement, (), "video", paused=False)
        return record.model_copy(update={"standby": standby})

    def at_once(self, node: NodeOfTwo, *records: PeerRecord) -> None:
        """A stored change of each record reaches a node, whose tasks do not run yet."""
        for record in records:
            node.sequence += 1
            node.replicas.projections[ROOM].apply(PeerChanged(node.sequence, record.peer_id, record, ""))

    @staticmethod
    def runs(node: NodeOfTwo, consumer: Consumer) -> bool:
        """Whether the core of a node sends to a consumer, by what it was told last."""
        kinds = (commands.ResumeConsumer, commands.PauseConsumer)
        told = [each for each in node.core.commands if isinstance(each, kinds) and each.consumer == consumer.core_id]
        return bool(told) and isinstance(told[-1], commands.ResumeConsumer)

"""Two media nodes with fake cores that ask each other: Alice is on one, Bob on the other."""

from __future__ import annotations

from typing import Any

from hubbub_bus import RequestTable
from hubbub_contracts import Model
from hubbub_contracts.base import NodeRequest
from hubbub_contracts.bus.consumer import CreateConsumer
from hubbub_contracts.bus.records import PeerRecord, Placement, ProducerRecord, RoomRecord
from hubbub_media_core import commands, events
from hubbub_media_core.commands import Command
from hubbub_media_core.specs import NodeLink
from hubbub_media_node.domain.incoming_links import RemoteProducer
from hubbub_media_node.domain.outgoing_links import OutgoingPipe
from hubbub_media_node.handlers import consumer
from hubbub_media_node.handlers.catalogue import HANDLERS
from hubbub_media_node.handlers.context import NodeContext
from hubbub_media_node.handlers.core_events import handle
from hubbub_media_node.handlers.reconciliation import reconcile
from hubbub_room import PeerChanged, RoomState
from support.node_fakes import ROOM, NodeRig
from support.node_rig import fixture

AUDIO, SIMULCAST = "produce-audio-opus", "produce-video-vp8-simulcast3"
CAPABILITIES = fixture("chromium-156/recv-rtp-capabilities.json")
HANDLED: RequestTable[NodeContext] = HANDLERS


class NodeOfTwo(NodeRig):
    """One of the nodes."""

    def __init__(self, placement: Placement, room_peers_per_worker: int = 200, room_fan_out: int = 8) -> None:
        super().__init__(room_peers_per_worker=room_peers_per_worker, room_fan_out=room_fan_out)
        self.lease.placement = placement
        self.placement = placement
        self.sequence = 10

    def told(self, *kinds: type[Command]) -> list[Command]:
        """The commands of these types that the core got."""
        return [command for command in self.core.commands if isinstance(command, kinds)]

    def links(self) -> list[NodeLink]:
        """The links to other nodes that the core was told to make."""
        made = (each.link for each in self.core.commands if isinstance(each, commands.CreatePipeTransport))
        return [each for each in made if isinstance(each, NodeLink)]

    def srtp_keys(self) -> list[commands.SetSrtpKeys]:
        """The keys that the core got."""
        return [each for each in self.core.commands if isinstance(each, commands.SetSrtpKeys)]

    def core_says(self, *happened: events.Event) -> None:
        for event in happened:
            handle(self.context, 0, event)

    def core_switches(self) -> None:
        """The core has switched the consumers that wait for a successor."""
        for command in list(self.core.commands):
            if isinstance(command, commands.ReplaceProducer):
                self.core_says(events.ProducerReplaced(command.producer, command.successor))

    async def pass_time(self, *instants: float) -> None:
        for now in instants:
            reconcile(self.context, now)
            await self.finish_tasks()

    async def room_has(self, *records: PeerRecord) -> None:
        """A stored change of each record."""
        for record in records:
            self.sequence += 1
            change = PeerChanged(self.sequence, record.peer_id, record, "")
            self.replicas.projections[ROOM].apply(change)
        await self.finish_tasks()

    async def room_lost(self, peer_id: str) -> None:
        self.sequence += 1
        self.replicas.projections[ROOM].apply(PeerChanged(self.sequence, peer_id, None, "left"))
        await self.finish_tasks()

    def room_is(self, *records: PeerRecord, home: Placement | None = None) -> None:
        """A snapshot."""
        self.sequence += 1
        settings = RoomRecord(room_id=ROOM, call_id="call", codec_profile="v1", created_at=0, placement=home)
        state = RoomState(settings, {each.peer_id: each for each in records}, self.sequence)
        self.replicas.projections[ROOM].adopt(state)


class TwoNodes:
    """Alice produces on node a, Bob has transports on node b."""

    def __init__(self, room_peers_per_worker: int = 200) -> None:
        self.a = NodeOfTwo(Placement(node_id="a", epoch=1))
        self.b = NodeOfTwo(Placement(node_id="b", epoch=2), room_peers_per_worker)
        for asking, asked in ((self.a, self.b), (self.b, self.a)):
            asking.nodes.answer = self.answers_of(asked)

    @staticmethod
    def answers_of(asked: NodeOfTwo) -> Any:
        async def answer(node: Placement, message: NodeRequest[Any]) -> Model:
            assert node == asked.placement
            received = type(message).model_validate_json(message.model_dump_json(exclude_none=True))
            reply = await HANDLED[type(message)](asked.context, received)
            assert isinstance(reply, Model)
            return type(reply).model_validate_json(reply.model_dump_json(exclude_none=True))

        return answer

    async def start(self, track: str = SIMULCAST) -> None:
        await self.a.create_transport()
        await self.a.create_producer(fixture(f"chromium-156/{track}.json"))
        await self.b.create_transport("bob", "recv", "down")
        await self.finish_tasks()

    async def finish_tasks(self) -> None:
        for node in (self.a, self.b):
            await node.finish_tasks()

    def alice(
        self, *producers: str, paused: bool = False, kind: Any = "video", placement: Placement | None = None
    ) -> PeerRecord:
        """Alice's record."""
        return peer("alice", placement or self.a.placement, producers, kind, paused=paused)

    def bob(self) -> PeerRecord:
        return peer("bob", self.b.placement, (), "video", paused=False)

    async def consume(
        self, consumer_id: str = "consumer", transport_id: str = "down", peer_id: str = "bob", **changed: Any
    ) -> None:
        """Bob's node consumes Alice's producer. The requester says where it is, unless `origin` is None."""
        request = CreateConsumer(
            room_id=ROOM,
            peer_id=peer_id,
            consumer_id=consumer_id,
            transport_id=transport_id,
            producer_id="producer",
            rtp_capabilities=CAPABILITIES,
            origin=self.a.placement,
        )
        await consumer.create(self.b.context, request.model_copy(update=changed))

    @property
    def remote(self) -> RemoteProducer:
        """Alice's producer on Bob's node."""
        found = self.b.context.entities.incoming.find(self.b.room(), "producer", self.a.placement)
        assert found is not None
        return found

    @property
    def pipe(self) -> OutgoingPipe:
        """The pipe on Alice's node."""
        (link,) = self.a.context.entities.outgoing.links
        found = link.find("producer")
        assert found is not None
        return found


def peer(peer_id: str, placement: Placement, producers: tuple[str, ...], kind: Any, *, paused: bool) -> PeerRecord:
    """A peer's record."""
    return PeerRecord(
        room_id=ROOM,
        peer_id=peer_id,
        user_id="user",
        display_name="",
        app_data={},
        joined_at=0,
        signaling_id="signaling",
        placement=placement,
        producers=[ProducerRecord(producer_id=each, kind=kind, app_data={}, paused=paused) for each in producers],
    )

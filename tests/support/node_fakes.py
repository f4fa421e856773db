"""Fakes for the ports of a media node's handlers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from hubbub_contracts import ErrorCode, HubbubError, Model
from hubbub_contracts.base import NodeRequest, ReplyT
from hubbub_contracts.bus.media import ClosureEvent, MediaEvent
from hubbub_contracts.bus.producer import CreateProducer
from hubbub_contracts.bus.records import Placement
from hubbub_contracts.bus.speaker import SpeakerEvent
from hubbub_contracts.bus.transport import CreateTransport, Fingerprint
from hubbub_contracts.types import Direction
from hubbub_media_core import CoreError
from hubbub_media_core.commands import Command
from hubbub_media_core.core import CoreErrorCode
from hubbub_media_node.domain.closures import PeerEvent
from hubbub_media_node.domain.entities import Room, Router, WebRtcTransport
from hubbub_media_node.domain.entity_store import EntityStore
from hubbub_media_node.domain.plain_access import PlainAccess
from hubbub_media_node.domain.ports import DtlsRole
from hubbub_media_node.domain.tenant_quotas import NodeTenantQuotas
from hubbub_media_node.handlers import producer, transport
from hubbub_media_node.handlers.context import NodeContext
from hubbub_room import Projection
from hubbub_service import Tasks

ROOM = "room"
PLACEMENT = Placement(node_id="node", epoch=5)


class FakeCore:
    """Two workers that record their commands."""

    addresses = [("127.0.0.1", 40000), ("127.0.0.1", 40001)]  # noqa: RUF012  an attribute of the port, not shared state

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self.sent: list[tuple[int, Command]] = []
        """The same, each with its worker."""
        self.replies: dict[type[Command], dict[str, Any]] = {}
        """The replies to commands of a type."""
        self.errors: dict[type[Command], CoreErrorCode] = {}
        """The code with which each command of a type is refused."""
        self.pending: asyncio.Event | None = None
        """Calls are executed at once, and answered when it is set."""

    async def call(self, worker: int, command: Command) -> dict[str, Any]:
        self._execute(worker, command)
        await (asyncio.sleep(0) if self.pending is None else self.pending.wait())
        return self.replies.get(type(command), {"packets_received": 7})

    def send(self, worker: int, command: Command) -> None:
        self._execute(worker, command)

    def _execute(self, worker: int, command: Command) -> None:
        self.commands.append(command)
        self.sent.append((worker, command))
        if code := self.errors.get(type(command)):
            raise CoreError(code, command)


class FakeDtls:
    """DTLS endpoints without DTLS."""

    def __init__(self) -> None:
        self.on_connected: dict[int, Callable[[], None]] = {}
        self.on_failed: dict[int, Callable[[], None]] = {}
        """The callbacks of each open endpoint."""
        self.connected: list[tuple[int, DtlsRole]] = []
        self.selected: list[int] = []
        self.datagrams: list[tuple[int, bytes]] = []

    def open(
        self, transport: int, worker: int, on_connected: Callable[[], None], on_failed: Callable[[], None]
    ) -> Fingerprint:
        assert worker in (0, 1)
        self.on_connected[transport] = on_connected
        self.on_failed[transport] = on_failed
        return Fingerprint(algorithm="sha-256", value=":".join(["00"] * 32))

    def connect(self, transport: int, role: DtlsRole, _fingerprints: Sequence[Fingerprint]) -> None:
        self.connected.append((transport, role))

    def ice_selected(self, transport: int) -> None:
        self.selected.append(transport)

    def received(self, transport: int, datagram: bytes) -> None:
        self.datagrams.append((transport, datagram))

    def close(self, transport: int) -> None:
        self.on_failed.pop(transport, None)


class FakeReplicas:
    """Room replicas that the test drives through their projections."""

    def __init__(self) -> None:
        self.projections: dict[str, Projection] = {}
        self.complete = True

    def follow(self, room_id: str, projection: Projection) -> None:
        self.projections[room_id] = projection

    def unfollow(self, room_id: str) -> None:
        self.projections.pop(room_id, None)

    def is_complete(self, _room_id: str) -> bool:
        return self.complete


class FakeLease:
    """A lease that is held as long as `held`."""

    placement = PLACEMENT

    def __init__(self) -> None:
        self.held = True

    def accepts_work(self) -> bool:
        return self.held


class FakeTelemetry:
    """Counts by name."""

    def __init__(self) -> None:
        self.created = 0
        self.connected = 0
        self.closed: list[ClosureEvent] = []

    def transport_created(self) -> None:
        self.created += 1

    def transport_connected(self) -> None:
        self.connected += 1

    def object_closed(self, event: ClosureEvent) -> None:
        self.closed.append(event)


class FakeLoads:
    """Idle workers."""

    def cpu(self) -> Sequence[float]:
        return [0.0, 0.0]


class FakePublisher:
    """Collects media events."""

    def __init__(self) -> None:
        self.events: list[PeerEvent[MediaEvent]] = []

    def publish(self, event: PeerEvent[MediaEvent]) -> None:
        self.events.append(event)


class FakeSpeakerPublisher:
    """Collects the events about who speaks."""

    def __init__(self) -> None:
        self.events: list[tuple[str, SpeakerEvent]] = []

    def publish(self, room_id: str, event: SpeakerEvent) -> None:
        self.events.append((room_id, event))


class FakeOtherNodes:
    """Other media nodes: `answer` gets each request, and raises HubbubError or returns the reply."""

    def __init__(self) -> None:
        self.requests: list[tuple[Placement, NodeRequest[Any]]] = []
        self.answer: Callable[[Placement, NodeRequest[Any]], Awaitable[Model]] = _no_node

    async def request(self, node: Placement, message: NodeRequest[ReplyT]) -> ReplyT:
        self.requests.append((node, message))
        reply = await self.answer(node, message)
        assert isinstance(reply, message.reply_model())
        return reply


async def _no_node(_node: Placement, _message: NodeRequest[Any]) -> Model:
    raise HubbubError(ErrorCode.UNAVAILABLE, "nobody answers", retryable=True)


class NodeRig:
    """A context of fakes."""

    def __init__(
        self, plain: PlainAccess | None = None, room_peers_per_worker: int = 200, room_fan_out: int = 8
    ) -> None:
        self.core, self.dtls, self.replicas, self.lease = FakeCore(), FakeDtls(), FakeReplicas(), FakeLease()
        self.telemetry, self.publisher = FakeTelemetry(), FakePublisher()
        self.speakers, self.nodes = FakeSpeakerPublisher(), FakeOtherNodes()
        self.stopped = asyncio.Event()
        entities = EntityStore()
        self.context = NodeContext(
            core=self.core,
            dtls=self.dtls,
            media_events=self.publisher,
            speaker_events=self.speakers,
            replicas=self.replicas,
            loads=FakeLoads(),
            nodes=self.nodes,
            telemetry=self.telemetry,
            lease=self.lease,
            tasks=Tasks(),
            candidate_addresses=lambda: ["192.0.2.7"],
            link_ip=lambda: "10.0.0.7",
            stop=self.stopped.set,
            tcp=False,
            plain=plain,
            quotas=NodeTenantQuotas(entities),
            entities=entities,
            room_peers_per_worker=room_peers_per_worker,
            room_fan_out=room_fan_out,
        )

    def sent(self, kind: type[Command]) -> list[Command]:
        """The commands of one type that the core got."""
        return [command for command in self.core.commands if isinstance(command, kind)]

    def room(self) -> Room:
        """The room `ROOM`."""
        return self.context.entities.rooms[ROOM]

    def router(self) -> Router:
        """The first router of `ROOM`."""
        return next(iter(self.room().routers.values()))

    async def create_transport(
        self, peer_id: str = "alice", direction: Direction = "send", transport_id: str = "transport"
    ) -> WebRtcTransport:
        """Creates a transport through its handler."""
        await transport.create(self.context, transport_request(peer_id, direction, transport_id))
        created = self.context.entities.transports[transport_id]
        assert isinstance(created, WebRtcTransport)
        return created

    async def create_producer(self, track: Mapping[str, Any]) -> None:
        """Creates a producer on Alice's transport through its handler. `track` is a recorded one."""
        await producer.create(
            self.context,
            CreateProducer(
                room_id=ROOM,
                peer_id="alice",
                transport_id="transport",
                producer_id="producer",
                kind=track["kind"],
                rtp_parameters=track["rtpParameters"],
                paused=False,
            ),
        )

    async def finish_tasks(self) -> None:
        """Waits until the context's background tasks are done."""
        while len(self.context.tasks):
            await asyncio.sleep(0)


def transport_request(
    peer_id: str = "alice", direction: Direction = "send", transport_id: str = "transport"
) -> CreateTransport:
    """A request that creates a transport."""
    return CreateTransport(
        room_id=ROOM, peer_id=peer_id, transport_id=transport_id, direction=direction, codec_profile="v1"
    )

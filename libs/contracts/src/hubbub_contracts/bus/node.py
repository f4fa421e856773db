"""Media nodes: their sign of life, and what they say of a peer."""

from __future__ import annotations

from typing import ClassVar

from ..base import Done, Event, Model, Request
from ..types import ConsumerType, Count, Direction, Epoch, Id, MediaKind, NodeId, RoomId, RtpCapabilities


class WorkerLoad(Model):
    """One worker as it was at the last beat."""

    index: Count
    cpu: float
    """Of one core, 0..1, over the last second."""
    packets_per_second: float
    """In and out."""
    rooms: Count
    peers: Count
    transports: Count
    producers: Count
    consumers: Count


class NodeHeartbeat(Event):
    """A node lives. Every 200 ms, from a thread of its own."""

    verb: ClassVar[str] = "node.beat"
    node_id: NodeId
    epoch: Epoch
    sent_at: int
    """Unix milliseconds of the node's clock."""
    draining: bool
    leased: bool
    """Without its lease a node takes no new work."""
    workers: list[WorkerLoad]


class ProbeNode(Request[Done]):
    """Does this life of the node live? Answered by the thread of the beats."""

    verb: ClassVar[str] = "ping"


class TransportDescription(Model):
    """One transport of a peer."""

    transport_id: Id
    direction: Direction
    connected: bool


class ProducerDescription(Model):
    """One producer of a peer."""

    producer_id: Id
    transport_id: Id
    kind: MediaKind
    paused: bool


class ConsumerDescription(Model):
    """One consumer of a peer."""

    consumer_id: Id
    producer_id: Id
    transport_id: Id
    kind: MediaKind
    type: ConsumerType
    paused: bool


class PeerDescription(Model):
    """What a node holds of a peer; empty when nothing."""

    rtp_capabilities: RtpCapabilities | None = None
    transports: list[TransportDescription]
    producers: list[ProducerDescription]
    consumers: list[ConsumerDescription]
    packets_received: int = 0
    """Datagrams of any kind that its transports have received: two answers tell whether the client still sends."""


class DescribePeer(Request[PeerDescription]):
    """The node is the truth for transports and consumers."""

    verb: ClassVar[str] = "peer.describe"
    room_id: RoomId
    peer_id: Id


class ClosePeer(Request[Done]):
    """Closes whatever the node holds of a peer; done when it holds nothing."""

    verb: ClassVar[str] = "peer.close"
    room_id: RoomId
    peer_id: Id

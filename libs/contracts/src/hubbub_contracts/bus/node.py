"""Media nodes: heartbeats, and descriptions of a peer."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ..base import Done, Event, Model, NodeRequest
from ..layers import ConsumerLayers
from ..scores import ConsumerScores, EncodingScore
from ..types import (
    ConsumerType,
    Count,
    Epoch,
    Id,
    NodeId,
    OpenDirection,
    OpenMediaKind,
    Positive,
    Region,
    RoomId,
    RtpCapabilities,
)
from .tenant import TenantUsage


class WorkerLoad(Model):
    """One worker at the time of the heartbeat."""

    index: Count
    """The worker's number on its node, from 0."""
    cpu: float
    """The CPU time of the worker's thread over the last second, as a fraction of one core (0 to 1)."""
    packets_per_second: float
    """Received and sent packets."""
    rooms: Count
    """Rooms with transports on it."""
    peers: Count
    """Peers with transports on it."""
    transports: Count
    """Its transports."""
    producers: Count
    """Its producers."""
    consumers: Count
    """Its consumers."""
    bits_received_per_second: float = 0.0
    """From clients and other nodes, without the headers of UDP, TCP and IP. Older versions do not report it."""
    bits_sent_per_second: float = 0.0
    """To clients and other nodes, counted in the same way."""


class NodeHeartbeat(Event):
    """A node's heartbeat, every 200 ms, from a separate thread."""

    verb: ClassVar[str] = "node.beat"
    node_id: NodeId
    epoch: Epoch
    sent_at: int
    """Unix milliseconds of the node's clock."""
    draining: bool
    """The node is shutting down and takes no new rooms."""
    leased: bool
    """The node holds its lease. Without it, a node takes no new work."""
    workers: list[WorkerLoad]
    tenants: list[TenantUsage] = Field(default_factory=list)
    """Of each tenant with rooms here. Empty while no registry announces limits of tenants."""
    region: Region | None = None
    """Where the node is; absent: not said, as by older versions."""
    drain_deadline: int | None = None
    """When the node that drains ends at the latest, in Unix milliseconds: until then, peers may make transports
    elsewhere before they lose those here. Absent: it does not drain, or ends at once."""
    max_packets_per_second: Positive | None = None
    """Packets that the node can receive and send in a second. Absent: no limit but that of its workers."""
    max_bits_per_second: Positive | None = None
    """Bits that the node can send in a second, and also receive. Absent: no limit is known."""
    has_standbys: bool = False
    """Whether the node can be a peer's standby: older versions cannot, and would send to both homes."""


class ProbeNode(NodeRequest[Done]):
    """Asks whether this epoch of the node is alive. The heartbeat thread answers."""

    verb: ClassVar[str] = "ping"


class DrainNode(NodeRequest[Done]):
    """Stops the node as SIGTERM does: it takes no new work, the registry places its peers on other nodes, it exits.

    The reply comes before that. Nobody else answers for this epoch afterwards. Older versions do not answer it.
    """

    verb: ClassVar[str] = "drain"


class TransportDescription(Model):
    """One transport of a peer."""

    transport_id: Id
    direction: OpenDirection
    connected: bool
    """The client has sent its DTLS parameters."""
    established: bool = False
    """The DTLS handshake succeeded, and the client is not silent. Older versions do not report it."""
    ice_username_fragment: str | None = None
    """The node's, of the last ICE restart. Older versions do not report it."""


class ProducerDescription(Model):
    """One producer of a peer."""

    producer_id: Id
    transport_id: Id
    kind: OpenMediaKind
    paused: bool
    encodings_wanted: list[bool] | None = None
    """As `ProducerLayersWanted` said last. Absent: all."""
    score: list[EncodingScore] | None = None
    """As `ProducerScoreChanged` said last. Absent: 10."""


class ConsumerDescription(Model):
    """One consumer of a peer."""

    consumer_id: Id
    producer_id: Id
    transport_id: Id
    kind: OpenMediaKind
    type: ConsumerType
    paused: bool
    layers: ConsumerLayers | None = None
    """What it receives now. Absent when that is nothing or not known. Older versions do not report it."""
    paused_by_bandwidth: bool = False
    """Whether it receives nothing for lack of bandwidth."""
    paused_by_link: bool = False
    """Whether nothing arrives from the node of its producer."""
    score: ConsumerScores | None = None
    """As `ConsumerScoreChanged` said last. Absent: 10."""


class PeerDescription(Model):
    """A peer's resources on a node, those of its client. The lists are empty when there are none."""

    rtp_capabilities: RtpCapabilities | None = None
    transports: list[TransportDescription]
    producers: list[ProducerDescription]
    consumers: list[ConsumerDescription]
    plain_producers: list[Id] = Field(default_factory=list)
    """The ids of the producers on plain transports: a server sends them on behalf of the peer."""
    packets_received: int = 0
    """All datagrams that the client's transports received. Two answers show whether the client still sends."""


class DescribePeer(NodeRequest[PeerDescription]):
    """Asks a node for a peer's resources. The node is authoritative for transports and consumers."""

    verb: ClassVar[str] = "peer.describe"
    room_id: RoomId
    peer_id: Id


class ClosePeer(NodeRequest[Done]):
    """Closes all resources of a peer on the node. Succeeds when there are none."""

    verb: ClassVar[str] = "peer.close"
    room_id: RoomId
    peer_id: Id

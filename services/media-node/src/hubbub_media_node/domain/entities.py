"""The objects of this node: rooms, routers, transports, producers and consumers.

Each has two ids: the one that signaling chose, used on the bus, and `core_id`, used in the core's commands and
events. A peer is not an object: it exists while it has a transport.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field

from hubbub_contracts import ids
from hubbub_contracts.bus.consumer import ConsumerCreated, CreateConsumer
from hubbub_contracts.bus.plain_transport import CreatePlainTransport, PlainTransportCreated, SrtpParameters
from hubbub_contracts.bus.producer import CreateProducer
from hubbub_contracts.bus.transport import CreateTransport, TransportCreated
from hubbub_contracts.errors import ErrorCode, HubbubError
from hubbub_contracts.layers import ConsumerLayers
from hubbub_contracts.scores import ConsumerScores, EncodingScore
from hubbub_contracts.track_source import track_source
from hubbub_contracts.types import ConsumerType, Direction, MediaKind, TrackSource
from hubbub_media_core.specs import ProducerSpec
from hubbub_ortc.types import RtpCapabilities, RtpParameters

from .cascade import Cascade
from .close_request import CloseRequest
from .confirmation_tracker import ConfirmationTracker
from .handover import Handover
from .repeated_work import RepeatedWork
from .room_view import EntityKey, RoomView


@dataclass(slots=True, eq=False)
class Room:
    """The part of a room on this node: a router on each worker that hosts peers of it. It exists while it has one."""

    id: str
    codec_profile: str
    capabilities: RtpCapabilities
    view: RoomView
    """The registry's version of the room, which confirms the objects here."""
    confirmations: ConfirmationTracker[EntityKey]
    cascade: Cascade
    routers: dict[int, Router] = field(default_factory=dict)
    """By worker, oldest first."""
    getting_microphones: RepeatedWork = field(default_factory=RepeatedWork)
    """From other nodes."""
    carrying_microphones: RepeatedWork = field(default_factory=RepeatedWork)
    """To its routers."""
    is_idle: bool = False
    """Nobody here hears it, as the other nodes were told: this node is the standby of all peers that are here."""

    @property
    def tenant(self) -> str | None:
        """Whose room it is."""
        return tenant_of(self.id)

    def transports(self) -> Iterator[Transport]:
        """The transports here."""
        return (transport for router in self.routers.values() for transport in router.transports.values())

    def producers(self) -> Iterator[Producer]:
        """The producers here."""
        return (producer for transport in self.transports() for producer in transport.producers.values())

    def peer_ids(self) -> set[str]:
        """The peers that have a transport here."""
        return {transport.peer_id for transport in self.transports()}

    def is_heard(self) -> bool:
        """Whether somebody here hears the room, as far as its records tell."""
        return self.view.has_listeners() or any(self.view.is_homeless(peer_id) for peer_id in self.peer_ids())

    def has_held_peers_only(self) -> bool:
        """Whether nobody here hears the room. False while a peer here is not known: it may have been here for long."""
        staying = (each for each in self.transports() if each.close_request is None)
        return not self.is_heard() and all(self.view.knows(each.peer_id) for each in staying)

    def router_of(self, peer_id: str) -> Router | None:
        """The router with the peer's transports: all of them are on one. None when it has none."""
        return next((transport.router for transport in self.transports() if transport.peer_id == peer_id), None)

    def entity_keys(self) -> set[EntityKey]:
        """The peers and producers here, as keys of `RoomView.confirmed`."""
        keys: set[EntityKey] = {("peer", peer_id) for peer_id in self.peer_ids()}
        return keys | {("producer", producer.id) for producer in self.producers()}


@dataclass(slots=True, eq=False)
class Router:
    """The part of a room on one worker. It exists while it has a transport of a peer, or while the others of its room
    get a producer of another node through it."""

    core_id: int
    room: Room
    worker: int
    """Index of the worker."""
    transports: dict[str, Transport] = field(default_factory=dict)

    def peer_ids(self) -> set[str]:
        """The peers that have a transport here."""
        return {transport.peer_id for transport in self.transports.values()}


@dataclass(slots=True, eq=False, kw_only=True)
class Transport:
    """A transport of a peer."""

    id: str
    core_id: int
    router: Router
    peer_id: str
    cname: str
    """The CNAME of all producers here that specify none, so that receivers can synchronize them (RFC 7022)."""
    connected: bool = False
    """The other side has sent its parameters."""
    next_mid: int = 0
    used_ssrcs: set[int] = field(default_factory=set)
    """All SSRCs that consumers here have had. Reusing one under the same key breaks SRTP (RFC 3711 section 9.1)."""
    close_request: CloseRequest | None = None
    held: bool = False
    """The core was told to send to none of its consumers."""
    close_when_left: bool = False
    """It is closed once those behind its producers, which are on another node now, have switched."""
    producers: dict[str, Producer] = field(default_factory=dict)
    consumers: dict[str, Consumer] = field(default_factory=dict)

    @property
    def room(self) -> Room:
        """Its room."""
        return self.router.room

    @property
    def room_id(self) -> str:
        """The id of its room."""
        return self.router.room.id

    @property
    def worker(self) -> int:
        """The index of its worker."""
        return self.router.worker

    @property
    def operation_id(self) -> str | None:
        """The client's id of the operation that created it."""
        return None

    @property
    def is_needed(self) -> bool:
        """Whether some of its producers, which are on another node now, have to be handed over."""
        return any(each.has_left and not each.is_closing for each in self.producers.values())

    def require(self, direction: Direction) -> None:
        """Raises `invalid_state` if the peer cannot send, or receive, over this transport."""


@dataclass(slots=True, eq=False, kw_only=True)
class WebRtcTransport(Transport):
    """A transport to a client, in one direction, with ICE and DTLS."""

    direction: Direction
    request: CreateTransport
    """A repeated equal request gets the same reply; a different one with the same id is a conflict."""
    created: TransportCreated
    ice_username_fragment: str
    """Ours, since the last ICE restart."""
    established: bool = False
    """The DTLS handshake succeeded."""
    silent: bool = False
    """The client has sent nothing for 8 s."""

    @property
    def operation_id(self) -> str | None:
        """As in `Transport`."""
        return self.request.operation_id

    def require(self, direction: Direction) -> None:
        """As in `Transport`."""
        if self.direction != direction:
            verb, found = ("produce", "receive") if direction == "send" else ("consume", "send")
            raise HubbubError(ErrorCode.INVALID_STATE, f"cannot {verb} on a {found} transport")


@dataclass(slots=True, eq=False, kw_only=True)
class PlainTransport(Transport):
    """A transport to a server, in both directions, with UDP ports of its own."""

    request: CreatePlainTransport
    """As in `WebRtcTransport`."""
    srtp_parameters: SrtpParameters | None
    """Our key; None without SRTP."""
    created: PlainTransportCreated | None = None
    """None until the core has opened the ports."""


@dataclass(slots=True, eq=False, kw_only=True)
class AnyProducer(ABC):
    """A producer as one router of this node has it: of a peer there, or of another node (`RemoteProducer`)."""

    id: str
    """Of the peer's producer."""
    core_id: int
    kind: MediaKind
    spec: ProducerSpec
    """As the core got it."""
    consumable: RtpParameters
    """The parameters from which its consumers' are derived."""
    type: ConsumerType
    paused: bool
    score: list[EncodingScore] | None = None
    """Of the streams that the peer sends, as reported last; None: 10."""
    handover: Handover | None = None
    """Its consumers are to switch to its successor."""
    is_misplaced: bool = False
    """It is of another node, and to be had by another path from now on: nodes of the room have come or gone."""

    @property
    @abstractmethod
    def has_left(self) -> bool:
        """Whether the room has the producer on another node than the one that this copy is from (ADR 48)."""

    @property
    @abstractmethod
    def router(self) -> Router:
        """Its router."""

    @property
    @abstractmethod
    def peer_id(self) -> str | None:
        """The peer that sends it; None while this node does not know."""

    @property
    @abstractmethod
    def is_closing(self) -> bool:
        """Whether it is being closed."""

    @property
    @abstractmethod
    def ends_with_owner(self) -> bool:
        """Whether its close means that the peer's producer is closed."""

    @property
    def is_cut_off(self) -> bool:
        """Whether nothing arrives from the node of its peer."""
        return False

    @property
    def room(self) -> Room:
        """Its room."""
        return self.router.room

    @property
    def is_microphone(self) -> bool:
        """Whether speaker detection and last-N audio apply to it."""
        has_levels = any(extension.kind == "audio_level" for extension in self.spec.extensions)
        return self.kind == "audio" and self.spec.is_microphone and has_levels


@dataclass(slots=True, eq=False, kw_only=True)
class Producer(AnyProducer):
    """A track that a peer sends."""

    transport: Transport
    request: CreateProducer
    """As in `WebRtcTransport`."""
    encodings_wanted: list[bool] | None = None
    """The encodings that the client was asked for last; None: all."""
    withheld: bool = False
    """Its peer was not told of its state while it was hidden."""
    stands_by: bool = False
    """It is on the standby of its peer, which sends it to another node (ADR 51)."""
    paused_by_peer: bool = False
    """Its peer asked last for a pause, which the room's records may not show yet."""
    close_request: CloseRequest | None = None

    @property
    def has_left(self) -> bool:
        """As in `AnyProducer`. One that stands by was never here for anybody."""
        return not self.stands_by and self.room.view.has_left(self.id)

    @property
    def is_elsewhere(self) -> bool:
        """Whether the room has it on another node: not here yet, or not any more."""
        return self.room.view.is_elsewhere(self.id)

    @property
    def is_hidden(self) -> bool:
        """Whether its peer hears nothing of it: the room has it on another node, or may have, as it is a copy."""
        return self.is_elsewhere or (self.stands_by and self.room.view.producer(self.id) is None)

    @property
    def router(self) -> Router:
        """As in `AnyProducer`."""
        return self.transport.router

    @property
    def is_closing(self) -> bool:
        """As in `AnyProducer`."""
        return self.close_request is not None

    @property
    def ends_with_owner(self) -> bool:
        """As in `AnyProducer`."""
        return True

    @property
    def operation_id(self) -> str | None:
        """The client's id of the operation that created it."""
        return self.request.operation_id

    def is_muted(self) -> bool:
        """Whether a moderator muted its source, or made its user a listener."""
        return self.transport.room.view.is_muted(self.peer_id, source_of(self.request))

    @property
    def room_id(self) -> str:
        """The id of its room."""
        return self.transport.room.id

    @property
    def peer_id(self) -> str:
        """The peer that sends it."""
        return self.transport.peer_id


@dataclass(slots=True, eq=False)
class Consumer:
    """A producer's track, sent to a peer."""

    id: str
    core_id: int
    transport: Transport
    producer_id: str
    source: int
    """The core's id of the producer on its router: of the peer's producer, or of the end of its pipe."""
    request: CreateConsumer
    """As in `WebRtcTransport`."""
    created: ConsumerCreated
    paused: bool = True
    """By its peer."""
    runs: bool = False
    """The core was told to send to it."""
    layers: ConsumerLayers | None = None
    """What the client receives, as the core reported it last; None: nothing."""
    paused_by_bandwidth: bool = False
    paused_by_link: bool = False
    """Nothing arrives from the node of its producer, as its peer was told."""
    score: ConsumerScores | None = None
    """As reported last; None: 10."""
    close_request: CloseRequest | None = None

    @property
    def operation_id(self) -> str | None:
        """The client's id of the operation that created it."""
        return self.request.operation_id

    @property
    def is_held(self) -> bool:
        """Whether its peer gets nothing here, paused or not: this node is its standby."""
        return self.transport.room.view.holds(self.peer_id)

    @property
    def room_id(self) -> str:
        """The id of its room."""
        return self.transport.room.id

    @property
    def peer_id(self) -> str:
        """The peer that receives it."""
        return self.transport.peer_id


def tenant_of(room_id: str) -> str | None:
    """Whose room it is. None also for an id that no version wrote."""
    try:
        return ids.tenant(room_id)
    except ValueError:
        return None


def source_of(request: CreateProducer) -> TrackSource | None:
    """What the track of a producer shows. Older versions of signaling tell it for audio only."""
    unnamed = "screen-audio" if request.kind == "audio" and not request.is_microphone else None
    return track_source(request.kind, {}, request.source or unnamed)

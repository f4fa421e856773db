"""The commands of a worker. Each command has one reply; a command that fails changes nothing.

The caller chooses the ids of entities: unsigned 64-bit numbers, never reused.
"""

from dataclasses import asdict, dataclass, field
from typing import ClassVar, Literal, TypeAlias

from hubbub_media_core.specs import (
    ConsumerSpec,
    IceCredentials,
    PipeConsumerSpec,
    PipeLink,
    PlainRemote,
    ProducerSpec,
    RelayEnd,
)

SrtpProfile: TypeAlias = Literal["SRTP_AEAD_AES_128_GCM", "SRTP_AEAD_AES_256_GCM", "SRTP_AES128_CM_SHA1_80"]
"""SRTP protection profiles by their OpenSSL names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Base class of the commands."""

    type: ClassVar[str]
    """Name of the command in the native module."""

    def wire(self) -> dict[str, object]:
        """The dict of this command for the native module."""
        return {"type": self.type, **asdict(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRouter(Command):
    """Create a router. A producer can be consumed only within its router."""

    type: ClassVar[str] = "create_router"
    router: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseRouter(Command):
    """Close a router and all its transports."""

    type: ClassVar[str] = "close_router"
    router: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTransport(Command):
    """Create a transport in a router. It answers STUN requests for `ice.ufrag`."""

    type: ClassVar[str] = "create_transport"
    transport: int
    router: int
    ice: IceCredentials


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatePlainTransport(Command):
    """Create a transport with UDP ports of its own, for RTP without ICE. The reply contains the ports.

    Without `rtcp_mux` it has two: RTP at an even port, RTCP at the next.
    """

    type: ClassVar[str] = "create_plain_transport"
    transport: int
    router: int
    rtcp_mux: bool
    """RTP and RTCP share a port (RFC 5761)."""
    comedia: bool
    """The address of the other side is that of its first packet that belongs to a producer."""
    srtp: bool
    """Media is protected: it waits for `SetSrtpKeys`."""
    sources: tuple[str, ...] = ()
    """Networks (`10.0.0.0/8`) in which the other side may be with `comedia`; anywhere if empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectPlainTransport(Command):
    """Set where the other side of a plain transport without `comedia` receives. It must send from there."""

    type: ClassVar[str] = "connect_plain_transport"
    transport: int
    remote: PlainRemote


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatePipeTransport(Command):
    """Create a transport that carries producers from one router to another, of another worker or node."""

    type: ClassVar[str] = "create_pipe_transport"
    transport: int
    router: int
    link: PipeLink


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLinkRelay(Command):
    """Set the node by which a link to another node goes as well. Media takes that way while the direct one is not
    connected."""

    type: ClassVar[str] = "set_link_relay"
    transport: int
    relay: str | None
    """IP address and port of a worker that relays the link; None: no node does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayLink(Command):
    """Relay a link of two other nodes, which do not reach each other, for 10 s; repeated, for longer."""

    type: ClassVar[str] = "relay_link"
    ends: tuple[RelayEnd, RelayEnd]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectTransport(Command):
    """Start the handshake timeout: the client has sent its DTLS parameters."""

    type: ClassVar[str] = "connect_transport"
    transport: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartIce(Command):
    """Replace the ICE credentials (RFC 8445 section 9).

    The previous credentials stay valid until the client uses the new ones.
    """

    type: ClassVar[str] = "restart_ice"
    transport: int
    ice: IceCredentials


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSrtpKeys(Command):
    """Set the SRTP keys: those that the DTLS handshake exported (RFC 5764 section 4.2), or those of a plain or pipe
    transport. Starts media.

    The material of each direction is the master key followed by the master salt.
    """

    type: ClassVar[str] = "set_srtp_keys"
    transport: int
    profile: SrtpProfile
    outbound: bytes = field(repr=False)
    inbound: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SendDtls(Command):
    """Send a DTLS datagram over the selected pair. Up to 16 datagrams wait until a pair is selected."""

    type: ClassVar[str] = "send_dtls"
    transport: int
    datagram: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseTransport(Command):
    """Close a transport, its producers and consumers, and the consumers of those producers on other transports."""

    type: ClassVar[str] = "close_transport"
    transport: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateProducer(Command):
    """Create a producer on a transport. On a pipe transport, it is what a pipe consumer of another router sends; its id
    may be that of the original in another worker."""

    type: ClassVar[str] = "create_producer"
    producer: int
    transport: int
    spec: ProducerSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseProducer(Command):
    """Stop forwarding the producer's packets."""

    type: ClassVar[str] = "pause_producer"
    producer: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeProducer(Command):
    """Resume forwarding. Video consumers start with a key frame."""

    type: ClassVar[str] = "resume_producer"
    producer: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseProducer(Command):
    """Close a producer and its consumers, or move them to its successor (`ReplaceProducer`)."""

    type: ClassVar[str] = "close_producer"
    producer: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceProducer(Command):
    """Move the consumers of a producer, but not its pipe consumers, to another one of its router with the same track.

    Each goes on with the old one until it can start with the successor. `events.ProducerReplaced` follows when all have
    moved. Both must have the same kind and the same number of encodings.
    """

    type: ClassVar[str] = "replace_producer"
    producer: int
    successor: int
    """If it is replaced itself, the one that replaces it is meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateConsumer(Command):
    """Create a paused consumer on a transport of the producer's router."""

    type: ClassVar[str] = "create_consumer"
    consumer: int
    transport: int
    producer: int
    spec: ConsumerSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatePipeConsumer(Command):
    """Create a pipe consumer on a pipe transport of the producer's router, one for each producer and transport.

    It sends the producer's encodings as they are. It sends nothing before `SetPipedEncodings`. `CloseConsumer` and
    `ConsumerStats` apply to it; pausing and layers do not.
    """

    type: ClassVar[str] = "create_pipe_consumer"
    consumer: int
    transport: int
    producer: int
    spec: PipeConsumerSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPipedEncodings(Command):
    """Set which encodings a pipe consumer sends. One that it did not send before starts with a key frame."""

    type: ClassVar[str] = "set_piped_encodings"
    consumer: int
    encodings: tuple[bool, ...]
    """As many as the producer has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseConsumer(Command):
    """Stop sending to the consumer."""

    type: ClassVar[str] = "pause_consumer"
    consumer: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeConsumer(Command):
    """Resume sending. Video starts with a key frame."""

    type: ClassVar[str] = "resume_consumer"
    consumer: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseConsumer(Command):
    """Close a consumer."""

    type: ClassVar[str] = "close_consumer"
    consumer: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestKeyFrame(Command):
    """Request a key frame from the consumer's producer, at most 12 times in 10 seconds per encoding."""

    type: ClassVar[str] = "request_key_frame"
    consumer: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPreferredLayers(Command):
    """Limit the layers of a video consumer. Takes effect as soon as the client can decode them."""

    type: ClassVar[str] = "set_preferred_layers"
    consumer: int
    spatial: int
    """Index of an encoding, or a spatial layer of a producer with one encoding; 0 to 255, 0 is the lowest."""
    temporal: int | None = None
    """Temporal layer, 0 is the lowest; None for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetConsumerPriority(Command):
    """Set which video consumers of a transport are served first when bandwidth is scarce."""

    type: ClassVar[str] = "set_consumer_priority"
    consumer: int
    priority: int
    """1, the initial one, to 255; a higher one is served first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetMaxIncomingBitrate(Command):
    """Ask the client not to send more over the transport. Replaces the limit of the worker."""

    type: ClassVar[str] = "set_max_incoming_bitrate"
    transport: int
    bitrate: int
    """bit/s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportStats(Command):
    """Reply with the counters of a transport."""

    type: ClassVar[str] = "transport_stats"
    transport: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProducerStats(Command):
    """Reply with the counters of a producer."""

    type: ClassVar[str] = "producer_stats"
    producer: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerStats(Command):
    """Reply with the counters of a consumer."""

    type: ClassVar[str] = "consumer_stats"
    consumer: int


ALL: tuple[type[Command], ...] = tuple(Command.__subclasses__())
"""All command classes."""

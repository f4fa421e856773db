"""What a worker can be told. Each command is answered by one reply; one that fails changes nothing.

Ids are minted by the caller, numbers of 64 bits that are never used twice.
"""

from dataclasses import asdict, dataclass
from typing import ClassVar, Literal, TypeAlias

from hubbub_media_core.specs import ConsumerSpec, IceCredentials, ProducerSpec

SrtpProfile: TypeAlias = Literal["SRTP_AEAD_AES_128_GCM", "SRTP_AEAD_AES_256_GCM", "SRTP_AES128_CM_SHA1_80"]
"""As OpenSSL names them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What all commands have in common."""

    type: ClassVar[str]

    def wire(self) -> dict[str, object]:
        """The dict that the native module takes."""
        return {"type": self.type, **asdict(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRouter(Command):
    """Make a router: what is produced in it can be consumed in it."""

    type: ClassVar[str] = "create_router"
    router: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseRouter(Command):
    """Close a router and every transport in it."""

    type: ClassVar[str] = "close_router"
    router: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTransport(Command):
    """Make a transport that answers STUN for `ice.ufrag`."""

    type: ClassVar[str] = "create_transport"
    transport: int
    router: int
    ice: IceCredentials


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectTransport(Command):
    """The client has sent its DTLS parameters: from now on the handshake deadline runs."""

    type: ClassVar[str] = "connect_transport"
    transport: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartIce(Command):
    """New ICE credentials (RFC 8445 section 9).

    The former stay valid until the client has used the new ones.
    """

    type: ClassVar[str] = "restart_ice"
    transport: int
    ice: IceCredentials


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSrtpKeys(Command):
    """The keys that the DTLS handshake gave (RFC 5764 section 4.2). Starts media.

    Each direction's are key then salt.
    """

    type: ClassVar[str] = "set_srtp_keys"
    transport: int
    profile: SrtpProfile
    outbound: bytes
    inbound: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SendDtls(Command):
    """A DTLS record to be sent to the transport's selected address; a few wait while there is none."""

    type: ClassVar[str] = "send_dtls"
    transport: int
    datagram: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseTransport(Command):
    """Close a transport with its producers and consumers, and the consumers of those producers elsewhere."""

    type: ClassVar[str] = "close_transport"
    transport: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateProducer(Command):
    """Make a producer on a transport."""

    type: ClassVar[str] = "create_producer"
    producer: int
    transport: int
    spec: ProducerSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseProducer(Command):
    """Stop forwarding what the producer sends."""

    type: ClassVar[str] = "pause_producer"
    producer: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeProducer(Command):
    """Forward again; each consumer of video begins with a key frame."""

    type: ClassVar[str] = "resume_producer"
    producer: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseProducer(Command):
    """Close a producer and its consumers."""

    type: ClassVar[str] = "close_producer"
    producer: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateConsumer(Command):
    """Make a consumer, paused, on a transport of the same router as the producer's."""

    type: ClassVar[str] = "create_consumer"
    consumer: int
    transport: int
    producer: int
    spec: ConsumerSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseConsumer(Command):
    """Stop sending to this consumer."""

    type: ClassVar[str] = "pause_consumer"
    consumer: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeConsumer(Command):
    """Send again, beginning with a key frame."""

    type: ClassVar[str] = "resume_consumer"
    consumer: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseConsumer(Command):
    """Close a consumer."""

    type: ClassVar[str] = "close_consumer"
    consumer: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestKeyFrame(Command):
    """Ask the producer behind this consumer for a key frame (throttled)."""

    type: ClassVar[str] = "request_key_frame"
    consumer: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportStats(Command):
    """Reply with the transport's counters."""

    type: ClassVar[str] = "transport_stats"
    transport: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProducerStats(Command):
    """Reply with the producer's counters."""

    type: ClassVar[str] = "producer_stats"
    producer: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerStats(Command):
    """Reply with the consumer's counters."""

    type: ClassVar[str] = "consumer_stats"
    consumer: int


ALL: tuple[type[Command], ...] = tuple(Command.__subclasses__())
"""Every command."""

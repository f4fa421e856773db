"""Negotiated parameters of transports, producers and consumers."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

MediaKind: TypeAlias = Literal["audio", "video"]

FeedbackKind: TypeAlias = Literal["transport-cc", "goog-remb", "none"]
"""Congestion feedback of a receiver: arrival times of every packet, a bitrate estimate, or none."""

HeaderExtension: TypeAlias = Literal[
    "mid",
    "rid",
    "repaired_rid",
    "abs_send_time",
    "transport_cc",
    "audio_level",
    "dependency_descriptor",
    "video_orientation",
    "transmission_offset",
    "abs_capture_time",
    "playout_delay",
    "packet_id",
    "video_content_type",
    "video_timing",
    "color_space",
    "video_layers_allocation",
]
"""The header extensions that the core supports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IceCredentials:
    """Local ICE credentials (RFC 8445 section 5.3)."""

    ufrag: str
    """Unique within the worker: identifies the transport of a STUN request. 4 to 256 bytes."""
    pwd: str = field(repr=False)
    """The key of MESSAGE-INTEGRITY. 4 to 256 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainRemote:
    """Where the other side of a plain transport receives."""

    ip: str
    port: int
    """The port for RTP, and with rtcp-mux for RTCP."""
    rtcp_port: int | None = None
    """The port for RTCP, without rtcp-mux."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodecMapping:
    """A media codec of a producer or consumer, with its RTX."""

    codec: str
    """MIME type (`audio/opus`, `video/VP8`). Unknown codecs are forwarded without being parsed."""
    clock_rate: int
    """RTP clock, Hz."""
    payload_type: int
    """Payload type that this client uses."""
    router_payload_type: int
    """Payload type in the router. Matches a producer's codec with a consumer's."""
    rtx_payload_type: int | None = None
    """Payload type of the codec's RTX (RFC 4588) that this client uses."""
    nack: bool = False
    """NACK is negotiated (RFC 4585 section 6.2.1)."""
    pli: bool = False
    """PLI is negotiated (RFC 4585 section 6.3.1)."""
    fir: bool = False
    """FIR is negotiated (RFC 5104 section 4.3.1)."""
    inband_fec: bool = False
    """The sender adds in-band FEC when its packets are lost (`useinbandfec` of RFC 7587 section 6.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionMapping:
    """A header extension and the id that this client uses for it (RFC 8285)."""

    kind: HeaderExtension
    id: int
    """1 to 255."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodingSpec:
    """One encoding (simulcast layer) of a producer."""

    ssrc: int | None = None
    """SSRC; if None, it is learned from the MID and RID of the first packets."""
    rtx_ssrc: int | None = None
    """SSRC of the RTX stream; if None, it is learned."""
    rid: str | None = None
    """RID (RFC 8852), 1 to 32 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProducerSpec:
    """Negotiated parameters of a producer, with the payload types and ids that its client uses."""

    kind: MediaKind
    codecs: tuple[CodecMapping, ...]
    """1 to 64 codecs."""
    encodings: tuple[EncodingSpec, ...]
    """1 to 8 encodings, lowest layer first."""
    extensions: tuple[ExtensionMapping, ...] = ()
    """At most 64 extensions."""
    mid: str | None = None
    """MID (RFC 8843), unique among the transport's producers. 1 to 32 bytes."""
    feedback: FeedbackKind = "none"
    """The congestion feedback that the client expects."""
    paused: bool = False
    """Whether the producer starts paused."""
    is_microphone: bool = True
    """Of audio: somebody speaks, so speaker detection and last-N audio apply, if the client sends audio levels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerSpec:
    """Negotiated parameters of a consumer, with the payload types and ids that its client uses."""

    kind: MediaKind
    mid: str
    """Value of the MID extension. At most 32 bytes."""
    codecs: tuple[CodecMapping, ...]
    """1 to 64 codecs; the first gives the clock rate."""
    ssrc: int
    """SSRC of the stream, never used before on this transport."""
    rtx_ssrc: int | None = None
    """SSRC of the RTX stream. Without it, a retransmission repeats the original packet."""
    cname: str
    """CNAME in SDES packets (RFC 3550 section 6.5). At most 255 bytes."""
    extensions: tuple[ExtensionMapping, ...] = ()
    """At most 64 extensions."""
    feedback: FeedbackKind = "none"
    """The congestion feedback that the client sends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLink:
    """A pipe through the rings to another worker of this process. It needs no keys."""

    type: Literal["worker"] = "worker"
    worker: int
    """Index of the other worker."""
    pair: int
    """Identifies the transport among those of both workers, unsigned 32 bits. The same on both sides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeLink:
    """A pipe by SRTP over UDP to a worker of another node. It waits for `SetSrtpKeys`."""

    type: Literal["node"] = "node"
    ice: IceCredentials
    """Our credentials: what the checks of the other side must have."""
    remote_ice: IceCredentials
    """The credentials of the other side."""
    remote: str
    """IP address and port of the other worker: `192.0.2.1:4000` or `[2001:db8::1]:4000`."""
    local: str | None = None
    """Our IP address; None: the system chooses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayEnd:
    """One end of a link between two other nodes."""

    ufrag: str
    """Of its ICE credentials."""
    remote: str
    """Where its worker receives, and sends from: IP address and port, as in `NodeLink`."""


PipeLink: TypeAlias = WorkerLink | NodeLink
"""What carries the datagrams of a pipe transport."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PipedEncoding:
    """The SSRCs of an encoding that a pipe carries, neither used before on this transport."""

    ssrc: int
    rtx_ssrc: int | None = None
    """SSRC of the RTX stream. Without it, a retransmission repeats the original packet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PipeConsumerSpec:
    """The parameters of a pipe consumer, with the payload types and ids of the other side's pipe producer."""

    kind: MediaKind
    codecs: tuple[CodecMapping, ...]
    """1 to 64 codecs; the first gives the clock rate."""
    extensions: tuple[ExtensionMapping, ...] = ()
    """At most 64 extensions. With transport-cc, the other side reports on what arrives."""
    encodings: tuple[PipedEncoding, ...]
    """As many as the producer has, in its order."""
    cname: str
    """CNAME in SDES packets (RFC 3550 section 6.5). At most 255 bytes."""

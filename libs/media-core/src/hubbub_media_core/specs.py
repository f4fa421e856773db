"""What a producer or a consumer is made from, as the negotiation decided it."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

MediaKind: TypeAlias = Literal["audio", "video"]

FeedbackKind: TypeAlias = Literal["transport-cc", "goog-remb", "none"]
"""How congestion feedback reaches the sender: arrival times of every packet, one figure, not at all."""

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
    """ICE credentials of our side (RFC 8445 section 5.3)."""

    ufrag: str
    """Unique within the worker: it finds the transport of a first STUN request."""
    pwd: str
    """The key of MESSAGE-INTEGRITY."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodecMapping:
    """A media codec of a producer or a consumer, with the payload type of its RTX."""

    codec: str
    """MIME type (`audio/opus`, `video/VP8`); what is not known is forwarded as opaque."""
    clock_rate: int
    """RTP clock, Hz."""
    payload_type: int
    """On this side's wire."""
    router_payload_type: int
    """The router's: what joins a producer's codec to a consumer's."""
    rtx_payload_type: int | None = None
    """Of the codec's RTX (RFC 4588) on this side's wire."""
    nack: bool = False
    """Lost packets may be asked for (RFC 4585 section 6.2.1)."""
    pli: bool = False
    """Key frames may be asked for by PLI (RFC 4585 section 6.3.1)."""
    fir: bool = False
    """Key frames may be asked for by FIR (RFC 5104 section 4.3.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionMapping:
    """A header extension with its id on this side's wire (RFC 8285)."""

    kind: HeaderExtension
    id: int
    """1 to 255."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodingSpec:
    """One encoding (simulcast layer) of a producer: by SSRC, or by RID and learned from the first packets."""

    ssrc: int | None = None
    rtx_ssrc: int | None = None
    rid: str | None = None
    """RFC 8852."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProducerSpec:
    """A producer as negotiated: everything on the client's numbering."""

    kind: MediaKind
    codecs: tuple[CodecMapping, ...]
    """At least one."""
    encodings: tuple[EncodingSpec, ...]
    """At least one; lowest layer first."""
    extensions: tuple[ExtensionMapping, ...] = ()
    """Ids as the client uses them."""
    mid: str | None = None
    """RFC 8843; unique among the transport's producers."""
    feedback: FeedbackKind = "none"
    """Which congestion feedback the client expects for this producer."""
    paused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerSpec:
    """A consumer as negotiated: everything on the receiving client's numbering."""

    kind: MediaKind
    mid: str
    """Written into the MID extension."""
    codecs: tuple[CodecMapping, ...]
    """At least one; the first is the media codec."""
    ssrc: int
    """Never given out before on this transport."""
    rtx_ssrc: int | None = None
    """The RTX stream's; with it an answer to a NACK is an RTX packet."""
    cname: str
    """For SDES (RFC 3550 section 6.5)."""
    extensions: tuple[ExtensionMapping, ...] = ()
    """Ids as the router defines them."""
    feedback: FeedbackKind = "none"
    """Which congestion feedback the client will return."""

"""JSON shapes of RTP capabilities and parameters, in mediasoup's field names.

Source: W3C ORTC, section 9 "RTCRtpParameters", as mediasoup 3.27 narrows it. A value of one of these
types has been through a `validate_*` function: defaults are filled in, and a codec's `kind` agrees with
its `mimeType`. Fields of the sender that are not listed here are kept as they are.

Validation asks of a number only that it is one (mediasoup does the same), so that a payload type of
1.5 passes: `wire_limits` is what checks ranges.
Some clients send `null` for "not set", and it stays; what this package makes itself is never null.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

MediaKind = Literal["audio", "video"]
Parameters = dict[str, str | int | float]
"""Codec or header extension parameters: the `key=value` pairs of an SDP `a=fmtp` line."""


class RtcpFeedback(TypedDict):
    """One `a=rtcp-fb` line (RFC 4585, section 4.2); `parameter` is empty when there is none."""

    type: str
    parameter: str


class RtpCodecCapability(TypedDict):
    """A codec that an endpoint or the router can handle. `channels` is there for audio only."""

    kind: MediaKind
    mimeType: str
    preferredPayloadType: NotRequired[int | None]
    clockRate: int
    channels: NotRequired[int]
    parameters: Parameters
    rtcpFeedback: list[RtcpFeedback]


class RtpHeaderExtension(TypedDict):
    """A header extension (RFC 8285) that an endpoint or the router can handle.

    `direction` is the router's point of view: one of sendrecv, sendonly, recvonly, inactive.
    """

    kind: MediaKind
    uri: str
    preferredId: int
    preferredEncrypt: bool
    direction: str


class RtpCapabilities(TypedDict):
    """All that an endpoint, or the router, can handle."""

    codecs: list[RtpCodecCapability]
    headerExtensions: list[RtpHeaderExtension]


class RtpCodecParameters(TypedDict):
    """A codec in use. An RTX codec (RFC 4588) names its media codec in `parameters["apt"]`."""

    mimeType: str
    payloadType: int
    clockRate: int
    channels: NotRequired[int]
    parameters: Parameters
    rtcpFeedback: list[RtcpFeedback]


class RtpHeaderExtensionParameters(TypedDict):
    """A header extension in use, under its negotiated id."""

    uri: str
    id: int
    encrypt: bool
    parameters: Parameters


class RtxParameters(TypedDict):
    """Where an encoding's retransmissions go (RFC 4588)."""

    ssrc: int


class RtpEncodingParameters(TypedDict):
    """One stream of a source: a simulcast layer, or the only one. `maxBitrate` is in bits per second."""

    ssrc: NotRequired[int | None]
    rid: NotRequired[str | None]
    rtx: NotRequired[RtxParameters | None]
    codecPayloadType: NotRequired[int | None]
    dtx: NotRequired[bool]
    scalabilityMode: NotRequired[str | None]
    maxBitrate: NotRequired[int | None]


class RtcpParameters(TypedDict):
    """RTCP settings; `reducedSize` is always true after validation (RFC 5506)."""

    cname: NotRequired[str | None]
    reducedSize: bool


class RtpParameters(TypedDict):
    """What is sent (a producer) or received (a consumer)."""

    mid: NotRequired[str | None]
    codecs: list[RtpCodecParameters]
    headerExtensions: list[RtpHeaderExtensionParameters]
    encodings: list[RtpEncodingParameters]
    rtcp: RtcpParameters
    msid: NotRequired[str | None]


class CodecMapping(TypedDict):
    """The producer's payload type, and the router's for the same codec."""

    payloadType: int
    mappedPayloadType: int


class EncodingMapping(TypedDict):
    """The producer's stream (by `ssrc` or `rid`), and the router's SSRC for it."""

    ssrc: NotRequired[int | None]
    rid: NotRequired[str | None]
    mappedSsrc: int


class RtpMapping(TypedDict):
    """How a producer's payload types and streams translate into the router's. Encodings in their order."""

    codecs: list[CodecMapping]
    encodings: list[EncodingMapping]


class SctpStreamParameters(TypedDict):
    """A data channel's stream. At most one of the two limits is set: milliseconds, or a count."""

    streamId: int
    ordered: bool
    maxPacketLifeTime: NotRequired[int | None]
    maxRetransmits: NotRequired[int | None]

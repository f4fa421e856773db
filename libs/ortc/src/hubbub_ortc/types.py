"""JSON types of RTP capabilities and parameters, with mediasoup's field names.

Source: W3C ORTC, section 9 "RTCRtpParameters", as restricted by mediasoup 3.27. Values of these types have passed a
`validate_*` function: defaults are set, and a codec's `kind` agrees with its `mimeType`. Unlisted fields are kept.

Like mediasoup, validation does not check the ranges of numbers, so a payload type of 1.5 passes. `wire_limits` checks
ranges. Some clients send `null` for "not set"; it is kept. This package itself never adds a null.
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
    """A codec that an endpoint or the router supports. Only audio has `channels`."""

    kind: MediaKind
    mimeType: str
    preferredPayloadType: NotRequired[int | None]
    clockRate: int
    channels: NotRequired[int]
    parameters: Parameters
    rtcpFeedback: list[RtcpFeedback]


class RtpHeaderExtension(TypedDict):
    """A header extension (RFC 8285) that an endpoint or the router supports.

    `direction` is sendrecv, sendonly, recvonly or inactive, from the router's point of view.
    """

    kind: MediaKind
    uri: str
    preferredId: int
    preferredEncrypt: bool
    direction: str


class RtpCapabilities(TypedDict):
    """The codecs and header extensions that an endpoint or the router supports."""

    codecs: list[RtpCodecCapability]
    headerExtensions: list[RtpHeaderExtension]


class RtpCodecParameters(TypedDict):
    """A codec in use. `parameters["apt"]` of an RTX codec (RFC 4588) is the payload type of its media codec."""

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
    """The retransmission stream of an encoding (RFC 4588)."""

    ssrc: int


class RtpEncodingParameters(TypedDict):
    """One stream of a track: a simulcast layer, or the only stream. `maxBitrate` is in bits per second."""

    ssrc: NotRequired[int | None]
    rid: NotRequired[str | None]
    rtx: NotRequired[RtxParameters | None]
    codecPayloadType: NotRequired[int | None]
    dtx: NotRequired[bool]
    scalabilityMode: NotRequired[str | None]
    maxBitrate: NotRequired[int | None]


class RtcpParameters(TypedDict):
    """RTCP settings. `reducedSize` (RFC 5506) is always true after validation."""

    cname: NotRequired[str | None]
    reducedSize: bool


class RtpParameters(TypedDict):
    """The parameters of a producer or a consumer."""

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
    """The mapping from a producer's payload types and streams to the router's. Encodings keep their order."""

    codecs: list[CodecMapping]
    encodings: list[EncodingMapping]


class SctpStreamParameters(TypedDict):
    """A data channel's stream. At most one of `maxPacketLifeTime` (milliseconds) and `maxRetransmits` is set."""

    streamId: int
    ordered: bool
    maxPacketLifeTime: NotRequired[int | None]
    maxRetransmits: NotRequired[int | None]

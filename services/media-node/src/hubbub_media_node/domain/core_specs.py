"""Converts negotiated RTP parameters to the specs of core producers and consumers.

`hubbub_ortc` has validated the parameters; only the core's own limits are checked here. Payload types and extension ids
of a producer are the client's, those of a consumer are the router's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from hubbub_contracts.errors import ErrorCode, HubbubError
from hubbub_contracts.types import ConsumerType, MediaKind
from hubbub_media_core.specs import (
    CodecMapping,
    ConsumerSpec,
    EncodingSpec,
    ExtensionMapping,
    FeedbackKind,
    HeaderExtension,
    ProducerSpec,
)
from hubbub_ortc import header_extensions as uris
from hubbub_ortc import parse_scalability_mode
from hubbub_ortc.types import (
    RtpCodecParameters,
    RtpEncodingParameters,
    RtpHeaderExtensionParameters,
    RtpMapping,
    RtpParameters,
)

EXTENSION_KINDS: Final[Mapping[str, HeaderExtension]] = {
    uris.MID: "mid",
    uris.RTP_STREAM_ID: "rid",
    uris.REPAIRED_RTP_STREAM_ID: "repaired_rid",
    uris.ABS_SEND_TIME: "abs_send_time",
    uris.TRANSPORT_WIDE_CC: "transport_cc",
    uris.SSRC_AUDIO_LEVEL: "audio_level",
    uris.DEPENDENCY_DESCRIPTOR: "dependency_descriptor",
    uris.VIDEO_ORIENTATION: "video_orientation",
    uris.TRANSMISSION_OFFSET: "transmission_offset",
    uris.ABS_CAPTURE_TIME: "abs_capture_time",
    uris.PLAYOUT_DELAY: "playout_delay",
    uris.PACKET_ID: "packet_id",
    uris.VIDEO_CONTENT_TYPE: "video_content_type",
    uris.VIDEO_TIMING: "video_timing",
    uris.COLOR_SPACE: "color_space",
    uris.VIDEO_LAYERS_ALLOCATION: "video_layers_allocation",
}
"""The header extensions that the core supports, by URI; others are omitted."""

_SVC_CODECS: Final = frozenset({"video/vp9", "video/av1"})
_MAX_NAME: Final = 32
_MAX_CNAME: Final = 255
"""Bytes; the length field of an SDES item has 8 bits (RFC 3550 section 6.5)."""


def producer_spec(
    kind: MediaKind, parameters: RtpParameters, mapping: RtpMapping, *, paused: bool, is_microphone: bool = True
) -> ProducerSpec:
    """The spec of a producer. Raises `invalid_argument` when the core cannot receive these parameters."""
    if any(not codec["mimeType"].lower().startswith(f"{kind}/") for codec in parameters["codecs"]):
        raise _invalid(f"rtpParameters: a codec's kind is not {kind}")
    encodings = tuple(_encoding(encoding) for encoding in parameters["encodings"])
    if not encodings:
        raise _invalid("rtpParameters.encodings is empty")
    router_types = {entry["payloadType"]: entry["mappedPayloadType"] for entry in mapping["codecs"]}
    return ProducerSpec(
        kind=kind,
        mid=_name(parameters.get("mid"), "mid"),
        codecs=codec_mappings(parameters["codecs"], router_types),
        extensions=extension_mappings(parameters["headerExtensions"]),
        encodings=encodings,
        feedback=_feedback(parameters),
        paused=paused,
        is_microphone=is_microphone,
    )


def consumer_spec(
    kind: MediaKind, parameters: RtpParameters, router_types: Mapping[int, int] | None = None
) -> ConsumerSpec:
    """The spec of a consumer, from the parameters that its client gets.

    `router_types`: the router's payload type of each of its own; None when they are the router's.
    """
    encoding = parameters["encodings"][0]
    rtx = encoding.get("rtx")
    codecs = parameters["codecs"]
    mid, ssrc, cname = parameters["mid"], encoding["ssrc"], parameters["rtcp"]["cname"]
    assert mid is not None
    assert ssrc is not None
    assert cname is not None
    return ConsumerSpec(
        kind=kind,
        mid=mid,
        codecs=codec_mappings(codecs, router_types or {codec["payloadType"]: codec["payloadType"] for codec in codecs}),
        extensions=extension_mappings(parameters["headerExtensions"]),
        ssrc=ssrc,
        rtx_ssrc=rtx["ssrc"] if rtx else None,
        cname=cname,
        feedback=_feedback(parameters),
    )


def producer_type(parameters: RtpParameters) -> ConsumerType:
    """`simulcast` for several encodings; `svc` for one encoding with layers, if the codec supports SVC."""
    encodings = parameters["encodings"]
    if len(encodings) > 1:
        return "simulcast"
    mode = parse_scalability_mode(encodings[0].get("scalabilityMode") if encodings else None)
    if mode["spatialLayers"] == 1 and mode["temporalLayers"] == 1:
        return "simple"
    return "svc" if parameters["codecs"][0]["mimeType"].lower() in _SVC_CODECS else "simulcast"


def checked_cname(cname: str | None, fallback: str) -> str:
    """The client's CNAME, or `fallback` if it has none. Raises `invalid_argument` when it is too long."""
    if not cname:
        return fallback
    if len(cname.encode()) > _MAX_CNAME:
        raise _invalid(f"rtpParameters.rtcp.cname is longer than {_MAX_CNAME} bytes")
    return cname


def codec_mappings(codecs: Sequence[RtpCodecParameters], router_types: Mapping[int, int]) -> tuple[CodecMapping, ...]:
    """The media codecs, each with the payload type of its RTX codec."""
    rtx_of = {codec["parameters"].get("apt"): codec["payloadType"] for codec in codecs if _is_rtx(codec)}
    media = tuple(
        CodecMapping(
            codec=codec["mimeType"],
            clock_rate=codec["clockRate"],
            payload_type=codec["payloadType"],
            rtx_payload_type=rtx_of.get(codec["payloadType"]),
            router_payload_type=router_types[codec["payloadType"]],
            nack=_has_feedback([codec], "nack", ""),
            pli=_has_feedback([codec], "nack", "pli"),
            fir=_has_feedback([codec], "ccm", "fir"),
            inband_fec=codec["parameters"].get("useinbandfec") == 1,
        )
        for codec in codecs
        if not _is_rtx(codec)
    )
    if not media:
        raise _invalid("rtpParameters.codecs contains no media codec")
    return media


def _is_rtx(codec: RtpCodecParameters) -> bool:
    return codec["mimeType"].lower().endswith("/rtx")


def extension_mappings(extensions: Iterable[RtpHeaderExtensionParameters]) -> tuple[ExtensionMapping, ...]:
    """The header extensions that the core supports."""
    return tuple(
        ExtensionMapping(kind=EXTENSION_KINDS[extension["uri"]], id=extension["id"])
        for extension in extensions
        if extension["uri"] in EXTENSION_KINDS
    )


def _encoding(encoding: RtpEncodingParameters) -> EncodingSpec:
    rtx = encoding.get("rtx")
    return EncodingSpec(
        ssrc=encoding.get("ssrc"), rtx_ssrc=rtx["ssrc"] if rtx else None, rid=_name(encoding.get("rid"), "rid")
    )


def _feedback(parameters: RtpParameters) -> FeedbackKind:
    """The congestion feedback that the codecs negotiated and whose header extension is present."""
    negotiated = {extension["uri"] for extension in parameters["headerExtensions"]}
    if uris.TRANSPORT_WIDE_CC in negotiated and _has_feedback(parameters["codecs"], "transport-cc", ""):
        return "transport-cc"
    if uris.ABS_SEND_TIME in negotiated and _has_feedback(parameters["codecs"], "goog-remb", ""):
        return "goog-remb"
    return "none"


def _has_feedback(codecs: Iterable[RtpCodecParameters], kind: str, parameter: str) -> bool:
    return any(
        feedback["type"] == kind and feedback["parameter"] == parameter
        for codec in codecs
        for feedback in codec["rtcpFeedback"]
    )


def _name(name: str | None, field: str) -> str | None:
    if not name:
        return None
    if len(name.encode()) > _MAX_NAME:
        raise _invalid(f"rtpParameters: {field} is longer than {_MAX_NAME} bytes")
    return name


def _invalid(message: str) -> HubbubError:
    return HubbubError(ErrorCode.INVALID_ARGUMENT, message)

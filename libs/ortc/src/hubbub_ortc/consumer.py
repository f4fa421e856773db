"""A consumer's parameters: the consumable parameters, reduced to what its endpoint supports."""

from __future__ import annotations

from typing import cast

from .codec_match import apt_of, find_match, is_rtx
from .errors import Unsupported
from .header_extensions import ABS_SEND_TIME, TRANSPORT_WIDE_CC
from .json_value import (
    MISSING,
    JsonObject,
    as_list,
    as_object,
    is_number,
    is_set,
    objects_in,
    optional_objects_in,
    same,
    without_missing,
)
from .pipe import number_encodings
from .scalability import parse_scalability_mode
from .ssrc import RandomSsrc, system_ssrc
from .types import RtpCapabilities, RtpParameters
from .validate_capabilities import validate_rtp_capabilities
from .validate_codec import validate_codec_capability


def can_consume(consumable: RtpParameters, caps: RtpCapabilities) -> bool:
    """Whether an endpoint with `caps` can consume a producer with these consumable parameters.

    Raises `InvalidParameters` when an argument is malformed.
    """
    cap_codecs = cast(list[JsonObject], validate_rtp_capabilities(caps)["codecs"])
    codecs = objects_in(as_object(consumable, "consumableParams"), "codecs")
    common = [codec for codec in codecs if find_match(codec, cap_codecs) is not None]
    return bool(common) and not is_rtx(common[0])


def get_consumer_rtp_parameters(
    consumable: RtpParameters,
    caps: RtpCapabilities,
    *,
    pipe: bool = False,
    enable_rtx: bool = True,
    random_ssrc: RandomSsrc = system_ssrc,
) -> RtpParameters:
    """The parameters of a consumer for an endpoint with `caps`.

    Unless `pipe` is true, all encodings become one, whose scalability mode states how many there were. Without
    `enable_rtx` there is neither RTX nor generic NACK.

    Raises `InvalidParameters` when an argument is malformed, and `Unsupported` when there is no common media codec.
    """
    offered, endpoint = as_object(consumable, "consumableRtpParameters"), as_object(caps, "caps")
    codecs = _common_codecs(offered, endpoint, enable_rtx)
    if not codecs or is_rtx(codecs[0]):
        raise Unsupported("no compatible media codecs")
    extensions = _common_extensions(offered, endpoint)
    rtx_supported = any(is_rtx(codec) for codec in codecs)
    encodings = objects_in(offered, "encodings")
    consumer = without_missing(
        {
            "codecs": _reduce_bandwidth_feedback(codecs, [extension.get("uri") for extension in extensions]),
            "headerExtensions": extensions,
            "encodings": number_encodings(encodings, rtx_supported, random_ssrc)
            if pipe
            else [_single_encoding(encodings, rtx_supported, random_ssrc())],
            "rtcp": offered.get("rtcp", MISSING),
            "msid": offered.get("msid", MISSING),
        }
    )
    return cast(RtpParameters, consumer)


def _common_codecs(offered: JsonObject, endpoint: JsonObject, enable_rtx: bool) -> list[JsonObject]:
    """The common codecs with the endpoint's feedback, without RTX codecs that lack their media codec."""
    capabilities = as_list(endpoint.get("codecs"), "caps.codecs")
    cap_codecs = [cast(JsonObject, validate_codec_capability(codec)) for codec in capabilities]
    codecs = optional_objects_in(offered, "codecs")
    common: list[JsonObject] = []
    for codec in codecs:
        match = None if is_rtx(codec) and not enable_rtx else find_match(codec, cap_codecs)
        if match is not None:
            feedback = [
                entry for entry in match["rtcpFeedback"] if enable_rtx or entry["type"] != "nack" or entry["parameter"]
            ]
            common.append({**codec, "rtcpFeedback": feedback})
    # From the end, against the remaining codecs: two RTX codecs may refer to each other.
    for index in reversed(range(len(common))):
        if is_rtx(common[index]) and not _has_payload_type(common, apt_of(common[index])):
            del common[index]
    return common


def _has_payload_type(codecs: list[JsonObject], payload_type: object) -> bool:
    return any(same(codec.get("payloadType", MISSING), payload_type) for codec in codecs)


def _common_extensions(offered: JsonObject, endpoint: JsonObject) -> list[JsonObject]:
    extensions = objects_in(offered, "headerExtensions")
    cap_extensions = objects_in(endpoint, "headerExtensions") if extensions else []
    return [
        extension
        for extension in extensions
        if any(
            same(other.get("preferredId", MISSING), extension.get("id", MISSING))
            and same(other.get("uri", MISSING), extension.get("uri", MISSING))
            for other in cap_extensions
        )
    ]


def _reduce_bandwidth_feedback(codecs: list[JsonObject], uris: list[object]) -> list[JsonObject]:
    """Keeps one method of bandwidth estimation: transport-cc if its extension is used, else REMB, else none."""
    if TRANSPORT_WIDE_CC in uris:
        dropped = {"goog-remb"}
    elif ABS_SEND_TIME in uris:
        dropped = {"transport-cc"}
    else:
        dropped = {"goog-remb", "transport-cc"}
    return [
        {**codec, "rtcpFeedback": [entry for entry in codec["rtcpFeedback"] if entry["type"] not in dropped]}
        for codec in codecs
    ]


def _single_encoding(encodings: list[JsonObject], rtx_supported: bool, ssrc: int) -> JsonObject:
    single: JsonObject = {"ssrc": ssrc}
    if rtx_supported:
        single["rtx"] = {"ssrc": ssrc + 1}
    modes = (encoding.get("scalabilityMode") for encoding in encodings)
    mode = next((mode for mode in modes if is_set(mode)), None)
    if len(encodings) > 1:
        # Simulcast: the consumer sees the encodings as spatial layers.
        mode = f"L{len(encodings)}T{parse_scalability_mode(mode)['temporalLayers']}"
    if mode is not None:
        single["scalabilityMode"] = mode
    rates = [encoding.get("maxBitrate") for encoding in encodings]
    highest = max((rate for rate in rates if is_number(rate) and rate > 0), default=0)
    if highest:
        single["maxBitrate"] = highest
    return single

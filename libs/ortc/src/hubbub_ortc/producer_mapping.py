"""The mapping from a producer's payload types and streams to the router's."""

from __future__ import annotations

from typing import NamedTuple, cast

from .codec_match import apt_of, find_match, find_rtx, is_rtx
from .errors import InvalidParameters, Unsupported
from .h264 import generate_profile_level_id_string_for_answer
from .json_value import MISSING, JsonObject, as_object, object_in, objects_in, same, without_missing
from .ssrc import RandomSsrc, system_ssrc
from .types import RtpCapabilities, RtpMapping, RtpParameters


class ProducerMapping(NamedTuple):
    """The mapping, and the producer's negotiated parameters, from which consumers are derived."""

    rtp_mapping: RtpMapping
    rtp_parameters: RtpParameters


def get_producer_rtp_parameters_mapping(
    params: RtpParameters, caps: RtpCapabilities, *, random_ssrc: RandomSsrc = system_ssrc
) -> ProducerMapping:
    """Matches a producer's validated `params` with the router's `caps`.

    Encoding i gets the SSRC `random_ssrc() + i`. In the returned parameters, each H264 codec has the negotiated
    `profile-level-id`, or none.

    Raises `InvalidParameters` when an argument is malformed or an RTX codec has no media codec, and `Unsupported` when
    the router does not support a codec.
    """
    negotiated = as_object(params, "params")
    codecs, cap_codecs = objects_in(negotiated, "codecs"), objects_in(as_object(caps, "caps"), "codecs")
    media = {i: _match_media(codec, cap_codecs) for i, codec in enumerate(codecs) if not is_rtx(codec)}
    matched = dict(media)
    for i, codec in enumerate(codecs):
        if is_rtx(codec):
            matched[i] = _match_rtx(codec, codecs, matched, cap_codecs)
    mapping = {
        "codecs": [_map_codec(codecs[i], cap_codec) for i, cap_codec in matched.items()],
        "encodings": _map_encodings(objects_in(negotiated, "encodings"), random_ssrc()),
    }
    negotiated["codecs"] = [
        _negotiate_profile(codec, media[i]) if i in media else codec for i, codec in enumerate(codecs)
    ]
    return ProducerMapping(cast(RtpMapping, mapping), cast(RtpParameters, negotiated))


def _match_media(codec: JsonObject, cap_codecs: list[JsonObject]) -> JsonObject:
    match = find_match(codec, cap_codecs)
    if match is None:
        mime_type = codec.get("mimeType")
        shown = mime_type[:64] if isinstance(mime_type, str) else ""
        raise Unsupported(f"the router does not support the codec {shown!r}")
    return match


def _match_rtx(
    codec: JsonObject,
    codecs: list[JsonObject],
    matched: dict[int, JsonObject],
    cap_codecs: list[JsonObject],
) -> JsonObject:
    """The router's RTX codec for the media codec that `codec` retransmits."""
    apt = apt_of(codec)
    media = next((i for i, other in enumerate(codecs) if same(other.get("payloadType", MISSING), apt)), None)
    if media is None or media not in matched:
        raise InvalidParameters("the apt of an RTX codec is not the payload type of a media codec")
    rtx = find_rtx(matched[media].get("preferredPayloadType", MISSING), cap_codecs)
    if rtx is None:
        raise Unsupported("the router has no RTX codec for this media codec")
    return rtx


def _map_codec(codec: JsonObject, cap_codec: JsonObject) -> JsonObject:
    return without_missing(
        {
            "payloadType": codec.get("payloadType", MISSING),
            "mappedPayloadType": cap_codec.get("preferredPayloadType", MISSING),
        }
    )


def _map_encodings(encodings: list[JsonObject], base_ssrc: int) -> list[JsonObject]:
    return [
        without_missing(
            {
                "ssrc": encoding.get("ssrc", MISSING),
                "rid": encoding.get("rid", MISSING),
                "mappedSsrc": base_ssrc + index,
            }
        )
        for index, encoding in enumerate(encodings)
    ]


def _negotiate_profile(codec: JsonObject, cap_codec: JsonObject) -> JsonObject:
    if codec["mimeType"].lower() != "video/h264":
        return codec
    parameters = object_in(codec, "parameters")
    answer = generate_profile_level_id_string_for_answer(parameters, object_in(cap_codec, "parameters"))
    parameters.pop("profile-level-id", None)
    if answer is not None:
        parameters["profile-level-id"] = answer
    return {**codec, "parameters": parameters}

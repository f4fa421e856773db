"""What a producer offers to consumers: its parameters in the router's payload types, ids and SSRCs."""

from __future__ import annotations

from typing import cast

from .codec_match import find_rtx, is_rtx
from .errors import InvalidParameters
from .header_extensions import ABS_CAPTURE_TIME
from .json_value import (
    MISSING,
    JsonObject,
    as_object,
    object_in,
    objects_in,
    optional_objects_in,
    same,
    without_missing,
)
from .types import MediaKind, RtpCapabilities, RtpMapping, RtpParameters

_OF_THE_PRODUCER = ("rid", "rtx", "codecPayloadType")


def get_consumable_rtp_parameters(
    kind: MediaKind, params: RtpParameters, caps: RtpCapabilities, rtp_mapping: RtpMapping
) -> RtpParameters:
    """The parameters that consumers are made from.

    `params` are the producer's as negotiated and `rtp_mapping` goes with them: both come from
    `get_producer_rtp_parameters_mapping`; `caps` are the router's.

    `InvalidParameters`: malformed, or the mapping is not one of these parameters and capabilities.
    """
    produced, router = as_object(params, "params"), as_object(caps, "caps")
    mapping = as_object(rtp_mapping, "rtpMapping")
    rtcp = {"cname": object_in(produced, "rtcp").get("cname", MISSING), "reducedSize": True}
    consumable = without_missing(
        {
            "codecs": _codecs(produced, objects_in(router, "codecs"), objects_in(mapping, "codecs")),
            "headerExtensions": _header_extensions(kind, produced, objects_in(router, "headerExtensions")),
            "encodings": _encodings(produced, objects_in(mapping, "encodings")),
            "rtcp": without_missing(rtcp),
            "msid": produced.get("msid", MISSING),
        }
    )
    return cast(RtpParameters, consumable)


def _codecs(produced: JsonObject, cap_codecs: list[JsonObject], mappings: list[JsonObject]) -> list[JsonObject]:
    """The media codecs, each followed by the RTX codec that the router has for it."""
    codecs: list[JsonObject] = []
    for codec in objects_in(produced, "codecs"):
        if is_rtx(codec):
            continue
        media = _in_use(_mapped_codec(codec, cap_codecs, mappings))
        # The parameters stay the producer's: they describe the stream as it is.
        codecs.append(without_missing({**media, "parameters": codec.get("parameters", MISSING)}))
        rtx = find_rtx(media.get("payloadType", MISSING), cap_codecs)
        if rtx is not None:
            codecs.append({key: value for key, value in _in_use(rtx).items() if key != "channels"})
    return codecs


def _mapped_codec(codec: JsonObject, cap_codecs: list[JsonObject], mappings: list[JsonObject]) -> JsonObject:
    payload_type = codec.get("payloadType", MISSING)
    for entry in mappings:
        if same(entry.get("payloadType", MISSING), payload_type):
            mapped = entry.get("mappedPayloadType", MISSING)
            for cap_codec in cap_codecs:
                if same(cap_codec.get("preferredPayloadType", MISSING), mapped):
                    return cap_codec
            break
    raise InvalidParameters("a codec has no counterpart in the mapping")


def _in_use(cap_codec: JsonObject) -> JsonObject:
    """A codec of the router as codec parameters."""
    return without_missing(
        {
            "mimeType": cap_codec.get("mimeType", MISSING),
            "payloadType": cap_codec.get("preferredPayloadType", MISSING),
            "clockRate": cap_codec.get("clockRate", MISSING),
            "channels": cap_codec.get("channels", MISSING),
            "parameters": cap_codec.get("parameters", MISSING),
            "rtcpFeedback": cap_codec.get("rtcpFeedback", MISSING),
        }
    )


def _header_extensions(kind: MediaKind, produced: JsonObject, cap_extensions: list[JsonObject]) -> list[JsonObject]:
    """Those that the router can send for `kind`.

    abs-capture-time is passed on from the producer's packets, so it is offered only if they have it.
    """
    return [
        without_missing(
            {
                "uri": extension.get("uri", MISSING),
                "id": extension.get("preferredId", MISSING),
                "encrypt": extension.get("preferredEncrypt", MISSING),
                "parameters": {},
            }
        )
        for extension in cap_extensions
        if same(extension.get("kind"), kind)
        and extension.get("direction") in ("sendrecv", "sendonly")
        and (extension.get("uri") != ABS_CAPTURE_TIME or _has_extension(produced, ABS_CAPTURE_TIME))
    ]


def _has_extension(produced: JsonObject, uri: str) -> bool:
    return any(extension.get("uri") == uri for extension in objects_in(produced, "headerExtensions"))


def _encodings(produced: JsonObject, mappings: list[JsonObject]) -> list[JsonObject]:
    encodings = optional_objects_in(produced, "encodings")
    if len(encodings) > len(mappings):
        raise InvalidParameters("fewer encodings in the mapping than in the parameters")
    return [
        without_missing(
            {
                **{key: value for key, value in encoding.items() if key not in _OF_THE_PRODUCER},
                "ssrc": mapped.get("mappedSsrc", MISSING),
            }
        )
        for encoding, mapped in zip(encodings, mappings, strict=False)
    ]

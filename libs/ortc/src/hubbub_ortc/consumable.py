"""Consumable parameters: a producer's parameters with the router's payload types, extension ids and SSRCs."""

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

_PRODUCER_ONLY = ("rid", "rtx", "codecPayloadType")


def get_consumable_rtp_parameters(
    kind: MediaKind, params: RtpParameters, caps: RtpCapabilities, rtp_mapping: RtpMapping
) -> RtpParameters:
    """The parameters from which consumers' parameters are derived.

    `params` (the producer's, as negotiated) and `rtp_mapping` come from `get_producer_rtp_parameters_mapping`. `caps`
    are the router's.

    Raises `InvalidParameters` when an argument is malformed or the mapping does not belong to `params` and `caps`.
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
    """The media codecs, each followed by the router's RTX codec for it."""
    codecs: list[JsonObject] = []
    for codec in objects_in(produced, "codecs"):
        if is_rtx(codec):
            continue
        media = _codec_parameters(_mapped_codec(codec, cap_codecs, mappings))
        # Keep the producer's parameters: they describe the actual stream.
        codecs.append(without_missing({**media, "parameters": codec.get("parameters", MISSING)}))
        rtx = find_rtx(media.get("payloadType", MISSING), cap_codecs)
        if rtx is not None:
            codecs.append({key: value for key, value in _codec_parameters(rtx).items() if key != "channels"})
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
    raise InvalidParameters("the mapping lacks a codec of the parameters")


def _codec_parameters(cap_codec: JsonObject) -> JsonObject:
    """The codec parameters for one of the router's codec capabilities."""
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
    """The header extensions that the router can send for `kind`.

    The router forwards abs-capture-time from the producer's packets, so it is included only if the producer sends it.
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
        raise InvalidParameters("the mapping has fewer encodings than the parameters")
    return [
        without_missing(
            {
                **{key: value for key, value in encoding.items() if key not in _PRODUCER_ONLY},
                "ssrc": mapped.get("mappedSsrc", MISSING),
            }
        )
        for encoding, mapped in zip(encodings, mappings, strict=False)
    ]

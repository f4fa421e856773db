"""The router's capabilities: its codecs and their payload types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from .codec_match import codecs_match
from .errors import InvalidParameters, PayloadTypesExhausted, Unsupported
from .json_value import JsonObject, as_list, is_number, same
from .supported import supported_rtp_capabilities
from .types import RtpCapabilities, RtpCodecCapability
from .validate_codec import validate_codec_capability

DYNAMIC_PAYLOAD_TYPES = (*range(100, 128), *range(96, 100))
"""The dynamic payload types (RFC 3551, section 6), in the order of allocation."""


def generate_router_rtp_capabilities(media_codecs: Sequence[object] = ()) -> RtpCapabilities:
    """The capabilities of a router with `media_codecs` (an array of RTP codec capabilities).

    Each codec is completed from the supported codec that it matches; its own parameters take precedence. It keeps its
    preferred payload type or gets a free one. A video codec is followed by an RTX codec.

    Raises `InvalidParameters` when a codec is malformed or a payload type is duplicated, `Unsupported` when a codec is
    not supported, and `PayloadTypesExhausted` when there are too many codecs.
    """
    supported = supported_rtp_capabilities()
    free = list(DYNAMIC_PAYLOAD_TYPES)
    codecs: list[RtpCodecCapability] = []
    for entry in as_list(media_codecs, "mediaCodecs"):
        wanted = validate_codec_capability(entry)
        codec = _complete(wanted, supported["codecs"])
        payload_type = _payload_type(wanted, codec, free)
        if any(same(other["preferredPayloadType"], payload_type) for other in codecs):
            raise InvalidParameters("duplicated codec.preferredPayloadType")
        codec["preferredPayloadType"] = payload_type
        codecs.append(codec)
        if codec["kind"] == "video":
            codecs.append(_rtx_of(codec, payload_type, free))
    return {"codecs": codecs, "headerExtensions": supported["headerExtensions"]}


def _complete(wanted: RtpCodecCapability, supported: list[RtpCodecCapability]) -> RtpCodecCapability:
    for candidate in supported:
        if codecs_match(cast(JsonObject, wanted), cast(JsonObject, candidate), strict=False):
            codec = candidate.copy()
            codec["parameters"] = {**candidate["parameters"], **wanted["parameters"]}
            codec["rtcpFeedback"] = [feedback.copy() for feedback in candidate["rtcpFeedback"]]
            return codec
    raise Unsupported(f"media codec not supported: {wanted['mimeType'][:64]!r}")


def _payload_type(wanted: RtpCodecCapability, codec: RtpCodecCapability, free: list[int]) -> int:
    """The preferred payload type, else the codec's static one, else the next free one. Updates `free`."""
    asked = wanted.get("preferredPayloadType")
    if is_number(asked):
        if asked in free:
            free.remove(asked)
        return cast(int, asked)
    static = codec.get("preferredPayloadType")
    return _take(free) if static is None else static


def _take(free: list[int]) -> int:
    if not free:
        raise PayloadTypesExhausted("cannot allocate more dynamic codec payload types")
    return free.pop(0)


def _rtx_of(codec: RtpCodecCapability, payload_type: int, free: list[int]) -> RtpCodecCapability:
    return {
        "kind": codec["kind"],
        "mimeType": f"{codec['kind']}/rtx",
        "preferredPayloadType": _take(free),
        "clockRate": codec["clockRate"],
        "parameters": {"apt": payload_type},
        "rtcpFeedback": [],
    }

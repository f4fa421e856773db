"""Validation of codecs in capabilities and in parameters.

Defaults: `channels` is 1 for audio (it is removed for video), `parameters` are {}, `rtcpFeedback` is [] and a
feedback's `parameter` is "".
"""

from __future__ import annotations

import re
from typing import cast

from .errors import InvalidParameters
from .json_value import (
    as_list,
    as_object,
    is_number,
    is_set,
    optional_number,
    require_number,
    require_string,
)
from .types import MediaKind, Parameters, RtpCodecCapability, RtpCodecParameters

# `.` in the reference's pattern does not match the four line terminators. ASCII excludes "vıdeo".
_MIME_TYPE = re.compile(r"(audio|video)/[^\n\r\u2028\u2029]", re.IGNORECASE | re.ASCII)


def validate_codec_capability(value: object) -> RtpCodecCapability:
    """A normalised copy of a codec capability. Its `kind` is derived from its `mimeType`."""
    codec = as_object(value, "codec")
    kind = _kind_of(codec)
    codec["kind"] = kind
    optional_number(codec, "preferredPayloadType", "codec")
    _normalise(codec, kind)
    return cast(RtpCodecCapability, codec)


def validate_codec_parameters(value: object) -> RtpCodecParameters:
    """A normalised copy of codec parameters."""
    codec = as_object(value, "codec")
    kind = _kind_of(codec)
    require_number(codec, "payloadType", "codec")
    _normalise(codec, kind)
    return cast(RtpCodecParameters, codec)


def validate_fmtp(value: object, name: str) -> Parameters:
    """A copy of codec or header extension parameters, which are strings and numbers. Empty when not an object."""
    parameters = as_object(value, name) if isinstance(value, (dict, list)) else {}
    for key, entry in parameters.items():
        if not isinstance(entry, str) and not is_number(entry):
            raise InvalidParameters(f"invalid {name} {key[:64]!r}")
    return cast(Parameters, parameters)


def _kind_of(codec: dict[str, object]) -> MediaKind:
    match = _MIME_TYPE.match(require_string(codec, "mimeType", "codec"))
    if match is None:
        raise InvalidParameters("invalid codec.mimeType")
    return "audio" if match[1].lower() == "audio" else "video"


def _normalise(codec: dict[str, object], kind: MediaKind) -> None:
    require_number(codec, "clockRate", "codec")
    if kind == "video":
        codec.pop("channels", None)
    elif not is_number(codec.get("channels")):
        codec["channels"] = 1
    parameters = validate_fmtp(codec.get("parameters"), "codec parameter")
    if "apt" in parameters and not is_number(parameters["apt"]):
        raise InvalidParameters("invalid codec apt parameter")
    codec["parameters"] = parameters
    feedback = codec.get("rtcpFeedback")
    if not isinstance(feedback, list):
        feedback = []
    codec["rtcpFeedback"] = [_validate_feedback(entry) for entry in as_list(feedback, "codec.rtcpFeedback")]


def _validate_feedback(value: object) -> dict[str, object]:
    feedback = as_object(value, "fb")
    require_string(feedback, "type", "fb")
    if not is_set(feedback.get("parameter")) or not isinstance(feedback["parameter"], str):
        feedback["parameter"] = ""
    return feedback

"""Validation of RTP capabilities.

Defaults: `codecs` and `headerExtensions` are []; a header extension's `preferredEncrypt` is false and its `direction`
is "sendrecv".
"""

from __future__ import annotations

from typing import cast

from .errors import InvalidParameters
from .json_value import (
    as_object,
    default_flag,
    is_set,
    optional_list,
    optional_string,
    require_number,
    require_string,
)
from .types import RtpCapabilities, RtpHeaderExtension
from .validate_codec import validate_codec_capability


def validate_rtp_capabilities(value: object) -> RtpCapabilities:
    """A normalised copy of `value`. Raises `InvalidParameters` when it is not RTP capabilities."""
    caps = as_object(value, "caps")
    codecs = optional_list(caps.get("codecs"), "caps.codecs")
    caps["codecs"] = [validate_codec_capability(codec) for codec in codecs]
    extensions = optional_list(caps.get("headerExtensions"), "caps.headerExtensions")
    caps["headerExtensions"] = [_validate_extension(extension) for extension in extensions]
    return cast(RtpCapabilities, caps)


def _validate_extension(value: object) -> RtpHeaderExtension:
    extension = as_object(value, "ext")
    if extension.get("kind") not in ("audio", "video"):
        raise InvalidParameters("invalid ext.kind")
    require_string(extension, "uri", "ext")
    require_number(extension, "preferredId", "ext")
    default_flag(extension, "preferredEncrypt", "ext")
    optional_string(extension, "direction", "ext")
    if not is_set(extension.get("direction")):
        extension["direction"] = "sendrecv"
    return cast(RtpHeaderExtension, extension)

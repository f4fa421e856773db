"""Validation of RTP parameters.

Defaults: `headerExtensions` and `encodings` are [], `rtcp` is {}; a header extension's `encrypt` is false and its
`parameters` are {}; an encoding's `dtx` is false. `rtcp.reducedSize` is always true.
"""

from __future__ import annotations

from typing import cast

from .json_value import (
    as_list,
    as_object,
    default_flag,
    is_set,
    optional_list,
    optional_number,
    optional_string,
    require_number,
    require_string,
)
from .types import RtcpParameters, RtpEncodingParameters, RtpHeaderExtensionParameters, RtpParameters
from .validate_codec import validate_codec_parameters, validate_fmtp


def validate_rtp_parameters(value: object) -> RtpParameters:
    """A normalised copy of `value`. Raises `InvalidParameters` when it is not RTP parameters."""
    params = as_object(value, "params")
    optional_string(params, "mid", "params")
    optional_string(params, "msid", "params")
    codecs = as_list(params.get("codecs"), "params.codecs")
    params["codecs"] = [validate_codec_parameters(codec) for codec in codecs]
    extensions = optional_list(params.get("headerExtensions"), "params.headerExtensions")
    params["headerExtensions"] = [_validate_extension(extension) for extension in extensions]
    encodings = optional_list(params.get("encodings"), "params.encodings")
    params["encodings"] = [_validate_encoding(encoding) for encoding in encodings]
    params["rtcp"] = _validate_rtcp(params.get("rtcp"))
    return cast(RtpParameters, params)


def _validate_extension(value: object) -> RtpHeaderExtensionParameters:
    extension = as_object(value, "ext")
    require_string(extension, "uri", "ext")
    require_number(extension, "id", "ext")
    default_flag(extension, "encrypt", "ext")
    extension["parameters"] = validate_fmtp(extension.get("parameters"), "header extension parameter")
    return cast(RtpHeaderExtensionParameters, extension)


def _validate_encoding(value: object) -> RtpEncodingParameters:
    encoding = as_object(value, "encoding")
    optional_number(encoding, "ssrc", "encoding")
    optional_string(encoding, "rid", "encoding")
    optional_string(encoding, "scalabilityMode", "encoding")
    if is_set(encoding.get("rtx")):
        rtx = as_object(encoding["rtx"], "encoding.rtx")
        require_number(rtx, "ssrc", "encoding.rtx")
        encoding["rtx"] = rtx
    encoding["dtx"] = encoding.get("dtx") is True
    return cast(RtpEncodingParameters, encoding)


def _validate_rtcp(value: object) -> RtcpParameters:
    rtcp = as_object(value, "params.rtcp") if is_set(value) else {}
    optional_string(rtcp, "cname", "rtcp")
    rtcp["reducedSize"] = True
    return cast(RtcpParameters, rtcp)

"""Parameters of pipe consumers, which forward all encodings to another router.

Bandwidth estimation and MID are removed: the link between two routers has its own SSRC space, and its bandwidth is not
estimated.
"""

from __future__ import annotations

from functools import cmp_to_key
from typing import cast

from .codec_match import is_rtx
from .header_extensions import ABS_SEND_TIME, DEPENDENCY_DESCRIPTOR, MID, TRANSPORT_WIDE_CC
from .json_value import (
    MISSING,
    JsonObject,
    as_object,
    is_number,
    is_set,
    objects_in,
    optional_objects_in,
    without_missing,
)
from .ssrc import RandomSsrc, system_ssrc
from .supported import supported_rtp_capabilities
from .types import RtpParameters

_HOP_BY_HOP = (MID, ABS_SEND_TIME, TRANSPORT_WIDE_CC)


def get_pipe_consumer_rtp_parameters(
    consumable: RtpParameters, *, enable_rtx: bool = False, random_ssrc: RandomSsrc = system_ssrc
) -> RtpParameters:
    """The parameters of a pipe consumer. Without `enable_rtx` they have neither RTX nor generic NACK.

    Raises `InvalidParameters` when the argument is malformed.
    """
    offered = as_object(consumable, "consumableRtpParameters")
    consumer = without_missing(
        {
            "codecs": _codecs(offered, enable_rtx),
            "headerExtensions": _header_extensions(offered),
            "encodings": number_encodings(optional_objects_in(offered, "encodings"), enable_rtx, random_ssrc),
            "rtcp": offered.get("rtcp", MISSING),
            "msid": offered.get("msid", MISSING),
        }
    )
    return cast(RtpParameters, consumer)


def number_encodings(encodings: list[JsonObject], rtx: bool, random_ssrc: RandomSsrc) -> list[JsonObject]:
    """Copies of `encodings` with consecutive SSRCs, and with consecutive RTX SSRCs if `rtx` is true."""
    base_ssrc, base_rtx_ssrc = random_ssrc(), random_ssrc()
    return [
        without_missing(
            {
                **encoding,
                "ssrc": base_ssrc + index,
                "rtx": {"ssrc": base_rtx_ssrc + index} if rtx else MISSING,
            }
        )
        for index, encoding in enumerate(encodings)
    ]


def _codecs(offered: JsonObject, enable_rtx: bool) -> list[JsonObject]:
    return [
        {
            **codec,
            "rtcpFeedback": [
                feedback for feedback in objects_in(codec, "rtcpFeedback") if _is_kept(feedback, enable_rtx)
            ],
        }
        for codec in optional_objects_in(offered, "codecs")
        if enable_rtx or not is_rtx(codec)
    ]


def _is_kept(feedback: JsonObject, enable_rtx: bool) -> bool:
    """Whether routers exchange this RTCP feedback."""
    kind, parameter = feedback.get("type"), feedback.get("parameter")
    if (kind, parameter) in (("nack", "pli"), ("ccm", "fir")):
        return True
    return enable_rtx and kind == "nack" and not is_set(parameter)


def _header_extensions(offered: JsonObject) -> list[JsonObject]:
    """The header extensions for the link, sorted by id.

    They include the dependency descriptor, which the other router needs to select layers. Consumable parameters never
    have it, because the router only receives it.
    """
    extensions = [
        extension for extension in objects_in(offered, "headerExtensions") if extension.get("uri") not in _HOP_BY_HOP
    ]
    return sorted([*extensions, _dependency_descriptor()], key=cmp_to_key(_compare_ids))


def _compare_ids(a: JsonObject, b: JsonObject) -> int:
    """Compares two ids. An id that is not a number keeps its place."""
    first, second = a.get("id"), b.get("id")
    return (first > second) - (first < second) if is_number(first) and is_number(second) else 0


def _dependency_descriptor() -> JsonObject:
    supported = supported_rtp_capabilities()["headerExtensions"]
    extension = next(extension for extension in supported if extension["uri"] == DEPENDENCY_DESCRIPTOR)
    return {
        "uri": extension["uri"],
        "id": extension["preferredId"],
        "encrypt": extension["preferredEncrypt"],
        "parameters": {},
    }

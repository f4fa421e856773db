"""What a pipe consumer receives: everything, for another router to fan out.

All encodings stay. Bandwidth estimation and the transport's MID go: the link between two routers has
one SSRC space of its own and is not estimated.
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
    """The parameters of a pipe consumer. Without `enable_rtx` there is neither RTX nor plain NACK.

    `InvalidParameters`: malformed.
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
    """Copies of `encodings` with consecutive SSRCs, and with `rtx` consecutive RTX SSRCs; else no RTX."""
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
                feedback for feedback in objects_in(codec, "rtcpFeedback") if _crosses(feedback, enable_rtx)
            ],
        }
        for codec in optional_objects_in(offered, "codecs")
        if enable_rtx or not is_rtx(codec)
    ]


def _crosses(feedback: JsonObject, enable_rtx: bool) -> bool:
    """Whether `feedback` is one that a router gives to another."""
    kind, parameter = feedback.get("type"), feedback.get("parameter")
    if (kind, parameter) in (("nack", "pli"), ("ccm", "fir")):
        return True
    return enable_rtx and kind == "nack" and not is_set(parameter)


def _header_extensions(offered: JsonObject) -> list[JsonObject]:
    """Those that make sense on the link, by id.

    The dependency descriptor is added: the router only receives it, so that consumable parameters never
    have it, but the other router needs it to pick layers.
    """
    extensions = [
        extension for extension in objects_in(offered, "headerExtensions") if extension.get("uri") not in _HOP_BY_HOP
    ]
    return sorted([*extensions, _dependency_descriptor()], key=cmp_to_key(_compare_ids))


def _compare_ids(a: JsonObject, b: JsonObject) -> int:
    """Which id comes first; one that is no number stays where it is."""
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

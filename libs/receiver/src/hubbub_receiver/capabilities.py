"""What a receiver can receive: the codecs that the receive path assembles, with retransmissions."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from hubbub_ortc import DEFAULT_MEDIA_CODECS, generate_router_rtp_capabilities
from hubbub_rtp.depacketizers import CODECS

_FEEDBACK = frozenset({("nack", ""), ("nack", "pli")})
_EXTENSIONS = frozenset({"urn:ietf:params:rtp-hdrext:ssrc-audio-level"})


@cache
def receive_capabilities() -> dict[str, Any]:
    """The `rtpCapabilities` of every consumer."""
    router = cast("dict[str, Any]", generate_router_rtp_capabilities(DEFAULT_MEDIA_CODECS))
    media = [codec for codec in router["codecs"] if _name(codec) in CODECS]
    payload_types = {codec["preferredPayloadType"] for codec in media}
    rtx = [one for one in router["codecs"] if _name(one) == "rtx" and one["parameters"].get("apt") in payload_types]
    return {
        "codecs": [_with_feedback(codec) for codec in (*media, *rtx)],
        "headerExtensions": [one for one in router["headerExtensions"] if one["uri"] in _EXTENSIONS],
    }


def _name(codec: dict[str, Any]) -> str:
    return str(codec["mimeType"]).lower().rpartition("/")[2]


def _with_feedback(codec: dict[str, Any]) -> dict[str, Any]:
    feedback = [one for one in codec["rtcpFeedback"] if (one["type"], one.get("parameter", "")) in _FEEDBACK]
    return {**codec, "rtcpFeedback": feedback}

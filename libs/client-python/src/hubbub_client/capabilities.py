"""RTP capabilities and parameters in mediasoup's form: what this client receives and sends, of what the router has.

The client uses the router's payload types and header extension ids, so that nothing is renumbered.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from aiortc.rtcrtpparameters import (
    RTCRtcpFeedback,
    RTCRtcpParameters,
    RTCRtpCodecParameters,
    RTCRtpHeaderExtensionParameters,
    RTCRtpSendParameters,
)

from hubbub_rtp.depacketizers import CODECS

from .errors import CallError

VideoCodec = Literal["vp8", "h264"]
"""The codecs that aiortc encodes."""

_RECEIVED_EXTENSIONS = frozenset({"urn:ietf:params:rtp-hdrext:sdes:mid", "urn:ietf:params:rtp-hdrext:ssrc-audio-level"})
_SENT_EXTENSIONS = _RECEIVED_EXTENSIONS | {"http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"}
_RECEIVED_FEEDBACK = frozenset({("nack", ""), ("nack", "pli")})
_SENT_FEEDBACK = _RECEIVED_FEEDBACK | {("ccm", "fir"), ("goog-remb", "")}
_BASELINE = "42"
"""The first octet of `profile-level-id`: the H264 profile that aiortc encodes."""


def receive_capabilities(router: Mapping[str, Any]) -> dict[str, Any]:
    """The `rtpCapabilities` of the join: of the router's, those that the receive path implements."""
    media = [one for one in router.get("codecs", ()) if _name(one) in CODECS]
    payload_types = {one.get("preferredPayloadType") for one in media}
    rtx = [one for one in router.get("codecs", ()) if _is_rtx_of(one, payload_types)]
    return {
        "codecs": [_with_feedback(one, _RECEIVED_FEEDBACK) for one in [*media, *rtx]],
        "headerExtensions": [
            copy.deepcopy(one) for one in router.get("headerExtensions", ()) if one.get("uri") in _RECEIVED_EXTENSIONS
        ],
    }


@dataclass(frozen=True, slots=True)
class SentTrackParameters:
    """A track to send: the parameters for the server, and the same for aiortc's sender."""

    rtp_parameters: dict[str, Any]
    send_parameters: RTCRtpSendParameters


def send_parameters(
    router: Mapping[str, Any],
    kind: str,
    codec: VideoCodec,
    *,
    mid: str,
    cname: str,
    ssrc: int,
    rtx_ssrc: int,
) -> SentTrackParameters:
    """The parameters of a track. Raises CallError `unsupported_codec` when the router does not have the codec."""
    name = "opus" if kind == "audio" else codec
    chosen = next(_sendable(router, name), None)
    if chosen is None:
        raise CallError("unsupported_codec", f"The server does not support the codec {name}.")
    payload_type = int(chosen["preferredPayloadType"])
    rtx = next((one for one in router.get("codecs", ()) if _is_rtx_of(one, {payload_type})), None)
    codecs = [_codec_parameters(one) for one in (chosen, rtx) if one is not None]
    extensions = [
        {"uri": str(one["uri"]), "id": int(one["preferredId"]), "encrypt": False, "parameters": {}}
        for one in router.get("headerExtensions", ())
        if one.get("uri") in _SENT_EXTENSIONS and one.get("kind") == kind and one.get("direction") != "sendonly"
    ]
    encoding: dict[str, Any] = {"ssrc": ssrc, "dtx": False}
    if rtx is not None:
        encoding["rtx"] = {"ssrc": rtx_ssrc}
    rtp_parameters = {
        "mid": mid,
        "codecs": codecs,
        "headerExtensions": extensions,
        "encodings": [encoding],
        "rtcp": {"cname": cname, "reducedSize": True},
    }
    return SentTrackParameters(rtp_parameters, _for_aiortc(rtp_parameters))


def _sendable(router: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    for one in router.get("codecs", ()):
        if _name(one) != name:
            continue
        if name != "h264" or str(one.get("parameters", {}).get("profile-level-id", "")).startswith(_BASELINE):
            yield one


def _name(codec: Mapping[str, Any]) -> str:
    return str(codec.get("mimeType", "")).lower().rpartition("/")[2]


def _is_rtx_of(codec: Mapping[str, Any], payload_types: set[Any]) -> bool:
    return _name(codec) == "rtx" and codec.get("parameters", {}).get("apt") in payload_types


def _with_feedback(codec: Mapping[str, Any], implemented: frozenset[tuple[str, str]]) -> dict[str, Any]:
    feedback = [
        one for one in codec.get("rtcpFeedback", ()) if (one.get("type"), one.get("parameter") or "") in implemented
    ]
    return {**copy.deepcopy(dict(codec)), "rtcpFeedback": copy.deepcopy(feedback)}


def _codec_parameters(capability: Mapping[str, Any]) -> dict[str, Any]:
    one = _with_feedback(capability, _SENT_FEEDBACK)
    parameters = {
        "mimeType": one["mimeType"],
        "payloadType": one["preferredPayloadType"],
        "clockRate": one["clockRate"],
        "parameters": one.get("parameters", {}),
        "rtcpFeedback": one["rtcpFeedback"],
    }
    if one.get("channels"):
        parameters["channels"] = one["channels"]
    return parameters


def _for_aiortc(rtp_parameters: Mapping[str, Any]) -> RTCRtpSendParameters:
    return RTCRtpSendParameters(
        codecs=[
            RTCRtpCodecParameters(
                mimeType=one["mimeType"],
                clockRate=one["clockRate"],
                channels=one.get("channels"),
                payloadType=one["payloadType"],
                rtcpFeedback=[RTCRtcpFeedback(type=f["type"], parameter=f["parameter"]) for f in one["rtcpFeedback"]],
                parameters=dict(one["parameters"]),
            )
            for one in rtp_parameters["codecs"]
        ],
        headerExtensions=[
            RTCRtpHeaderExtensionParameters(id=one["id"], uri=one["uri"]) for one in rtp_parameters["headerExtensions"]
        ],
        muxId=rtp_parameters["mid"],
        rtcp=RTCRtcpParameters(cname=rtp_parameters["rtcp"]["cname"], mux=True),
    )

"""The codecs and header extensions that a router supports: mediasoup 3.27's supportedRtpCapabilities, normalised.

H265 is not supported. The order matters: the router's header extensions have this order, and the first matching codec
wins.
"""

from __future__ import annotations

from . import header_extensions as uri
from .types import (
    MediaKind,
    Parameters,
    RtcpFeedback,
    RtpCapabilities,
    RtpCodecCapability,
    RtpHeaderExtension,
)

_TWCC = (("transport-cc", ""),)
_NACK_TWCC = (("nack", ""), ("transport-cc", ""))
_VIDEO_FEEDBACK = (
    ("nack", ""),
    ("nack", "pli"),
    ("ccm", "fir"),
    ("goog-remb", ""),
    ("transport-cc", ""),
)

_Feedback = tuple[tuple[str, str], ...]

# mimeType, clock rate (Hz), channels, static payload type (RFC 3551), parameters, feedback
_AUDIO: tuple[tuple[str, int, int, int | None, Parameters, _Feedback], ...] = (
    ("audio/opus", 48000, 2, None, {}, _NACK_TWCC),
    (
        "audio/multiopus",
        48000,
        4,
        None,
        {"channel_mapping": "0,1,2,3", "num_streams": 2, "coupled_streams": 2},
        _NACK_TWCC,
    ),
    (
        "audio/multiopus",
        48000,
        6,
        None,
        {"channel_mapping": "0,4,1,2,3,5", "num_streams": 4, "coupled_streams": 2},
        _NACK_TWCC,
    ),
    (
        "audio/multiopus",
        48000,
        8,
        None,
        {"channel_mapping": "0,6,1,2,3,4,5,7", "num_streams": 5, "coupled_streams": 3},
        _NACK_TWCC,
    ),
    ("audio/PCMU", 8000, 1, 0, {}, _TWCC),
    ("audio/PCMA", 8000, 1, 8, {}, _TWCC),
    ("audio/ISAC", 32000, 1, None, {}, _TWCC),
    ("audio/ISAC", 16000, 1, None, {}, _TWCC),
    ("audio/G722", 8000, 1, 9, {}, _TWCC),
    ("audio/iLBC", 8000, 1, None, {}, _TWCC),
    ("audio/SILK", 24000, 1, None, {}, _TWCC),
    ("audio/SILK", 16000, 1, None, {}, _TWCC),
    ("audio/SILK", 12000, 1, None, {}, _TWCC),
    ("audio/SILK", 8000, 1, None, {}, _TWCC),
    ("audio/CN", 32000, 1, 13, {}, ()),
    ("audio/CN", 16000, 1, 13, {}, ()),
    ("audio/CN", 8000, 1, 13, {}, ()),
    ("audio/telephone-event", 48000, 1, None, {}, ()),
    ("audio/telephone-event", 32000, 1, None, {}, ()),
    ("audio/telephone-event", 16000, 1, None, {}, ()),
    ("audio/telephone-event", 8000, 1, None, {}, ()),
)

_VIDEO: tuple[tuple[str, Parameters], ...] = (
    ("video/VP8", {}),
    ("video/VP9", {}),
    ("video/H264", {"level-asymmetry-allowed": 1}),
    ("video/AV1", {}),
)

# kind, URI, id, direction from the router's point of view
_HEADER_EXTENSIONS: tuple[tuple[MediaKind, str, int, str], ...] = (
    ("audio", uri.MID, 1, "sendrecv"),
    ("video", uri.MID, 1, "sendrecv"),
    ("video", uri.RTP_STREAM_ID, 2, "recvonly"),
    ("video", uri.REPAIRED_RTP_STREAM_ID, 3, "recvonly"),
    ("audio", uri.ABS_SEND_TIME, 4, "sendrecv"),
    ("video", uri.ABS_SEND_TIME, 4, "sendrecv"),
    # recvonly: audio is not congestion controlled, so consumers do not get it.
    ("audio", uri.TRANSPORT_WIDE_CC, 5, "recvonly"),
    ("video", uri.TRANSPORT_WIDE_CC, 5, "sendrecv"),
    ("audio", uri.SSRC_AUDIO_LEVEL, 6, "sendrecv"),
    ("video", uri.DEPENDENCY_DESCRIPTOR, 7, "recvonly"),
    ("video", uri.VIDEO_ORIENTATION, 8, "sendrecv"),
    ("video", uri.TRANSMISSION_OFFSET, 9, "sendrecv"),
    ("audio", uri.ABS_CAPTURE_TIME, 10, "sendrecv"),
    ("video", uri.ABS_CAPTURE_TIME, 10, "sendrecv"),
    ("audio", uri.PLAYOUT_DELAY, 11, "sendrecv"),
    ("video", uri.PLAYOUT_DELAY, 11, "sendrecv"),
    ("audio", uri.PACKET_ID, 12, "sendrecv"),
    ("video", uri.PACKET_ID, 12, "sendrecv"),
)


def supported_rtp_capabilities() -> RtpCapabilities:
    """The tables as RTP capabilities, in a new copy."""
    return {
        "codecs": [*_audio_codecs(), *_video_codecs()],
        "headerExtensions": [
            RtpHeaderExtension(kind=kind, uri=name, preferredId=number, preferredEncrypt=False, direction=direction)
            for kind, name, number, direction in _HEADER_EXTENSIONS
        ],
    }


def _audio_codecs() -> list[RtpCodecCapability]:
    codecs: list[RtpCodecCapability] = []
    for mime_type, clock_rate, channels, payload_type, parameters, feedback in _AUDIO:
        codec: RtpCodecCapability = {
            "kind": "audio",
            "mimeType": mime_type,
            "clockRate": clock_rate,
            "channels": channels,
            "parameters": dict(parameters),
            "rtcpFeedback": _feedback(feedback),
        }
        if payload_type is not None:
            codec["preferredPayloadType"] = payload_type
        codecs.append(codec)
    return codecs


def _video_codecs() -> list[RtpCodecCapability]:
    return [
        {
            "kind": "video",
            "mimeType": mime_type,
            "clockRate": 90000,
            "parameters": dict(parameters),
            "rtcpFeedback": _feedback(_VIDEO_FEEDBACK),
        }
        for mime_type, parameters in _VIDEO
    ]


def _feedback(pairs: _Feedback) -> list[RtcpFeedback]:
    return [{"type": kind, "parameter": parameter} for kind, parameter in pairs]

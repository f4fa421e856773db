"""Limits that make a producer's parameters encodable, and safe in another client's SDP.

Like the reference, validation checks neither the ranges of numbers nor the content of strings. A server must check both
before it encodes parameters or sends them to other clients: those write codec parameters and names into an SDP, where a
line break would start a new line.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from .errors import InvalidParameters
from .json_value import JsonObject, as_object, is_set, objects_in, optional_objects_in
from .types import RtpParameters, SctpStreamParameters

MAX_TEXT = 1024
"""Characters per string. `sprop-parameter-sets` of H264 has a few hundred."""

_BYTE, _U16, _U32 = 0xFF, 0xFFFF, 0xFFFF_FFFF
_Ranges = dict[str, tuple[int, int]]

# Minimum and maximum: RFC 3550 section 5.1 (payload type, SSRC), RFC 8285 section 4.2 (extension id).
_RANGES: _Ranges = {
    "payloadType": (0, 127),
    "codecPayloadType": (0, 127),
    "clockRate": (1, _U32),
    "channels": (1, _BYTE),
    "id": (1, _BYTE),
    "ssrc": (0, _U32),
    "maxBitrate": (0, _U32),
    # 65535 is reserved: RFC 8831, section 6.2
    "streamId": (0, _U16 - 1),
    "maxPacketLifeTime": (0, _U16),
    "maxRetransmits": (0, _U16),
}
# RTX's is the only codec parameter with a range that is known here.
_FMTP_RANGES: _Ranges = {"apt": (0, 127)}

_RTCP_PAYLOAD_TYPES = range(64, 96)
"""With the marker bit set, these look like RTCP packet types (RFC 5761, section 4)."""


def check_wire_limits(params: RtpParameters) -> None:
    """Raises `InvalidParameters` when validated parameters cannot be encoded or sent to other clients.

    Every number with a known range must be an integer in it, and every string printable and of bounded length.
    """
    for owner, ranges in _parts(as_object(params, "params")):
        _check(owner, ranges)


def check_sctp_wire_limits(params: SctpStreamParameters) -> None:
    """Raises `InvalidParameters` when validated stream parameters do not fit into 16 bits."""
    _check(as_object(params, "params"), _RANGES)


def _parts(params: JsonObject) -> Iterator[tuple[JsonObject, _Ranges]]:
    """Every object in `params`, and the ranges of its fields."""
    yield params, _RANGES
    yield as_object(params.get("rtcp"), "rtcp"), _RANGES
    for owner in (*objects_in(params, "codecs"), *objects_in(params, "headerExtensions")):
        yield owner, _RANGES
        yield as_object(owner.get("parameters"), "parameters"), _FMTP_RANGES
        for feedback in optional_objects_in(owner, "rtcpFeedback"):
            yield feedback, {}
    for encoding in objects_in(params, "encodings"):
        yield encoding, _RANGES
        if is_set(encoding.get("rtx")):
            yield as_object(encoding["rtx"], "rtx"), _RANGES


def _check(owner: JsonObject, ranges: _Ranges) -> None:
    for key, value in owner.items():
        _check_text(key, "a field's name")
        if key in ranges and is_set(value):
            _check_range(value, key, *ranges[key])
            if key == "payloadType" and value in _RTCP_PAYLOAD_TYPES:
                raise InvalidParameters(f"payloadType {value} conflicts with RTCP")
        elif isinstance(value, str):
            _check_text(value, key)
        elif isinstance(value, float) and not isfinite(value):
            raise InvalidParameters(f"{key[:64]!r} is not a finite number")


def _check_range(value: object, name: str, minimum: int, maximum: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= maximum:
        raise InvalidParameters(f"{name} is not an integer from {minimum} to {maximum}")


def _check_text(text: str, name: str) -> None:
    if len(text) > MAX_TEXT:
        raise InvalidParameters(f"{name[:64]!r} has more than {MAX_TEXT} characters")
    if not text.isprintable():
        raise InvalidParameters(f"{name[:64]!r} is not printable")

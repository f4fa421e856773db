"""Matching of codecs.

Codecs are not validated here. A field is read only where the result depends on it, and only then `InvalidParameters` is
raised for a malformed value. So a malformed codec that nothing is matched with does no harm.
"""

from __future__ import annotations

from collections.abc import Iterable

from .errors import InvalidParameters
from .h264 import is_same_profile
from .json_value import MISSING, JsonObject, is_set, object_in, same

_LINE_TERMINATORS = "\n\r\u2028\u2029"


def is_rtx(codec: JsonObject) -> bool:
    """Whether `codec` carries retransmissions (RFC 4588) rather than media."""
    mime_type = codec.get("mimeType")
    # The reference's pattern is /.+\/rtx$/i, whose dot does not match line terminators.
    return (
        isinstance(mime_type, str)
        and len(mime_type) > len("/rtx")
        and mime_type[-4:].lower() == "/rtx"
        and mime_type[-5] not in _LINE_TERMINATORS
    )


def codecs_match(a: JsonObject, b: JsonObject, *, strict: bool) -> bool:
    """Whether `a` and `b` are the same codec. `strict` compares H264 and VP9 profiles too.

    H264 levels may differ: `h264.generate_profile_level_id_string_for_answer` negotiates the level.
    """
    mime_type = _mime_type(a).lower()
    if mime_type != _mime_type(b).lower() or not _same_field("clockRate", a, b) or not _same_field("channels", a, b):
        return False
    match mime_type:
        case "audio/multiopus":
            first, second = object_in(a, "parameters"), object_in(b, "parameters")
            return all(_same_field(key, first, second) for key in ("num_streams", "coupled_streams"))
        case "video/h264" if strict:
            first, second = object_in(a, "parameters"), object_in(b, "parameters")
            return _same_or_zero("packetization-mode", first, second) and is_same_profile(first, second)
        case "video/vp9" if strict:
            return _same_or_zero("profile-id", object_in(a, "parameters"), object_in(b, "parameters"))
        case _:
            return True


def find_match(codec: JsonObject, candidates: Iterable[JsonObject]) -> JsonObject | None:
    """The first of `candidates` that strictly matches `codec`."""
    return next((other for other in candidates if codecs_match(other, codec, strict=True)), None)


def find_rtx(media_payload_type: object, candidates: Iterable[JsonObject]) -> JsonObject | None:
    """The first RTX codec of `candidates` for `media_payload_type`."""
    return next((other for other in candidates if is_rtx(other) and same(apt_of(other), media_payload_type)), None)


def apt_of(rtx_codec: JsonObject) -> object:
    """The payload type of the media codec of `rtx_codec`."""
    return object_in(rtx_codec, "parameters").get("apt", MISSING)


def _mime_type(codec: JsonObject) -> str:
    mime_type = codec.get("mimeType")
    if not isinstance(mime_type, str):
        raise InvalidParameters("missing codec.mimeType")
    return mime_type


def _same_field(key: str, a: JsonObject, b: JsonObject) -> bool:
    return same(a.get(key, MISSING), b.get(key, MISSING))


def _same_or_zero(key: str, a: JsonObject, b: JsonObject) -> bool:
    first, second = a.get(key), b.get(key)
    return same(first if is_set(first) else 0, second if is_set(second) else 0)

"""The sequence parameter set of an H264 key frame (ISO 14496-10 annex B)."""

from __future__ import annotations

_SPS = 7
_TYPE = 0x1F


def sequence_parameter_set(frame: bytes) -> bytes | None:
    """The first one of an access unit as Annex B byte stream; None when it has none.

    `avc1` allows no other parameter set inside the samples, so a new one begins a new file.
    """
    for unit in frame.replace(b"\x00\x00\x00\x01", b"\x00\x00\x01").split(b"\x00\x00\x01"):
        if unit and unit[0] & _TYPE == _SPS:
            return unit
    return None

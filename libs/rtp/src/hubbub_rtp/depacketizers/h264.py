"""H264 (RFC 6184), non-interleaved, with aiortc's descriptor. Frames are Annex B byte streams."""

from __future__ import annotations

from collections.abc import Sequence

from aiortc.codecs.h264 import H264PayloadDescriptor

from .depacketizer import Fragment

_SPS = 7
_STAP_A = 24
_FU_A = 28
_FU_START = 0x80
_TYPE = 0x1F


class H264Depacketizer:
    """Implements `Depacketizer`. A key frame starts at a sequence parameter set: an IDR alone cannot be decoded."""

    def parse(self, payload: bytes) -> Fragment:
        """Converts NAL units, aggregates and fragments to Annex B."""
        _, data = H264PayloadDescriptor.parse(payload)
        kind = payload[0] & _TYPE
        if kind == _STAP_A:
            first = payload[3] & _TYPE if len(payload) > 3 else 0
        elif kind == _FU_A:
            first = payload[1] & _TYPE if payload[1] & _FU_START else 0
        else:
            first = kind
        return Fragment(data, starts_key_frame=first == _SPS)

    def join(self, fragments: Sequence[bytes]) -> bytes:
        """The access unit."""
        return b"".join(fragments)

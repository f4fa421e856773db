"""VP8 (RFC 7741), with aiortc's descriptor."""

from __future__ import annotations

from collections.abc import Sequence

from aiortc.codecs.vpx import VpxPayloadDescriptor

from .depacketizer import Fragment

_INTER_FRAME = 0x01
"""The P bit of the first octet of a frame (RFC 7741 section 4.3)."""


class Vp8Depacketizer:
    """Implements `Depacketizer`."""

    def parse(self, payload: bytes) -> Fragment:
        """Removes the descriptor."""
        descriptor, data = VpxPayloadDescriptor.parse(payload)
        first = bool(descriptor.partition_start) and descriptor.partition_id == 0
        if first and not data:
            raise ValueError("the VP8 frame has no header")
        return Fragment(data, starts_key_frame=first and not data[0] & _INTER_FRAME)

    def join(self, fragments: Sequence[bytes]) -> bytes:
        """The frame."""
        return b"".join(fragments)

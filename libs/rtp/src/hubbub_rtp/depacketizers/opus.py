"""Opus (RFC 7587): a packet is a frame."""

from __future__ import annotations

from collections.abc import Sequence

from .depacketizer import Fragment


class OpusDepacketizer:
    """Implements `Depacketizer`."""

    def parse(self, payload: bytes) -> Fragment:
        """Every packet can be decoded by itself."""
        return Fragment(payload, starts_key_frame=True)

    def join(self, fragments: Sequence[bytes]) -> bytes:
        """The one packet."""
        return b"".join(fragments)

"""VP9 (RFC 9628): the payload descriptor, and the layer frames of a picture."""

from __future__ import annotations

from collections.abc import Sequence

from .depacketizer import Fragment

_PICTURE_ID, _INTER, _LAYERS, _FLEXIBLE, _BEGIN, _END, _SCALABILITY = 0x80, 0x40, 0x20, 0x10, 0x08, 0x04, 0x02
_MAX_REFERENCES = 3


class _Reader:
    """Octets of a descriptor. Raises ValueError past the end."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def octet(self) -> int:
        if self.at >= len(self.data):
            raise ValueError("the VP9 descriptor is truncated")
        self.at += 1
        return self.data[self.at - 1]

    def skip(self, octets: int) -> None:
        self.at += octets
        if self.at > len(self.data):
            raise ValueError("the VP9 descriptor is truncated")


class Vp9Depacketizer:
    """Implements `Depacketizer`. A frame is a picture with all its spatial layers, as libvpx decodes it."""

    def parse(self, payload: bytes) -> Fragment:
        """Removes the descriptor."""
        reader = _Reader(payload)
        flags = reader.octet()
        if flags & _PICTURE_ID and reader.octet() & 0x80:
            reader.skip(1)
        spatial = 0
        if flags & _LAYERS:
            spatial = reader.octet() >> 1 & 0x07
            if not flags & _FLEXIBLE:
                reader.skip(1)  # TL0PICIDX
        if flags & _FLEXIBLE and flags & _INTER:
            _skip_references(reader)
        if flags & _SCALABILITY:
            _skip_scalability_structure(reader)
        data = payload[reader.at :]
        if not data:
            raise ValueError("the VP9 payload is empty")
        return Fragment(data, starts_key_frame=bool(flags & _BEGIN) and not flags & _INTER and spatial == 0)

    def join(self, fragments: Sequence[bytes]) -> bytes:
        """The layer frames one after the other, without a superframe index."""
        return b"".join(fragments)


def _skip_references(reader: _Reader) -> None:
    for _ in range(_MAX_REFERENCES):
        if not reader.octet() & 0x01:
            return
    raise ValueError("the VP9 descriptor has more than three references")


def _skip_scalability_structure(reader: _Reader) -> None:
    """Skips the scalability structure (RFC 9628 section 4.2.1)."""
    header = reader.octet()
    layers = (header >> 5) + 1
    if header & 0x10:
        reader.skip(4 * layers)
    if header & 0x08:
        for _ in range(reader.octet()):
            reader.skip(reader.octet() >> 2 & 0x03)

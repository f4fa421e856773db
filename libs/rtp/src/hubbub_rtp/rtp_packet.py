"""RTP packets as the receive path needs them (RFC 3550 section 5.1, RFC 8285)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

_HEADER = struct.Struct("!BBHII")
_ONE_BYTE = 0xBEDE
_TWO_BYTE = 0x1000
_TWO_BYTE_MASK = 0xFFF0


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """A parsed packet."""

    ssrc: int
    payload_type: int
    sequence: int
    timestamp: int
    marker: bool
    payload: bytes
    """Without padding; empty in a packet that is padding only."""
    extensions: bytes
    """The block of header extensions, unparsed."""
    extension_profile: int

    @classmethod
    def parse(cls, data: bytes) -> RtpPacket:
        """Raises ValueError for a malformed packet."""
        if len(data) < _HEADER.size:
            raise ValueError("the RTP packet is shorter than its header")
        flags, kind, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
        if flags >> 6 != 2:
            raise ValueError("the RTP version is not 2")
        start, end = _HEADER.size + 4 * (flags & 0x0F), len(data)
        profile, extensions = 0, b""
        if flags & 0x10:
            if end < start + 4:
                raise ValueError("the RTP header extension is truncated")
            profile, words = struct.unpack_from("!HH", data, start)
            extensions = data[start + 4 : start + 4 + 4 * words]
            start += 4 + 4 * words
        if flags & 0x20:
            end -= data[-1]
            if not data[-1]:
                raise ValueError("the RTP padding has no length")
        if end < start:
            raise ValueError("the RTP header, its extensions or its padding exceed the packet")
        return cls(ssrc, kind & 0x7F, sequence, timestamp, bool(kind & 0x80), data[start:end], extensions, profile)

    def extension(self, number: int) -> bytes | None:
        """The value of a header extension by its negotiated id; None when the packet has none."""
        if self.extension_profile == _ONE_BYTE:
            header = 1
        elif self.extension_profile & _TWO_BYTE_MASK == _TWO_BYTE:
            header = 2
        else:
            return None
        block, at = self.extensions, 0
        while at + header <= len(block):
            if block[at] == 0:
                at += 1
                continue
            if header == 1:
                found, length = block[at] >> 4, (block[at] & 0x0F) + 1
            else:
                found, length = block[at], block[at + 1]
            at += header
            if found == number:
                return block[at : at + length] if at + length <= len(block) else None
            at += length
        return None

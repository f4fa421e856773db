"""RTP headers, valid and hostile."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub_rtp.rtp_packet import RtpPacket
from hubbub_rtp.sequence import Unwrapper


def packet(flags: int, rest: bytes) -> bytes:
    """A packet whose first octet has these bits besides the version."""
    return struct.pack("!BBHII", 0x80 | flags, 0x80 | 96, 7, 8, 9) + rest


def test_header_extensions_padding_and_csrc_are_removed() -> None:
    extension = bytes.fromhex("bede 0002 1061 00 2201 0203 00")
    parsed = RtpPacket.parse(packet(0x20 | 0x10 | 2, bytes(8) + extension + b"data" + b"\x00\x02"))
    assert (parsed.payload_type, parsed.marker, parsed.sequence, parsed.timestamp, parsed.ssrc) == (96, True, 7, 8, 9)
    assert parsed.payload == b"data"
    assert (parsed.extension(1), parsed.extension(2), parsed.extension(3)) == (b"\x61", b"\x01\x02\x03", None)


def test_two_byte_extensions_are_read() -> None:
    extension = bytes.fromhex("1000 0002 0100 1f03 010203 00")
    parsed = RtpPacket.parse(packet(0x10, extension))
    assert (parsed.extension(1), parsed.extension(31)) == (b"", b"\x01\x02\x03")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(12),
        packet(15, b""),
        packet(0x10, b"\xbe\xde"),
        packet(0x10, b"\xbe\xde\xff\xff"),
        packet(0x20, b"data\x00"),
        packet(0x20, b"data\xff"),
    ],
)
def test_malformed_headers_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="RTP"):
        RtpPacket.parse(data)


@given(st.binary(max_size=80))
def test_arbitrary_data_is_parsed_or_refused(data: bytes) -> None:
    try:
        parsed = RtpPacket.parse(b"\x90" + data)
    except ValueError:
        return
    for number in (0, 1, 15):
        parsed.extension(number)


def test_numbers_do_not_wrap() -> None:
    unwrapper = Unwrapper(16)
    numbers = [65_534, 65_535, 0, 65_533, 2, 1]
    extended = [unwrapper.unwrap(number) for number in numbers]
    assert [one - extended[0] for one in extended] == [0, 1, 2, -1, 4, 3]
    assert min(extended) > 0

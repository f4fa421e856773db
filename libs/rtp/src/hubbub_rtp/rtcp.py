"""The RTCP packets that a receiver sends."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from aiortc.rtp import RTCP_PSFB_PLI, RTCP_RTPFB_NACK, RtcpPsfbPacket, RtcpReceiverInfo, RtcpRrPacket, pack_rtcp_packet

_RTPFB = 205
_MAX_BLOCKS = 31
_MAX_NACK_ITEMS = 256


def nack(own_ssrc: int, ssrc: int, sequences: Sequence[int]) -> bytes:
    """A generic NACK (RFC 4585 section 6.2.1) for extended sequence numbers, ascending."""
    items: list[tuple[int, int]] = []
    for sequence in sequences:
        offset = sequence - items[-1][0] - 1 if items else 16
        if offset < 16:
            items[-1] = (items[-1][0], items[-1][1] | 1 << offset)
        else:
            items.append((sequence, 0))
    fields = b"".join(struct.pack("!HH", first & 0xFFFF, others) for first, others in items[:_MAX_NACK_ITEMS])
    return pack_rtcp_packet(_RTPFB, RTCP_RTPFB_NACK, struct.pack("!II", own_ssrc, ssrc) + fields)


def picture_loss(own_ssrc: int, ssrc: int) -> bytes:
    """A request for a key frame (RFC 4585 section 6.3.1)."""
    return bytes(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=own_ssrc, media_ssrc=ssrc))


def receiver_reports(own_ssrc: int, blocks: Sequence[RtcpReceiverInfo]) -> list[bytes]:
    """One receiver report for each 31 report blocks."""
    starts = range(0, len(blocks), _MAX_BLOCKS)
    return [bytes(RtcpRrPacket(ssrc=own_ssrc, reports=list(blocks[at : at + _MAX_BLOCKS]))) for at in starts]

"""Recorded RTP streams, as `tests/fixtures/rtp/README.md` describes them."""

from __future__ import annotations

import json
import struct
from functools import cache
from pathlib import Path

from aiortc.rtp import is_rtcp

from hubbub_rtp.receiver import StreamParameters
from hubbub_rtp.rtp_packet import RtpPacket

RTP = Path(__file__).parents[1] / "fixtures" / "rtp"


@cache
def rtp_packets(name: str) -> list[tuple[float, bytes]]:
    """Arrival time in seconds and bytes of every RTP packet of a recording, without RTCP."""
    data, at, packets = (RTP / f"{name}.rtpdump").read_bytes(), 0, []
    while at < len(data):
        arrived, length = struct.unpack_from("<QH", data, at)
        raw = data[at + 10 : at + 10 + length]
        at += 10 + length
        if not is_rtcp(raw):
            packets.append((arrived / 1e6, raw))
    return packets


class Capture:
    """The RTP packets of a recording, with their arrival times in seconds."""

    def __init__(self, name: str, ssrc: int | None = None) -> None:
        """`ssrc` chooses one of several encodings; the only one by default."""
        described = json.loads((RTP / f"{name}.json").read_text())
        ssrcs = {int(one): about["rtx"] for one, about in described["ssrcs"].items()}
        media = ssrc if ssrc is not None else next(one for one, rtx in ssrcs.items() if not rtx)
        types = {int(number): text for number, text in described["payloadTypes"].items()}
        payload_type = next(number for number, text in types.items() if "rtx" not in text)
        is_audio = str(described["codec"]).startswith("audio/")
        self.parameters = StreamParameters(
            ssrc=media,
            payload_type=payload_type,
            codec=str(described["codec"]).lower().partition("/")[2],
            clock_rate=48_000 if is_audio else 90_000,
            is_audio=is_audio,
            nack=not is_audio,
            rtx_ssrc=next((one for one, rtx in ssrcs.items() if rtx), None) if ssrc is None else None,
            rtx_payload_type=next((number for number, text in types.items() if "rtx" in text), None),
            audio_level_id=None,
        )
        wanted = {media, self.parameters.rtx_ssrc}
        packets = ((at, RtpPacket.parse(raw)) for at, raw in rtp_packets(name))
        self.packets = [(at, one) for at, one in packets if one.ssrc in wanted]

    @property
    def media(self) -> list[tuple[float, RtpPacket]]:
        """The packets without retransmissions, in the order of their sequence numbers."""
        own = [one for one in self.packets if one[1].ssrc == self.parameters.ssrc]
        first = own[0][1].sequence
        return sorted(own, key=lambda one: (one[1].sequence - first) & 0xFFFF)

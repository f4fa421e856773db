"""The ICE, DTLS and SRTP of a client's transport, without SDP and codecs, so that tests can open many."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport
from aiortc.rtp import RTCP_PSFB_PLI, RtcpPacket, RtcpPsfbPacket

from .ice_link import IceLink


@cache
def certificate() -> RTCCertificate:
    """One certificate for all clients of this process: generating one takes half of a handshake's time."""
    return RTCCertificate.generateCertificate()


def fingerprint_of(owner: RTCCertificate) -> dict[str, str]:
    """The SHA-256 fingerprint, in the form of `dtlsParameters.fingerprints`."""
    found = next(one for one in owner.getFingerprints() if one.algorithm == "sha-256")
    return {"algorithm": found.algorithm, "value": found.value}


@dataclass
class Stream:
    """Statistics of one received SSRC."""

    packets: int = 0
    last_payload: bytes = b""
    """With the header extensions, decrypted."""
    last_at: float = 0.0
    longest_gap: float = 0.0
    """The longest time between two packets, in seconds."""


class RtpTransport(RTCDtlsTransport):
    """The transport of `offer`, the acknowledgement of `createTransport`, with its first `protocol` candidate."""

    def __init__(self, offer: dict[str, Any], role: str = "client", *, protocol: str = "udp") -> None:
        self.id: str = offer["id"]
        candidate = next(one for one in offer["iceCandidates"] if one["protocol"] == protocol)
        self.link = IceLink(offer["iceParameters"], candidate)
        super().__init__(self.link, [certificate()])  # type: ignore[arg-type]
        self._set_role(role)
        self._remote = RTCDtlsParameters(
            fingerprints=[
                RTCDtlsFingerprint(algorithm=one["algorithm"], value=one["value"])
                for one in offer["dtlsParameters"]["fingerprints"]
            ],
            role="server" if role == "client" else "client",
        )
        self.streams: dict[int, Stream] = defaultdict(Stream)
        self.on_key_frame_request: Callable[[int], None] | None = None
        self._arrived = asyncio.Event()

    @property
    def dtls_parameters(self) -> dict[str, Any]:
        """The argument for `connectTransport`."""
        return {"role": self._role, "fingerprints": [fingerprint_of(certificate())]}

    async def open(self, timeout: float = 10.0) -> None:
        """Runs ICE and DTLS. Raises TimeoutError, and ConnectionError when the handshake fails."""
        async with asyncio.timeout(timeout):
            await self.link.open()
            await self.start(self._remote)
        if self.state != "connected":
            raise ConnectionError(f"DTLS is {self.state}")

    async def close(self) -> None:
        """Sends a DTLS close_notify and closes the socket."""
        await self.stop()
        await self.link.close()

    async def close_silently(self) -> None:
        """Closes the socket without a DTLS close_notify."""
        await self.link.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def send_rtp(self, packet: bytes) -> None:
        """Encrypts and sends a packet."""
        await self._send_rtp(packet)

    async def wait_packets(self, ssrc: int, packets: int = 10, within: float = 10.0) -> Stream:
        """Waits until this many more packets of the stream arrive. Raises TimeoutError."""
        stream = self.streams[ssrc]
        wanted = stream.packets + packets
        async with asyncio.timeout(within):
            while stream.packets < wanted:
                self._arrived.clear()
                await self._arrived.wait()
        return stream

    async def _handle_rtp_data(self, data: bytes, arrival_time_ms: int) -> None:
        stream = self.streams[int.from_bytes(data[8:12])]
        now = time.monotonic()
        if stream.packets:
            stream.longest_gap = max(stream.longest_gap, now - stream.last_at)
        stream.last_payload = data[12:]
        stream.packets += 1
        stream.last_at = now
        self._arrived.set()

    async def _handle_rtcp_data(self, data: bytes) -> None:
        for packet in RtcpPacket.parse(data):
            if isinstance(packet, RtcpPsfbPacket) and packet.fmt == RTCP_PSFB_PLI and self.on_key_frame_request:
                self.on_key_frame_request(packet.media_ssrc)

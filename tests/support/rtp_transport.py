"""The Python SDK's transport, which counts the packets of each SSRC. It has no receivers and no senders of its own."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from aiortc.rtp import RTCP_PSFB_PLI, AnyRtcpPacket, RtcpPsfbPacket

from hubbub_client.transport import rtp_transport
from hubbub_client.transport.rtp_transport import DtlsRole
from hubbub_contracts.bus.transport import DtlsParameters, IceCandidate, IceParameters


@dataclass
class Stream:
    """Statistics of one received SSRC."""

    packets: int = 0
    last_payload: bytes = b""
    """With the header extensions, decrypted."""
    last_at: float = 0.0
    longest_gap: float = 0.0
    """The longest time between two packets, in seconds."""


class RtpTransport(rtp_transport.RtpTransport):
    """The transport of `offer`, the acknowledgement of `createTransport`, with its first `protocol` candidate."""

    def __init__(self, offer: dict[str, Any], role: str = "client", *, protocol: str = "udp") -> None:
        candidate = next(one for one in offer["iceCandidates"] if one["protocol"] == protocol)
        super().__init__(
            offer["id"],
            IceParameters.model_validate(offer["iceParameters"]),
            [IceCandidate.model_validate(candidate)],
            DtlsParameters.model_validate(offer["dtlsParameters"]),
            role=cast("DtlsRole", role),
        )
        self.node_port: int = candidate["port"]
        """The port of its worker."""
        self.streams: dict[int, Stream] = defaultdict(Stream)
        self.on_key_frame_request: Callable[[int], None] | None = None
        self._arrived = asyncio.Event()

    @property
    def dtls_parameters(self) -> dict[str, Any]:
        """The argument for `connectTransport`."""
        return self.local_dtls_parameters.wire()

    async def close_silently(self) -> None:
        """Closes the socket without a DTLS close_notify."""
        await self._reception.stop()
        await self.link.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def wait_packets(self, ssrc: int, packets: int = 10, within: float = 20.0) -> Stream:
        """Waits until this many more packets of the stream arrive. Raises TimeoutError."""
        stream = self.streams[ssrc]
        wanted = stream.packets + packets
        async with asyncio.timeout(within):
            while stream.packets < wanted:
                self._arrived.clear()
                await self._arrived.wait()
        return stream

    def received_rtp(self, data: bytes, arrived_at: float) -> None:
        """Counts the packet."""
        stream = self.streams[int.from_bytes(data[8:12])]
        now = time.monotonic()
        if stream.packets:
            stream.longest_gap = max(stream.longest_gap, now - stream.last_at)
        stream.last_payload = data[12:]
        stream.packets += 1
        stream.last_at = now
        self._arrived.set()
        super().received_rtp(data, arrived_at)

    def received_rtcp(self, packet: AnyRtcpPacket) -> None:
        """Reports a request for a key frame."""
        super().received_rtcp(packet)
        if isinstance(packet, RtcpPsfbPacket) and packet.fmt == RTCP_PSFB_PLI and self.on_key_frame_request:
            self.on_key_frame_request(packet.media_ssrc)

"""A client's transport: ICE, DTLS and SRTP. No other file uses private members of aiortc's DTLS transport.

Rules
- A media packet is decrypted and passed to the reception by the call that read its datagram.
- RTCP for senders goes to aiortc's senders, which are registered with this transport.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Literal, cast

import pylibsrtp
from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport
from aiortc.rtp import AnyRtcpPacket, RtcpPacket

from hubbub_contracts.bus.transport import DtlsParameters, Fingerprint, IceCandidate, IceParameters
from hubbub_contracts.socket.base import IceServer
from hubbub_rtp import EncodedFrame, Receiver, Reception, RtpPacket

from ..background import retrieve_exception
from .ice_agent import IceAgent

ConnectionState = Literal["new", "connecting", "connected", "disconnected", "failed", "closed"]
DtlsRole = Literal["client", "server"]
Deliver = Callable[[EncodedFrame], None]


@cache
def certificate() -> RTCCertificate:
    """One certificate for all transports of this process: generating one takes half of a handshake's time."""
    return RTCCertificate.generateCertificate()


def fingerprint_of(owner: RTCCertificate) -> Fingerprint:
    """Its SHA-256 fingerprint."""
    found = next(one for one in owner.getFingerprints() if one.algorithm == "sha-256")
    return Fingerprint(algorithm=found.algorithm, value=found.value)


class RtpTransport(RTCDtlsTransport):
    """The client's side of a transport of the server."""

    def __init__(
        self,
        transport_id: str,
        ice: IceParameters,
        candidates: Sequence[IceCandidate],
        dtls: DtlsParameters,
        *,
        role: DtlsRole = "client",
        ice_servers: Sequence[IceServer] = (),
        relay_only: bool = False,
    ) -> None:
        """The server's id and parameters of the transport. `role` is this side's."""
        self.id = transport_id
        self.link = IceAgent(
            ice,
            candidates,
            on_media=self._receive_media,
            on_state=self._state_changed,
            ice_servers=ice_servers,
            relay_only=relay_only,
        )
        super().__init__(cast("Any", self.link), [certificate()])
        self._set_role(role)
        self._remote = RTCDtlsParameters(
            fingerprints=[RTCDtlsFingerprint(algorithm=one.algorithm, value=one.value) for one in dtls.fingerprints],
            role="server" if role == "client" else "client",
        )
        self.on_state: Callable[[], None] = lambda: None
        self._reception = Reception(self._send_rtcp, lambda: self.link.round_trip)
        self._last_state: ConnectionState = "new"
        self.undecryptable = 0
        """Packets that failed authentication, or were repeated."""
        self.malformed = 0
        """Packets with an invalid RTP or RTCP header."""
        self.on("statechange", self._state_changed)

    @property
    def local_dtls_parameters(self) -> DtlsParameters:
        """The argument for `connectTransport`."""
        return DtlsParameters(role=cast("DtlsRole", self._role), fingerprints=[fingerprint_of(certificate())])

    @property
    def connection_state(self) -> ConnectionState:
        """The state of ICE and DTLS together, as RTCPeerConnection's."""
        if self.link.state == "closed" or self.state == "closed":
            return "closed"
        if self.state == "failed":
            return "failed"
        if self.link.state == "disconnected" or (self.state == "connected" and self.link.state == "checking"):
            return "disconnected"
        if self.state == "connected":
            return "connected"
        return "new" if self.link.state == "new" else "connecting"

    async def open(self, timeout: float = 15.0) -> None:
        """Runs ICE and DTLS. Raises TimeoutError, and ConnectionError when the handshake fails."""
        async with asyncio.timeout(timeout):
            await self.link.open(timeout)
            await self.start(self._remote)
        if self.state != "connected":
            raise ConnectionError(f"DTLS is {self.state}")
        if self._task is not None:
            self._task.add_done_callback(retrieve_exception)
        self._reception.start()

    async def close(self) -> None:
        """Sends a DTLS close_notify and closes the socket."""
        await self._reception.stop()
        await self.stop()
        await self.link.close()

    def add_receiver(self, receiver: Receiver, deliver: Deliver) -> None:
        """Delivers the frames of a consumer from now on. `deliver` must not block."""
        self._reception.add(receiver, deliver)

    def remove_receiver(self, receiver: Receiver) -> None:
        """Ignores the packets of a consumer from now on."""
        self._reception.remove(receiver)

    async def send_rtp(self, packet: bytes) -> None:
        """Encrypts and sends a packet. Raises ConnectionError when the transport is not connected."""
        await self._send_rtp(packet)

    def received_rtp(self, data: bytes, arrived_at: float) -> None:
        """Handles a decrypted RTP packet."""
        try:
            packet = RtpPacket.parse(data)
        except ValueError:
            self.malformed += 1
            return
        self._reception.received_rtp(packet, arrived_at)

    def received_rtcp(self, packet: AnyRtcpPacket) -> None:
        """Handles a decrypted RTCP packet, besides aiortc's senders."""
        self._reception.received_rtcp(packet, time.monotonic())

    def _receive_media(self, data: bytes, arrived_at: float) -> None:
        session = cast("pylibsrtp.Session | None", self._rx_srtp)
        if session is None:
            return
        try:
            packet = session.unprotect(data)
        except pylibsrtp.Error:
            self.undecryptable += 1
            return
        self.received_rtp(packet, arrived_at)

    async def _handle_rtcp_data(self, data: bytes) -> None:
        try:
            packets = RtcpPacket.parse(data)
        except (ValueError, IndexError, struct.error):
            self.malformed += 1
            return
        for packet in packets:
            self.received_rtcp(packet)
            for recipient in self._rtp_router.route_rtcp(packet):
                await recipient._handle_rtcp_packet(packet)  # noqa: SLF001

    def _send_rtcp(self, packet: bytes) -> None:
        with contextlib.suppress(ConnectionError):
            self.link.send(self._tx_srtp.protect_rtcp(packet))

    def _state_changed(self) -> None:
        state = self.connection_state
        if state != self._last_state:
            self._last_state = state
            self.on_state()

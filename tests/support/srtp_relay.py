"""Protects RTP and RTCP on its way to a plain transport, with libsrtp."""

from __future__ import annotations

import base64
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pylibsrtp import Policy, Session

from hubbub_contracts.bus.plain_transport import SrtpParameters

PROFILES = {
    "AES_CM_128_HMAC_SHA1_80": Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "AEAD_AES_128_GCM": Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    "AEAD_AES_256_GCM": Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
}


@contextmanager
def protecting(address: tuple[str, int, int], parameters: SrtpParameters) -> Iterator[tuple[str, int, int]]:
    """Relays to an IP address, port and port of RTCP. Yields those to send to."""
    policy = Policy(
        key=base64.b64decode(parameters.key_base64),
        ssrc_type=Policy.SSRC_ANY_OUTBOUND,
        srtp_profile=PROFILES[parameters.crypto_suite],
    )
    session = Session(policy)
    host, port, rtcp_port = address
    stopped = threading.Event()
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rtp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rtcp,
    ):
        rtp.bind(("127.0.0.1", 0))
        rtcp.bind(("127.0.0.1", 0))

        def relay() -> None:
            while not stopped.is_set():
                for ready in select.select([rtp, rtcp], [], [], 0.05)[0]:
                    datagram, source = ready.recvfrom(2_048)
                    if source[1] in (port, rtcp_port):
                        continue
                    if ready is rtp:
                        rtp.sendto(session.protect(datagram), (host, port))
                    else:
                        rtcp.sendto(session.protect_rtcp(datagram), (host, rtcp_port))

        thread = threading.Thread(target=relay, name="srtp")
        thread.start()
        try:
            yield "127.0.0.1", rtp.getsockname()[1], rtcp.getsockname()[1]
        finally:
            stopped.set()
            thread.join()

"""The server's side of DTLS-SRTP (RFC 5764), with aiortc. No other file imports aiortc; this one uses private members.

Rules
- A transport keeps the certificate whose fingerprint its client got, even after the node's certificate was renewed.
- Datagrams that arrive before the client's DTLS parameters are queued, up to a limit.
- As DTLS client, the handshake starts when ICE has selected a pair; as DTLS server, when the client starts it.
- There is no handshake timeout here: the core closes a transport that gets no SRTP keys in time.
- Application data (SCTP) is decrypted and dropped: data channels are not supported.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Final, cast

import structlog
from aiortc.rtcdtlstransport import (
    SRTP_AEAD_AES_128_GCM,
    SRTP_AEAD_AES_256_GCM,
    SRTP_AES128_CM_SHA1_80,
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
    SRTPProtectionProfile,
    State,
)
from OpenSSL import SSL

from hubbub_contracts.bus.transport import Fingerprint
from hubbub_media_core import CoreError
from hubbub_media_core.commands import SendDtls, SetSrtpKeys, SrtpProfile
from hubbub_service import Tasks

from ..domain.ports import Core, DtlsRole

_log = structlog.get_logger(__name__)

PROFILES: Final = (SRTP_AEAD_AES_128_GCM, SRTP_AEAD_AES_256_GCM, SRTP_AES128_CM_SHA1_80)
"""In order of preference: AES-128 costs less per packet than AES-256."""

_CIPHERS: Final = b":".join(
    b"ECDHE-%s-%s" % (signature, cipher)
    for signature in (b"ECDSA", b"RSA")
    for cipher in (b"AES128-GCM-SHA256", b"CHACHA20-POLY1305", b"AES128-SHA", b"AES256-SHA")
)
"""As DTLS server we use those of our certificate, ECDSA. As DTLS client we also accept an RSA certificate, which
applications may choose (`RTCPeerConnection.generateCertificate`) and for which aiortc offers no cipher."""

_EXPORTER_LABEL: Final = b"EXTRACTOR-dtls_srtp"
"""RFC 5764 section 4.2."""

_MAX_QUEUED: Final = 32
"""Datagrams of one transport; enough for several flights of a handshake."""

_RENEW_BEFORE: Final = dt.timedelta(days=10)
"""Longer than any call. A certificate of aiortc is valid for 30 days."""

SrtpKeys = tuple[str, bytes, bytes]
"""The profile's name, the outbound key and salt, and the inbound key and salt."""


class _IceTransport:
    """Stands in for aiortc's ICE transport: receives from a queue and sends through the core."""

    role: Final = "controlled"

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send_datagram = send
        self._inbox: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._closed = False

    def put(self, datagram: bytes) -> None:
        """Queues a datagram; drops it when the queue is full."""
        if not self._closed and self._inbox.qsize() < _MAX_QUEUED:
            self._inbox.put_nowait(datagram)

    def close(self) -> None:
        """Fails pending and later reads and writes with ConnectionError."""
        self._closed = True
        self._inbox.put_nowait(None)

    async def _recv(self) -> bytes:
        datagram = await self._inbox.get()
        if datagram is None:
            self._inbox.put_nowait(None)
            raise ConnectionError("the transport is closed")
        return datagram

    async def _send(self, data: bytes) -> None:
        if self._closed:
            raise ConnectionError("the transport is closed")
        self._send_datagram(data)


class _Certificate(RTCCertificate):
    """Our certificate, with the ciphers that we offer.

    Transports with the same profiles share an OpenSSL context: one of its own would cost each of them 20 KiB.
    """

    @cached_property
    def _contexts(self) -> dict[tuple[bytes, ...], SSL.Context]:
        return {}

    def _create_ssl_context(self, srtp_profiles: list[SRTPProtectionProfile]) -> SSL.Context:
        names = tuple(profile.openssl_profile for profile in srtp_profiles)
        context = self._contexts.get(names)
        if context is None:
            context = self._contexts[names] = super()._create_ssl_context(srtp_profiles)
            context.set_cipher_list(_CIPHERS)
            # No client resumes the session of another transport.
            context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        return context


class _KeyExportingTransport(RTCDtlsTransport):
    """Exports the SRTP keys, where aiortc would set up its own SRTP sessions."""

    def __init__(
        self,
        ice: _IceTransport,
        certificate: RTCCertificate,
        profiles: Sequence[SRTPProtectionProfile],
        on_keys: Callable[[SrtpKeys], None],
    ) -> None:
        super().__init__(cast("Any", ice), [certificate])
        self._srtp_profiles = list(profiles)
        self._on_keys = on_keys

    @property
    def is_server(self) -> bool:
        """Whether the client sends the first flight."""
        return self._role == "server"

    def set_role(self, role: DtlsRole) -> None:
        """Must be called before `start`."""
        self._set_role(role)

    def fail(self) -> None:
        """Marks the association as failed."""
        self._set_state(State.FAILED)

    def ignore_reader_errors(self) -> None:
        """Call it after `start`. aiortc logs errors of its reading task; asyncio must not report them again."""
        if self._task is not None:
            self._task.add_done_callback(_retrieve_exception)

    def _setup_srtp(self) -> None:
        connection = cast("Any", self._ssl)
        selected = connection.get_selected_srtp_profile()
        profile = next((each for each in self._srtp_profiles if each.openssl_profile == selected), None)
        if profile is None:
            self.fail()
            return
        material = connection.export_keying_material(_EXPORTER_LABEL, 2 * (profile.key_length + profile.salt_length))
        # The client's key precedes the server's (RFC 5764 section 4.2).
        outbound = 1 if self._role == "server" else 0
        self._on_keys(
            (
                profile.openssl_profile.decode(),
                profile.get_key_and_salt(material, outbound),
                profile.get_key_and_salt(material, 1 - outbound),
            )
        )


class DtlsEndpoint:
    """The server's side of one DTLS association. The callbacks must not block."""

    def __init__(
        self,
        certificate: RTCCertificate,
        *,
        send: Callable[[bytes], None],
        on_keys: Callable[[SrtpKeys], None],
        on_failed: Callable[[], None],
        profiles: Sequence[SRTPProtectionProfile] = PROFILES,
    ) -> None:
        self._ice = _IceTransport(send)
        self._transport = _KeyExportingTransport(self._ice, certificate, profiles, on_keys)
        self._on_failed = on_failed
        self._remote: RTCDtlsParameters | None = None
        self._reachable = False
        self._closed = False
        self._tasks = Tasks()
        self._handshake: asyncio.Task[None] | None = None

    def connect(self, role: DtlsRole, fingerprints: Sequence[Fingerprint]) -> None:
        """Sets our role and the client's fingerprints. A DTLS client starts once ICE has selected a pair."""
        self._transport.set_role(role)
        self._remote = RTCDtlsParameters(
            fingerprints=[RTCDtlsFingerprint(algorithm=each.algorithm, value=each.value) for each in fingerprints]
        )
        self._start_if_ready()

    def ice_selected(self) -> None:
        """ICE has selected a candidate pair: datagrams now reach the client."""
        self._reachable = True
        self._start_if_ready()

    def received(self, datagram: bytes) -> None:
        """Queues a datagram from the client."""
        self._ice.put(datagram)

    def close(self) -> None:
        """Discards the association without sending anything."""
        self._closed = True
        self._ice.close()

    def _start_if_ready(self) -> None:
        if self._closed or self._handshake is not None or self._remote is None:
            return
        if self._transport.is_server or self._reachable:
            self._handshake = self._tasks.spawn(self._shake_hands(self._remote), "dtls-handshake")

    async def _shake_hands(self, remote: RTCDtlsParameters) -> None:
        try:
            await self._transport.start(remote)
        except Exception:  # noqa: BLE001  an error that a client causes in OpenSSL must end its own association only
            _log.warning("a DTLS handshake raised an exception", exc_info=True)
            self._transport.fail()
        self._transport.ignore_reader_errors()
        if self._transport.state == "failed" and not self._closed:
            self._on_failed()


def _retrieve_exception(task: asyncio.Future[None]) -> None:
    if not task.cancelled():
        task.exception()


class CertificateStore:
    """The node's certificate (ECDSA P-256), renewed 10 days before it expires."""

    def __init__(self) -> None:
        self._certificate = _Certificate.generateCertificate()

    def current(self, now: dt.datetime) -> RTCCertificate:
        """The certificate for an association that starts at `now`."""
        if self._certificate.expires - now < _RENEW_BEFORE:
            self._certificate = _Certificate.generateCertificate()
        return self._certificate


def sha256_fingerprint(certificate: RTCCertificate) -> Fingerprint:
    """The only one we offer: mediasoup-client uses the last of the list, and pymediasoup supports only SHA-256."""
    sha256 = next(each for each in certificate.getFingerprints() if each.algorithm == "sha-256")
    return Fingerprint(algorithm=sha256.algorithm, value=sha256.value)


class CoreDtlsEndpoints:
    """Implements `domain.ports.DtlsEndpoints`."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._certificates = CertificateStore()
        self._endpoints: dict[int, DtlsEndpoint] = {}

    def open(
        self, transport: int, worker: int, on_connected: Callable[[], None], on_failed: Callable[[], None]
    ) -> Fingerprint:
        """Creates an endpoint and returns its certificate's fingerprint."""
        certificate = self._certificates.current(dt.datetime.now(tz=dt.UTC))

        def on_keys(keys: SrtpKeys) -> None:
            self._send(worker, _set_keys(transport, keys))
            on_connected()

        self._endpoints[transport] = DtlsEndpoint(
            certificate,
            send=lambda datagram: self._send(worker, SendDtls(transport=transport, datagram=datagram)),
            on_keys=on_keys,
            on_failed=on_failed,
        )
        return sha256_fingerprint(certificate)

    def connect(self, transport: int, role: DtlsRole, fingerprints: Sequence[Fingerprint]) -> None:
        """Sets our role and the client's fingerprints, and starts the handshake."""
        endpoint = self._endpoints.get(transport)
        if endpoint is not None:
            endpoint.connect(role, fingerprints)

    def ice_selected(self, transport: int) -> None:
        """ICE has selected a candidate pair."""
        endpoint = self._endpoints.get(transport)
        if endpoint is not None:
            endpoint.ice_selected()

    def received(self, transport: int, datagram: bytes) -> None:
        """Processes a DTLS datagram from the client."""
        endpoint = self._endpoints.get(transport)
        if endpoint is not None:
            endpoint.received(datagram)

    def close(self, transport: int) -> None:
        """Removes an endpoint. Does nothing when there is none."""
        endpoint = self._endpoints.pop(transport, None)
        if endpoint is not None:
            endpoint.close()

    def _send(self, worker: int, command: SendDtls | SetSrtpKeys) -> None:
        try:
            self._core.send(worker, command)
        except CoreError as error:
            # DTLS retransmits a lost datagram; without keys, the core's handshake timeout closes the transport.
            _log.warning("the core refused a DTLS command", error=str(error))


def _set_keys(transport: int, keys: SrtpKeys) -> SetSrtpKeys:
    profile, outbound, inbound = keys
    return SetSrtpKeys(transport=transport, profile=cast("SrtpProfile", profile), outbound=outbound, inbound=inbound)

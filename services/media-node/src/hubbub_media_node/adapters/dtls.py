"""Our side of DTLS-SRTP (RFC 5764), by aiortc. The only file that knows aiortc, whose private parts it needs.

Rules
- A transport keeps the certificate whose fingerprint its client was told, though the node may have a newer one by now.
- Datagrams that come before the client's parameters wait, a few of them.
- As DTLS client we begin when the other side can be reached; as server we wait for it anyway.
- There is no deadline here: the core closes a transport whose keys do not come.
- Application data (SCTP) is decrypted and dropped: there are no data channels.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable, Sequence
from typing import Any, Final, cast

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

from hubbub_contracts.bus.transport import Fingerprint
from hubbub_media_core import CoreError
from hubbub_media_core.commands import SendDtls, SetSrtpKeys, SrtpProfile

from ..domain.ports import Core, DtlsRole

log = logging.getLogger(__name__)

PROFILES: Final = (SRTP_AEAD_AES_128_GCM, SRTP_AEAD_AES_256_GCM, SRTP_AES128_CM_SHA1_80)
"""In order of preference: the shorter key is the cheaper one per packet."""

_EXPORTER_LABEL: Final = b"EXTRACTOR-dtls_srtp"
"""RFC 5764 section 4.2."""

_MAX_WAITING: Final = 32
"""Datagrams of one transport: some flights of a handshake."""

_RENEW_BEFORE: Final = dt.timedelta(days=10)
"""Longer than any call lasts: a certificate lives 30 days."""

SrtpKeys = tuple[str, bytes, bytes]
"""The profile's name, and for each direction key and salt: outbound, inbound."""


class _IceSide:
    """What aiortc takes for its ICE transport: a queue in, the core out."""

    role: Final = "controlled"

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._deliver = send
        self._inbox: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._closed = False

    def put(self, datagram: bytes) -> None:
        """Takes a datagram in, unless too many wait."""
        if not self._closed and self._inbox.qsize() < _MAX_WAITING:
            self._inbox.put_nowait(datagram)

    def close(self) -> None:
        """Ends whoever waits for a datagram."""
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
        self._deliver(data)


class _KeyExportingTransport(RTCDtlsTransport):
    """Hands the SRTP keys over where aiortc would encrypt by itself."""

    def __init__(
        self,
        ice: _IceSide,
        certificate: RTCCertificate,
        profiles: Sequence[SRTPProtectionProfile],
        on_keys: Callable[[SrtpKeys], None],
    ) -> None:
        super().__init__(cast("Any", ice), [certificate])
        self._srtp_profiles = list(profiles)
        self._on_keys = on_keys

    @property
    def is_server(self) -> bool:
        """We wait for the other side's first flight."""
        return self._role == "server"

    def take_role(self, role: DtlsRole) -> None:
        """To be done before `start`."""
        self._set_role(role)

    def fail(self) -> None:
        """Nothing can be done with this association any more."""
        self._set_state(State.FAILED)

    def watch_pump(self) -> None:
        """After `start`: sees to it that a failure of aiortc's reading task, which it logs itself, stays there."""
        if self._task is not None:
            self._task.add_done_callback(lambda pump: None if pump.cancelled() else _seen(pump.exception()))

    def _setup_srtp(self) -> None:
        connection = cast("Any", self._ssl)
        selected = connection.get_selected_srtp_profile()
        profile = next((each for each in self._srtp_profiles if each.openssl_profile == selected), None)
        if profile is None:
            self.fail()
            return
        material = connection.export_keying_material(_EXPORTER_LABEL, 2 * (profile.key_length + profile.salt_length))
        # The client's keys come first (RFC 5764 section 4.2).
        outbound = 1 if self._role == "server" else 0
        self._on_keys(
            (
                profile.openssl_profile.decode(),
                profile.get_key_and_salt(material, outbound),
                profile.get_key_and_salt(material, 1 - outbound),
            )
        )


class DtlsEndpoint:
    """One side of one association, until it is closed. `send` and `on_keys` must not wait."""

    def __init__(
        self,
        certificate: RTCCertificate,
        *,
        send: Callable[[bytes], None],
        on_keys: Callable[[SrtpKeys], None],
        on_failed: Callable[[], None],
        profiles: Sequence[SRTPProtectionProfile] = PROFILES,
    ) -> None:
        self._ice = _IceSide(send)
        self._transport = _KeyExportingTransport(self._ice, certificate, profiles, on_keys)
        self._on_failed = on_failed
        self._remote: RTCDtlsParameters | None = None
        self._reachable = False
        self._closed = False
        self._handshake: asyncio.Task[None] | None = None

    def connect(self, role: DtlsRole, fingerprints: Sequence[Fingerprint]) -> None:
        """Tells who the other side is. The server begins now, the client once the other side is reachable."""
        self._transport.take_role(role)
        self._remote = RTCDtlsParameters(
            fingerprints=[RTCDtlsFingerprint(algorithm=each.algorithm, value=each.value) for each in fingerprints]
        )
        self._begin()

    def reachable(self) -> None:
        """What is sent from now on arrives."""
        self._reachable = True
        self._begin()

    def received(self, datagram: bytes) -> None:
        """Takes a datagram in."""
        self._ice.put(datagram)

    def close(self) -> None:
        """Ends the association here; nothing is sent."""
        self._closed = True
        self._ice.close()

    def _begin(self) -> None:
        if self._closed or self._handshake is not None or self._remote is None:
            return
        if self._transport.is_server or self._reachable:
            self._handshake = asyncio.create_task(self._shake_hands(self._remote), name="dtls-handshake")

    async def _shake_hands(self, remote: RTCDtlsParameters) -> None:
        try:
            await self._transport.start(remote)
        except Exception:  # whatever a hostile peer made OpenSSL or aiortc raise ends this association alone
            log.warning("a DTLS handshake broke", exc_info=True)
            self._transport.fail()
        self._transport.watch_pump()
        if self._transport.state == "failed" and not self._closed:
            self._on_failed()


def _seen(_exception: BaseException | None) -> None:
    """An exception that was looked at is not reported again."""


class CertificateStore:
    """The node's certificate (ECDSA P-256), renewed long before it expires."""

    def __init__(self) -> None:
        self._certificate = RTCCertificate.generateCertificate()

    def current(self, now: dt.datetime) -> RTCCertificate:
        """The certificate for an association that begins now."""
        if self._certificate.expires - now < _RENEW_BEFORE:
            self._certificate = RTCCertificate.generateCertificate()
        return self._certificate


def sha256_fingerprint(certificate: RTCCertificate) -> Fingerprint:
    """The only one that is offered: mediasoup-client takes the last of the list, pymediasoup knows this one alone."""
    found = next(each for each in certificate.getFingerprints() if each.algorithm == "sha-256")
    return Fingerprint(algorithm=found.algorithm, value=found.value)


class CoreDtlsEndpoints:
    """The endpoints of all transports, between the core and whoever answers for a failed one."""

    def __init__(self, core: Core, on_failed: Callable[[int], None], on_connected: Callable[[], None]) -> None:
        """`on_failed` is called with the transport's id in the core: its peer is not who it was said to be.

        `on_connected` is called once for each whose peer is.
        """
        self._core = core
        self._on_failed = on_failed
        self._on_connected = on_connected
        self._certificates = CertificateStore()
        self._endpoints: dict[int, DtlsEndpoint] = {}

    def open(self, transport: int, worker: int) -> Fingerprint:
        """Makes an endpoint and gives the fingerprint of its certificate."""
        certificate = self._certificates.current(dt.datetime.now(tz=dt.UTC))
        self._endpoints[transport] = DtlsEndpoint(
            certificate,
            send=lambda datagram: self._send(worker, SendDtls(transport=transport, datagram=datagram)),
            on_keys=lambda keys: self._connected(worker, _set_keys(transport, keys)),
            on_failed=lambda: self._on_failed(transport),
        )
        return sha256_fingerprint(certificate)

    def connect(self, transport: int, role: DtlsRole, fingerprints: Sequence[Fingerprint]) -> None:
        """Begins the handshake."""
        endpoint = self._endpoints.get(transport)
        if endpoint is not None:
            endpoint.connect(role, fingerprints)

    def ice_selected(self, transport: int) -> None:
        """The client can be reached."""
        endpoint = self._endpoints.get(transport)
        if endpoint is not None:
            endpoint.reachable()

    def received(self, transport: int, datagram: bytes) -> None:
        """A datagram came."""
        endpoint = self._endpoints.get(transport)
        if endpoint is not None:
            endpoint.received(datagram)

    def close(self, transport: int) -> None:
        """Forgets an endpoint."""
        endpoint = self._endpoints.pop(transport, None)
        if endpoint is not None:
            endpoint.close()

    def _connected(self, worker: int, keys: SetSrtpKeys) -> None:
        self._send(worker, keys)
        self._on_connected()

    def _send(self, worker: int, command: SendDtls | SetSrtpKeys) -> None:
        try:
            self._core.send(worker, command)
        except CoreError as error:
            # DTLS repeats what is lost; without keys the core's deadline ends the transport.
            log.warning("the core did not take a command: %s", error)


def _set_keys(transport: int, keys: SrtpKeys) -> SetSrtpKeys:
    profile, outbound, inbound = keys
    return SetSrtpKeys(transport=transport, profile=cast("SrtpProfile", profile), outbound=outbound, inbound=inbound)

"""The DTLS endpoint against a real DTLS client, over a real socket, through the core."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from aiortc.rtcdtlstransport import RTCCertificate, SRTPProtectionProfile
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from OpenSSL import SSL

from hubbub_client.transport.rtp_transport import certificate, fingerprint_of
from hubbub_contracts.bus.transport import Fingerprint, IceCandidate, IceParameters
from hubbub_media_core import CoreError, MediaCore, commands, events
from hubbub_media_core.specs import IceCredentials
from hubbub_media_node.adapters.dtls import PROFILES, CertificateStore, CoreDtlsEndpoints, sha256_fingerprint
from hubbub_media_node.domain.candidates import candidates
from hubbub_media_node.domain.fingerprints import select_fingerprints
from hubbub_media_node.domain.ports import DtlsRole
from support.node_rig import until
from support.rtp_transport import RtpTransport

CLIENT = fingerprint_of(certificate())
STRANGER = Fingerprint(algorithm="sha-256", value=":".join(["00"] * 32))


@dataclass
class Server:
    """A core with one transport, and its DTLS endpoint."""

    core: MediaCore
    fingerprint: Fingerprint
    ice: IceParameters
    endpoints: CoreDtlsEndpoints
    connected: list[int]
    failed: list[int]
    clients: list[RtpTransport] = field(default_factory=list)

    def client(self, role: str) -> RtpTransport:
        """A DTLS client of the transport, in this role."""
        candidate: IceCandidate = candidates(["127.0.0.1"], self.core.addresses[0][1], tcp=False)[0]
        client = RtpTransport(
            {
                "id": "transport",
                "iceParameters": self.ice.wire(),
                "iceCandidates": [candidate.wire()],
                "dtlsParameters": {"fingerprints": [self.fingerprint.wire()]},
            },
            role,
        )
        self.clients.append(client)
        return client

    def is_connected(self) -> bool:
        """Whether the handshake has completed on the server's side."""
        return self.endpoints._endpoints[1]._transport.state == "connected"

    async def has_keys(self) -> bool:
        """Whether the core has SRTP keys: it then refuses to set them again."""
        keys = commands.SetSrtpKeys(transport=1, profile="SRTP_AEAD_AES_128_GCM", outbound=bytes(28), inbound=bytes(28))
        try:
            await self.core.call(0, keys)
        except CoreError as error:
            return error.code == "invalid_state"
        return False


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with MediaCore([("127.0.0.1", 0)]) as core:
        connected: list[int] = []
        failed: list[int] = []
        endpoints = CoreDtlsEndpoints(core)

        def handle(_worker: int, event: events.Event) -> None:
            if isinstance(event, events.DtlsReceived):
                endpoints.received(event.transport, event.datagram)
            elif isinstance(event, events.IceSelected):
                endpoints.ice_selected(event.transport)

        core.subscribe(handle)
        await core.call(0, commands.CreateRouter(router=1))
        ice = IceParameters(username_fragment="ufrag", password="p" * 32)
        credentials = IceCredentials(ufrag=ice.username_fragment, pwd=ice.password)
        await core.call(0, commands.CreateTransport(transport=1, router=1, ice=credentials))
        fingerprint = endpoints.open(1, 0, on_connected=lambda: connected.append(1), on_failed=lambda: failed.append(1))
        server = Server(core, fingerprint, ice, endpoints, connected, failed)
        yield server
        endpoints.close(1)
        for client in server.clients:
            await client.close_silently()


@pytest.mark.parametrize(("ours", "theirs"), [("server", "client"), ("client", "server")])
async def test_the_handshake_succeeds_in_both_roles(server: Server, ours: DtlsRole, theirs: str) -> None:
    client = server.client(theirs)
    server.endpoints.connect(1, ours, [CLIENT])
    await client.open()
    await until(server.is_connected)
    assert await server.has_keys()
    assert (server.connected, server.failed) == ([1], [])


class RsaCertificate(RTCCertificate):
    """A certificate as clients other than browsers have, with the ciphers of a DTLS endpoint that uses it."""

    @classmethod
    def generate(cls) -> RsaCertificate:
        key = rsa.generate_private_key(65537, 2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "client")])
        now = dt.datetime.now(dt.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .sign(key, hashes.SHA256())
        )
        return cls(cast("Any", key), certificate)

    def _create_ssl_context(self, srtp_profiles: list[SRTPProtectionProfile]) -> SSL.Context:
        context = super()._create_ssl_context(srtp_profiles)
        context.set_cipher_list(b"ALL")
        return context


@pytest.mark.parametrize(("ours", "theirs"), [("server", "client"), ("client", "server")])
async def test_a_client_with_an_rsa_certificate_connects_in_both_roles(
    server: Server, ours: DtlsRole, theirs: str
) -> None:
    rsa_certificate = RsaCertificate.generate()
    client = server.client(theirs)
    client._RTCDtlsTransport__local_certificate = rsa_certificate  # type: ignore[attr-defined]
    server.endpoints.connect(1, ours, [fingerprint_of(rsa_certificate)])
    await client.open()
    await until(server.is_connected)
    assert await server.has_keys()


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.openssl_profile.decode())
async def test_rtp_is_decrypted_with_each_profile(server: Server, profile: SRTPProtectionProfile) -> None:
    client = server.client("client")
    client._srtp_profiles = [profile]
    server.endpoints.connect(1, "server", [CLIENT])
    await client.open()
    await until(server.is_connected)
    await client.send_rtp(b"\x80\x60" + bytes(10) + b"payload")
    await until(lambda: server.core.counters()[0]["dropped_unknown_ssrc"] == 1)
    assert server.core.counters()[0]["dropped_srtp"] == 0


async def test_aes_128_gcm_is_preferred(server: Server) -> None:
    client = server.client("client")
    client._srtp_profiles = list(reversed(PROFILES))
    server.endpoints.connect(1, "server", [CLIENT])
    await client.open()
    assert client._ssl is not None
    assert client._ssl.get_selected_srtp_profile() == b"SRTP_AEAD_AES_128_GCM"


@pytest.mark.parametrize(("ours", "theirs"), [("server", "client"), ("client", "server")])
async def test_a_wrong_fingerprint_fails_and_sets_no_keys(server: Server, ours: DtlsRole, theirs: str) -> None:
    client = server.client(theirs)
    server.endpoints.connect(1, ours, [STRANGER])
    await client.open()
    await until(lambda: server.failed == [1])
    assert server.connected == []
    assert not await server.has_keys()


async def test_every_accepted_fingerprint_must_match(server: Server) -> None:
    client = server.client("client")
    server.endpoints.connect(1, "server", select_fingerprints([CLIENT, STRANGER]))
    await client.open()
    await until(lambda: server.failed == [1])
    assert server.connected == []


async def test_a_handshake_that_starts_before_connect_succeeds(server: Server) -> None:
    client = server.client("client")
    opening = asyncio.create_task(client.open())
    await until(lambda: client.link.sent >= 1)
    await asyncio.sleep(0.05)
    server.endpoints.connect(1, "server", [CLIENT])
    await opening
    await until(server.is_connected)


async def test_random_datagrams_do_not_disturb_the_association(server: Server) -> None:
    client = server.client("client")
    for size in range(1, 60):
        server.endpoints.received(1, bytes([20 + size % 44]) * size)
    server.endpoints.connect(1, "server", [CLIENT])
    await client.open()
    await until(server.is_connected)
    for size in range(1, 60):
        server.endpoints.received(1, bytes([20 + size % 44]) * size)
    await client.send_rtp(b"\x80\x60" + bytes(10) + b"payload")
    await until(lambda: server.core.counters()[0]["dropped_unknown_ssrc"] == 1)
    assert server.failed == []


async def test_application_data_is_dropped(server: Server) -> None:
    client = server.client("client")
    server.endpoints.connect(1, "server", [CLIENT])
    await client.open()
    await client._send_data(bytes(1000))
    await client.send_rtp(b"\x80\x60" + bytes(10) + b"payload")
    await until(lambda: server.core.counters()[0]["dropped_unknown_ssrc"] == 1)
    assert server.failed == []


async def test_closing_an_endpoint_during_the_handshake_reports_no_failure(server: Server) -> None:
    server.endpoints.connect(1, "server", [CLIENT])
    await asyncio.sleep(0)
    server.endpoints.close(1)
    await asyncio.sleep(0.05)
    assert server.failed == []


def test_a_certificate_is_renewed_before_it_expires() -> None:
    store = CertificateStore()
    now = dt.datetime.now(tz=dt.UTC)
    first = store.current(now)
    assert store.current(now + dt.timedelta(days=19)) is first
    renewed = store.current(now + dt.timedelta(days=21))
    assert sha256_fingerprint(renewed) != sha256_fingerprint(first)


def test_transports_with_the_same_profiles_share_a_context() -> None:
    certificate = CertificateStore().current(dt.datetime.now(tz=dt.UTC))
    context = certificate._create_ssl_context(list(PROFILES))
    assert certificate._create_ssl_context(list(PROFILES)) is context
    assert certificate._create_ssl_context(list(PROFILES[:1])) is not context
    assert context.get_session_cache_mode() == SSL.SESS_CACHE_OFF


WEAK_CIPHERS = ("AES128-SHA", "AES256-GCM-SHA384", "ECDHE-ECDSA-NULL-SHA", "AECDH-AES128-SHA", "PSK-AES128-CBC-SHA")
"""Without forward secrecy, encryption or authentication."""


class WeakCertificate(RsaCertificate):
    """A certificate whose DTLS endpoint offers one weak cipher suite only."""

    cipher = ""

    def _create_ssl_context(self, srtp_profiles: list[SRTPProtectionProfile]) -> SSL.Context:
        context = super()._create_ssl_context(srtp_profiles)
        context.set_cipher_list(f"{self.cipher}:@SECLEVEL=0".encode())
        return context


@pytest.mark.parametrize("cipher", WEAK_CIPHERS)
async def test_weak_cipher_suites_are_refused(server: Server, cipher: str) -> None:
    weak = WeakCertificate.generate()
    assert isinstance(weak, WeakCertificate)
    weak.cipher = cipher
    client = server.client("client")
    client._RTCDtlsTransport__local_certificate = weak  # type: ignore[attr-defined]
    server.endpoints.connect(1, "server", [fingerprint_of(weak)])
    with pytest.raises((ConnectionError, TimeoutError)):
        await client.open(2)
    assert not server.is_connected()
    assert not await server.has_keys()

"""The DTLS endpoint against a real DTLS client, over a real socket, through the core."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiortc.rtcdtlstransport import SRTPProtectionProfile

from hubbub_contracts.bus.transport import Fingerprint, IceCandidate, IceParameters
from hubbub_media_core import CoreError, MediaCore, commands, events
from hubbub_media_core.specs import IceCredentials
from hubbub_media_node.adapters.dtls import PROFILES, CertificateStore, CoreDtlsEndpoints, sha256_fingerprint
from hubbub_media_node.domain.candidates import candidates
from hubbub_media_node.domain.fingerprints import acceptable
from hubbub_media_node.domain.ports import DtlsRole
from support.node_rig import until
from support.rtp_transport import RtpTransport, certificate, fingerprint_of

CLIENTS = Fingerprint.model_validate(fingerprint_of(certificate()))
STRANGERS = Fingerprint(algorithm="sha-256", value=":".join(["00"] * 32))


@dataclass
class Side:
    """A core with one transport, and its DTLS endpoint."""

    core: MediaCore
    fingerprint: Fingerprint
    ice: IceParameters
    endpoints: CoreDtlsEndpoints
    failed: list[int]
    links: list[RtpTransport] = field(default_factory=list)

    def client(self, role: str) -> RtpTransport:
        """The other side, in this role."""
        candidate: IceCandidate = candidates(["127.0.0.1"], self.core.addresses[0][1], tcp=False)[0]
        link = RtpTransport(
            {
                "id": "transport",
                "iceParameters": self.ice.wire(),
                "iceCandidates": [candidate.wire()],
                "dtlsParameters": {"fingerprints": [self.fingerprint.wire()]},
            },
            role,
        )
        self.links.append(link)
        return link

    def is_connected(self) -> bool:
        """The handshake is done on our side."""
        return self.endpoints._endpoints[1]._transport.state == "connected"

    async def has_keys(self) -> bool:
        """Setting keys a second time is refused."""
        keys = commands.SetSrtpKeys(transport=1, profile="SRTP_AEAD_AES_128_GCM", outbound=bytes(28), inbound=bytes(28))
        try:
            await self.core.call(0, keys)
        except CoreError as error:
            return error.code == "invalid_state"
        return False


@pytest.fixture
async def side() -> AsyncIterator[Side]:
    async with MediaCore([("127.0.0.1", 0)]) as core:
        failed: list[int] = []
        endpoints = CoreDtlsEndpoints(core, failed.append, lambda: None)

        def handle(_worker: int, event: events.Event) -> None:
            if isinstance(event, events.DtlsReceived):
                endpoints.received(event.transport, event.datagram)
            elif isinstance(event, events.IceSelected):
                endpoints.ice_selected(event.transport)

        core.on_event = handle
        await core.call(0, commands.CreateRouter(router=1))
        ice = IceParameters(username_fragment="ufrag", password="p" * 32)
        credentials = IceCredentials(ufrag=ice.username_fragment, pwd=ice.password)
        await core.call(0, commands.CreateTransport(transport=1, router=1, ice=credentials))
        side = Side(core, endpoints.open(1, 0), ice, endpoints, failed)
        yield side
        endpoints.close(1)
        for link in side.links:
            await link.vanish()


@pytest.mark.parametrize(("ours", "theirs"), [("server", "client"), ("client", "server")])
async def test_the_handshake_succeeds_in_both_roles(side: Side, ours: DtlsRole, theirs: str) -> None:
    client = side.client(theirs)
    side.endpoints.connect(1, ours, [CLIENTS])
    await client.open()
    await until(side.is_connected)
    assert await side.has_keys()
    assert side.failed == []


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.openssl_profile.decode())
async def test_rtp_is_understood_under_each_profile(side: Side, profile: SRTPProtectionProfile) -> None:
    client = side.client("client")
    client._srtp_profiles = [profile]
    side.endpoints.connect(1, "server", [CLIENTS])
    await client.open()
    await until(side.is_connected)
    await client.send_rtp(b"\x80\x60" + bytes(10) + b"payload")
    await until(lambda: side.core.counters()[0]["dropped_unknown_ssrc"] == 1)
    assert side.core.counters()[0]["dropped_srtp"] == 0


async def test_the_short_gcm_key_is_preferred(side: Side) -> None:
    client = side.client("client")
    client._srtp_profiles = list(reversed(PROFILES))
    side.endpoints.connect(1, "server", [CLIENTS])
    await client.open()
    assert client._ssl is not None
    assert client._ssl.get_selected_srtp_profile() == b"SRTP_AEAD_AES_128_GCM"


@pytest.mark.parametrize(("ours", "theirs"), [("server", "client"), ("client", "server")])
async def test_a_wrong_fingerprint_fails_and_no_keys_are_set(side: Side, ours: DtlsRole, theirs: str) -> None:
    client = side.client(theirs)
    side.endpoints.connect(1, ours, [STRANGERS])
    await client.open()
    await until(lambda: side.failed == [1])
    assert not await side.has_keys()


async def test_all_acceptable_fingerprints_must_match(side: Side) -> None:
    client = side.client("client")
    side.endpoints.connect(1, "server", acceptable([CLIENTS, STRANGERS]))
    await client.open()
    await until(lambda: side.failed == [1])


async def test_a_client_that_begins_before_its_parameters_come_is_served(side: Side) -> None:
    client = side.client("client")
    opening = asyncio.create_task(client.open())
    await until(lambda: client.link.sent >= 1)
    await asyncio.sleep(0.05)
    side.endpoints.connect(1, "server", [CLIENTS])
    await opening
    await until(side.is_connected)


async def test_noise_before_and_after_the_handshake_changes_nothing(side: Side) -> None:
    client = side.client("client")
    for size in range(1, 60):
        side.endpoints.received(1, bytes([20 + size % 44]) * size)
    side.endpoints.connect(1, "server", [CLIENTS])
    await client.open()
    await until(side.is_connected)
    for size in range(1, 60):
        side.endpoints.received(1, bytes([20 + size % 44]) * size)
    await client.send_rtp(b"\x80\x60" + bytes(10) + b"payload")
    await until(lambda: side.core.counters()[0]["dropped_unknown_ssrc"] == 1)
    assert side.failed == []


async def test_application_data_is_dropped_and_harms_nothing(side: Side) -> None:
    client = side.client("client")
    side.endpoints.connect(1, "server", [CLIENTS])
    await client.open()
    await client._send_data(bytes(1000))
    await client.send_rtp(b"\x80\x60" + bytes(10) + b"payload")
    await until(lambda: side.core.counters()[0]["dropped_unknown_ssrc"] == 1)
    assert side.failed == []


async def test_a_closed_endpoint_ends_its_handshake_without_a_word(side: Side) -> None:
    side.endpoints.connect(1, "server", [CLIENTS])
    await asyncio.sleep(0)
    side.endpoints.close(1)
    await asyncio.sleep(0.05)
    assert side.failed == []


def test_a_certificate_is_kept_until_it_nears_its_end() -> None:
    store = CertificateStore()
    now = dt.datetime.now(tz=dt.UTC)
    first = store.current(now)
    assert store.current(now + dt.timedelta(days=19)) is first
    renewed = store.current(now + dt.timedelta(days=21))
    assert sha256_fingerprint(renewed) != sha256_fingerprint(first)

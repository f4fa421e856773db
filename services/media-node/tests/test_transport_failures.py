"""Transports that never connect, connect with a wrong certificate, or fall silent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from hubbub_contracts.bus import media
from hubbub_media_node.settings import Settings
from support.node_rig import Peer, fixture, until

MakePeer = Callable[..., Awaitable[Peer]]
RECORDED = fixture("chromium-156/produce-audio-opus.json")


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """The timeout of the test is a short one. The others would end a handshake on a machine that stands still."""
    return settings.model_copy(update=getattr(request, "param", {}))


@pytest.mark.parametrize("settings", [{"handshake_timeout": 4.0}], indirect=True)
async def test_a_missing_handshake_closes_the_transport_and_notifies_its_peer(make_peer: MakePeer) -> None:
    peer = await make_peer()
    link = peer.client(*await peer.create_transport("send"))
    await peer.connect(link)
    await until(lambda: bool(peer.events))
    assert peer.events == [media.TransportClosed(transport_id=link.id, reason="handshake_timeout")]


async def test_a_wrong_certificate_closes_the_transport_and_notifies_its_peer(make_peer: MakePeer) -> None:
    peer = await make_peer()
    link = peer.client(*await peer.create_transport("send"))
    await peer.connect(link, fingerprints=[{"algorithm": "sha-256", "value": ":".join(["AB"] * 32)}])
    await link.open()
    await until(lambda: bool(peer.events))
    assert peer.events == [media.TransportClosed(transport_id=link.id, reason="dtls_failed")]


@pytest.mark.parametrize("settings", [{"consent_timeout": 5.0}], indirect=True)  # the client checks it every second
async def test_a_silent_clients_objects_are_closed_and_it_is_notified_of_each(make_peer: MakePeer) -> None:
    peer = await make_peer()
    link = await peer.open_transport("send")
    producer_id = await peer.produce(link.id, RECORDED)
    await until(lambda: peer.connected == [link.id])
    await link.close_silently()
    await until(lambda: len(peer.events) == 2)
    assert peer.events == [
        media.ProducerClosed(producer_id=producer_id, reason="transport_closed", transport_id=link.id),
        media.TransportClosed(transport_id=link.id, reason="ice_timeout"),
    ]

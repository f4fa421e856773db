"""Events of the core with fake ports."""

from __future__ import annotations

import pytest

from hubbub_contracts.bus import media
from hubbub_media_core import commands, events
from hubbub_media_node.domain.closures import PeerEvent
from hubbub_media_node.handlers.core_events import handle
from support.node_fakes import ROOM, NodeRig


@pytest.fixture
def rig() -> NodeRig:
    return NodeRig()


async def test_a_dtls_datagram_reaches_its_endpoint(rig: NodeRig) -> None:
    handle(rig.context, 0, events.DtlsReceived(3, b"datagram"))
    assert rig.dtls.datagrams == [(3, b"datagram")]


async def test_dtls_is_started_when_ice_is_connected(rig: NodeRig) -> None:
    states: tuple[events.IceState, ...] = ("new", "disconnected", "connected")
    for state in states:
        handle(rig.context, 0, events.IceSelected(3, state, ("192.0.2.1", 5000), "192.0.2.7", "udp"))
    assert rig.dtls.selected == [3]


async def test_a_silent_client_is_reported_until_it_sends_again(rig: NodeRig) -> None:
    transport = await rig.create_transport()

    def select(state: events.IceState) -> list[media.MediaEvent]:
        rig.publisher.events.clear()
        handle(rig.context, 0, events.IceSelected(transport.core_id, state, ("192.0.2.1", 5000), "192.0.2.7", "udp"))
        return [one.event for one in rig.publisher.events]

    assert select("disconnected") == select("connected") == [], "no connection before the handshake"
    transport.established = True
    assert select("connected") == []
    assert select("disconnected") == [media.TransportDisconnected(transport_id="transport")]
    assert select("disconnected") == []
    assert select("new") == [], "its last pair is gone, for example a TCP connection"
    assert select("connected") == [media.TransportConnected(transport_id="transport")]


async def test_a_transport_closed_by_the_core_is_published_counted_and_removed(rig: NodeRig) -> None:
    transport = await rig.create_transport()
    handle(rig.context, 0, events.TransportClosed(transport.core_id, "ice_timeout"))
    closed = media.TransportClosed(transport_id="transport", reason="ice_timeout")
    assert rig.publisher.events == [PeerEvent(ROOM, "alice", closed)]
    assert rig.telemetry.closed == [closed]
    assert rig.dtls.on_failed == {}
    assert not rig.context.entities.transports


async def test_the_last_transport_closes_the_router_and_unfollows_the_room(rig: NodeRig) -> None:
    first, second = await rig.create_transport(), await rig.create_transport("bob", transport_id="second")
    router = rig.router().core_id
    handle(rig.context, 0, events.TransportClosed(first.core_id, "ice_timeout"))
    assert rig.sent(commands.CloseRouter) == []
    handle(rig.context, 0, events.TransportClosed(second.core_id, "ice_timeout"))
    assert rig.sent(commands.CloseRouter) == [commands.CloseRouter(router=router)]
    assert rig.replicas.projections == {}


async def test_a_router_that_cannot_be_closed_does_not_stop_the_event(rig: NodeRig) -> None:
    transport = await rig.create_transport()
    rig.core.errors[commands.CloseRouter] = "closed"
    handle(rig.context, 0, events.TransportClosed(transport.core_id, "internal"))
    assert not rig.context.entities.rooms

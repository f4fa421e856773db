"""The grace period of a lost socket ends early when the media proves that the client is gone."""

from __future__ import annotations

import asyncio

import pytest

from hubbub_contracts import HubbubError
from hubbub_contracts.bus.node import DescribePeer, PeerDescription, ProducerDescription, TransportDescription
from hubbub_contracts.bus.records import Leaving, Placement
from hubbub_signaling.domain.claim import Claim
from hubbub_signaling.domain.media_silence import RECEIVER_SILENCE, SENDER_SILENCE, SETTLE_DELAY
from hubbub_signaling.handlers.membership import RoomMembership
from hubbub_signaling.handlers.reconnect_grace import ReconnectGrace
from hubbub_signaling.handlers.room_hub import RoomHub
from support.fake_ports import FakeSubscription
from support.signaling_fakes import GRACE, NODE, OTHER_NODE, FakeBackend, peer_record, unavailable


def membership(backend: FakeBackend, placement: Placement | None = NODE) -> RoomMembership:
    hub = RoomHub("room", backend)
    hub.view.peers["ann"] = peer_record("ann", placement=placement)
    return RoomMembership(hub, "ann", Claim("here", "claim"), None, "secret", FakeSubscription())


def described(*, packets: int, sends: bool = True, connected: bool = True) -> PeerDescription:
    """A peer with one transport that has received `packets`, and a producer if it `sends`."""
    producer = ProducerDescription(producer_id="camera", transport_id="up", kind="video", paused=False)
    return PeerDescription(
        transports=[TransportDescription(transport_id="up", direction="send", connected=connected)],
        producers=[producer] if sends else [],
        consumers=[],
        packets_received=packets,
    )


class Expiry:
    """Records when it was called."""

    def __init__(self) -> None:
        self.at: list[float] = []

    async def __call__(self) -> None:
        self.at.append(asyncio.get_running_loop().time())


SILENT_SENDER = [described(packets=5), described(packets=5)]


@pytest.mark.parametrize(
    ("check_media", "placement", "descriptions", "expires_at"),
    [
        pytest.param(False, NODE, SILENT_SENDER, GRACE, id="media is not checked"),
        pytest.param(True, NODE, SILENT_SENDER, SETTLE_DELAY + SENDER_SILENCE, id="a sender is silent"),
        pytest.param(True, NODE, [described(packets=5), described(packets=6)], GRACE, id="a sender still sends"),
        pytest.param(
            True,
            NODE,
            [described(packets=5, sends=False)] * 2,
            SETTLE_DELAY + RECEIVER_SILENCE,
            id="a receiver is silent",
        ),
        pytest.param(
            True, NODE, [described(packets=0, sends=False, connected=False)], GRACE, id="silence proves nothing"
        ),
        pytest.param(True, NODE, [unavailable()], GRACE, id="the node does not answer"),
        pytest.param(True, NODE, [described(packets=5), unavailable()], GRACE, id="the node is lost during the check"),
        pytest.param(True, None, SILENT_SENDER, GRACE, id="the peer has no node"),
    ],
)
async def test_the_period_ends_early_when_the_media_ended_with_the_socket(
    check_media: bool,
    placement: Placement | None,
    descriptions: list[PeerDescription | HubbubError],
    expires_at: float,
) -> None:
    backend, expiry = FakeBackend(), Expiry()
    backend.answers[DescribePeer] = [*descriptions]
    grace = ReconnectGrace(backend, GRACE)
    grace.start(membership(backend, placement), expiry, check_media=check_media)
    await grace.drain()
    assert expiry.at == pytest.approx([expires_at])


@pytest.mark.parametrize(("later", "expires_at"), [(5, SETTLE_DELAY + SENDER_SILENCE), (6, GRACE)])
async def test_a_peer_that_moves_is_silent_when_it_is_on_both_nodes(later: int, expires_at: float) -> None:
    backend, expiry = FakeBackend(), Expiry()
    moving = membership(backend, OTHER_NODE)
    peers = moving.hub.view.peers
    peers["ann"] = peers["ann"].model_copy(update={"leaving": Leaving(placement=NODE, deadline=0)})
    backend.nodes[OTHER_NODE] = {DescribePeer: described(packets=5, sends=False)}
    backend.answers[DescribePeer] = [described(packets=5), described(packets=later)]
    grace = ReconnectGrace(backend, GRACE)
    grace.start(moving, expiry, check_media=True)
    await grace.drain()
    assert expiry.at == pytest.approx([expires_at])


async def test_a_check_that_takes_too_long_does_not_extend_the_period() -> None:
    backend, expiry = FakeBackend(), Expiry()

    async def hang(_: DescribePeer) -> PeerDescription:
        await asyncio.sleep(10 * GRACE)
        return described(packets=5)

    backend.answers[DescribePeer] = hang
    grace = ReconnectGrace(backend, GRACE)
    grace.start(membership(backend), expiry, check_media=True)
    await grace.drain()
    assert expiry.at == [GRACE]


async def test_a_cancelled_period_does_not_expire() -> None:
    backend = FakeBackend()
    grace = ReconnectGrace(backend, GRACE)
    kept, cancelled = membership(backend), membership(backend)
    expiries = {one: Expiry() for one in (kept, cancelled)}
    for one, expiry in expiries.items():
        grace.start(one, expiry, check_media=False)
    await asyncio.sleep(1)
    grace.cancel(cancelled)
    await grace.drain()
    assert (len(expiries[kept].at), len(expiries[cancelled].at)) == (1, 0)


async def test_cancel_does_not_interrupt_an_expiry_that_has_begun() -> None:
    backend, done = FakeBackend(), []
    grace = ReconnectGrace(backend, GRACE)
    ann = membership(backend)

    async def on_expired() -> None:
        grace.cancel(ann)
        await asyncio.sleep(1)
        done.append(True)

    grace.start(ann, on_expired, check_media=False)
    await grace.drain()
    assert done == [True]


async def test_the_period_ends_although_the_check_of_the_media_fails_unexpectedly() -> None:
    backend, expiry = FakeBackend(), Expiry()

    async def fail(_: DescribePeer) -> PeerDescription:
        raise RuntimeError("a bug")

    backend.answers[DescribePeer] = fail
    ReconnectGrace(backend, GRACE).start(membership(backend), expiry, check_media=True)
    await asyncio.sleep(2 * GRACE)
    assert len(expiry.at) == 1

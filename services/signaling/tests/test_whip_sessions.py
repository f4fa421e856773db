"""WHIP sessions on fakes: what ends them, what replaces them, and what a refused publication leaves."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from hubbub_access import LEEWAY
from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.media import MediaEvent, ProducerClosed, TransportClosed
from hubbub_contracts.bus.node import DescribePeer, PeerDescription, TransportDescription
from hubbub_contracts.bus.peer import ClaimPeer
from hubbub_contracts.bus.producer import AddProducer
from hubbub_contracts.bus.records import Placement
from hubbub_contracts.bus.transport import (
    CreateTransport,
)
from hubbub_signaling.domain.media_access import ENCODER, PLAYER, MediaAccess
from hubbub_signaling.domain.whep_slots import Subject
from hubbub_signaling.handlers.http_session import CreatedSession
from hubbub_signaling.handlers.whip.sessions import WhipSessions
from support.http_media_fakes import OFFER, RECEIVING_OFFER, HttpMediaRig
from support.python_sdk import until
from support.signaling_fakes import peer_record, unavailable


async def missing(sessions: WhipSessions, published: CreatedSession) -> bool:
    """Whether the session URL is answered `not_found`."""
    try:
        await sessions.find(ENCODER, "room", published.key)
    except HubbubError as error:
        return error.code is ErrorCode.NOT_FOUND
    return False


async def test_a_publisher_is_a_peer() -> None:
    rig = HttpMediaRig()
    published = await rig.publish()
    [join] = rig.joins
    assert (join.user_id, join.display_name, join.whip, join.role) == ("camera", "camera", True, "participant")
    added = [one for one in rig.backend.registry_requests if isinstance(one, AddProducer)]
    assert [(one.kind, one.app_data) for one in added] == [
        ("audio", {"source": "microphone"}),
        ("video", {"source": "camera"}),
    ]
    assert published.etag == "ours"
    assert not await missing(rig.whip, published)


async def test_publishers_and_viewers_are_in_the_region_of_the_instance() -> None:
    rig = HttpMediaRig(region="eu")
    await rig.publish()
    await rig.whep.watch(PLAYER, "room", Subject(), RECEIVING_OFFER)
    assert [(join.role, join.region) for join in rig.joins] == [("participant", "eu"), ("viewer", "eu")]


def transport_id(rig: HttpMediaRig) -> str:
    [created] = [one for one in rig.backend.node_requests if isinstance(one, CreateTransport)]
    return created.transport_id


def producer_id(rig: HttpMediaRig) -> str:
    return next(one.producer_id for one in rig.backend.registry_requests if isinstance(one, AddProducer))


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(lambda rig: TransportClosed(transport_id=transport_id(rig), reason="ice_timeout"), id="silent"),
        pytest.param(lambda rig: ProducerClosed(producer_id=producer_id(rig), reason="internal"), id="producer"),
    ],
)
async def test_a_session_ends_with_its_media(event: Callable[[HttpMediaRig], MediaEvent]) -> None:
    rig = HttpMediaRig()
    published = await rig.publish()
    [join] = rig.joins
    rig.backend.answers[ClaimPeer] = HubbubError(ErrorCode.NOT_FOUND, "no such peer")
    rig.backend.media[join.peer_id].on_event(event(rig))
    assert await missing(rig.whip, published)
    await until(lambda: rig.left() == [join.peer_id])
    await until(lambda: len(rig.whip) == rig.manager.serving == rig.backend.open_subscriptions() == 0)


async def test_a_session_ends_when_its_peer_is_moved_to_another_node() -> None:
    rig = HttpMediaRig()
    published = await rig.publish()
    [join] = rig.joins
    rig.backend.answers[ClaimPeer] = HubbubError(ErrorCode.NOT_FOUND, "no such peer")
    moved = rig.backend.peers[join.peer_id].model_copy(update={"placement": Placement(node_id="another", epoch=1)})
    rig.backend.change_peer(join.peer_id, moved)
    assert await missing(rig.whip, published)
    await until(lambda: rig.left() == [join.peer_id])


async def test_a_new_publication_removes_the_former_of_its_identity() -> None:
    rig = HttpMediaRig()
    participant = peer_record("participant", room_id="cm9vbQ").model_copy(update={"user_id": "camera"})
    former = participant.model_copy(update={"peer_id": "former", "whip": True})
    other = former.model_copy(update={"peer_id": "other", "user_id": "another"})
    rig.backend.peers = {one.peer_id: one for one in (participant, former, other)}
    await rig.publish()
    await until(lambda: rig.left() == ["former"])


async def test_a_refused_publication_does_not_remove_the_former() -> None:
    rig = HttpMediaRig()
    rig.backend.peers["former"] = peer_record("former", room_id="cm9vbQ").model_copy(
        update={"user_id": "camera", "whip": True}
    )
    rig.backend.answers[CreateTransport] = unavailable()
    with pytest.raises(HubbubError, match="unreachable"):
        await rig.publish()
    [join] = rig.joins
    await until(lambda: rig.left() == [join.peer_id])
    await until(lambda: len(rig.whip) == rig.manager.serving == rig.backend.open_subscriptions() == 0)


@pytest.mark.parametrize(
    ("offer", "code"),
    [("v=0\r\n", ErrorCode.INVALID_ARGUMENT), (OFFER.replace("H264/", "H265/"), ErrorCode.UNSUPPORTED)],
)
async def test_an_offer_that_is_refused_joins_no_room(offer: str, code: ErrorCode) -> None:
    rig = HttpMediaRig()
    with pytest.raises(HubbubError) as refused:
        await rig.whip.publish(ENCODER, "room", "camera", offer)
    assert refused.value.code is code
    assert rig.joins == []


async def test_a_session_url_of_another_instance_is_taken_over() -> None:
    rig, elsewhere = HttpMediaRig(), HttpMediaRig()
    published = await elsewhere.publish()
    rig.backend.answers[DescribePeer] = PeerDescription(
        transports=[
            TransportDescription(transport_id="t", direction="send", connected=True, ice_username_fragment="restarted")
        ],
        producers=[],
        consumers=[],
    )
    session = await rig.whip.find(ENCODER, "room", published.key)
    assert (session.transport_id, session.etag, session.client_ufrag) == ("t", "restarted", None)
    assert await rig.whip.find(ENCODER, "room", published.key) is session
    [claim] = [one for one in rig.backend.registry_requests if isinstance(one, ClaimPeer)]
    assert claim.resume_digest is None, "the secret in the URL stays valid"
    await rig.whip.end(session)
    await until(lambda: rig.left() == [session.peer_id])


async def test_a_wrong_secret_is_not_found() -> None:
    rig = HttpMediaRig()
    published = await rig.publish()
    with pytest.raises(HubbubError, match="no such session"):
        await rig.whip.find(ENCODER, "room", f"{published.key}x")
    with pytest.raises(HubbubError, match="no such session"):
        await rig.whip.find(ENCODER, "room", "not a key")
    assert not await missing(rig.whip, published)


@pytest.mark.parametrize(
    ("token", "shown", "loopback", "allowed"),
    [
        (None, None, True, True),
        (None, None, False, False),
        (None, "anything", False, False),
        ("secret", None, True, False),
        ("secret", "wrong", True, False),
        ("secret", "secret", False, True),
    ],
)
def test_who_may_publish(token: str | None, shown: str | None, loopback: bool, allowed: bool) -> None:
    access = MediaAccess(token, ENCODER)
    if allowed:
        assert access.identify(shown, loopback=loopback, by_token=None) == ENCODER
        return
    with pytest.raises(HubbubError) as refused:
        access.identify(shown, loopback=loopback, by_token=None)
    assert refused.value.code is ErrorCode.UNAUTHENTICATED


async def test_a_publication_ends_when_its_access_token_expires() -> None:
    rig = HttpMediaRig()
    expired = replace(ENCODER, user_id="ann", expires_at=time.time() - LEEWAY + 1.0)
    published = await rig.whip.publish(expired, "room", "camera", OFFER)
    rig.backend.answers[ClaimPeer] = HubbubError(ErrorCode.NOT_FOUND, "no such peer")
    await until(lambda: len(rig.whip) == 0)
    assert await missing(rig.whip, published)
    await until(lambda: rig.left() == [rig.joins[0].peer_id])
    await until(lambda: rig.manager.serving == 0)

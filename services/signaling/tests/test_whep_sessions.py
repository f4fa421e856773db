"""WHEP sessions on fakes: what their media sections receive, and what ends them."""

from __future__ import annotations

import pytest

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.consumer import CloseConsumer, CreateConsumer
from hubbub_contracts.bus.media import TransportClosed
from hubbub_contracts.bus.peer import ClaimPeer
from hubbub_contracts.bus.records import PeerRecord, ProducerRecord
from hubbub_contracts.bus.speaker import ActiveSpeakerChanged
from hubbub_contracts.bus.transport import CreateTransport
from hubbub_contracts.volume import PeerVolume
from hubbub_signaling.domain.media_access import PLAYER
from hubbub_signaling.domain.whep_slots import Subject
from hubbub_signaling.handlers.http_session import CreatedSession
from support.http_media_fakes import OFFER, RECEIVING_OFFER, HttpMediaRig
from support.python_sdk import until
from support.signaling_fakes import peer_record, unavailable

ROOM_ID = "cm9vbQ"


def publisher(peer_id: str) -> PeerRecord:
    """A participant with a microphone and a camera, `<peer id>_mic` and `<peer id>_cam`."""
    producers = [
        ProducerRecord(producer_id=f"{peer_id}_mic", kind="audio", app_data={"source": "microphone"}, paused=False),
        ProducerRecord(producer_id=f"{peer_id}_cam", kind="video", app_data={"source": "camera"}, paused=False),
    ]
    return peer_record(peer_id, room_id=ROOM_ID).model_copy(update={"producers": producers})


def rig_with(*peer_ids: str) -> HttpMediaRig:
    rig = HttpMediaRig()
    rig.backend.peers = {peer_id: publisher(peer_id) for peer_id in peer_ids}
    return rig


async def watch(rig: HttpMediaRig, subject: Subject | None = None, offer: str = RECEIVING_OFFER) -> CreatedSession:
    return await rig.whep.watch(PLAYER, "room", subject or Subject(), offer)


def consumed(rig: HttpMediaRig) -> list[tuple[str, str | None]]:
    """The producers that were consumed, each with the MID of its media section."""
    return [(one.producer_id, one.answer_mid) for one in rig.backend.node_requests if isinstance(one, CreateConsumer)]


async def test_a_viewer_is_a_hidden_peer_that_receives_into_the_sections_of_its_offer() -> None:
    rig = rig_with("ann")
    watched = await watch(rig)
    [join] = rig.joins
    assert join.role == "viewer"
    assert consumed(rig) == [("ann_mic", "0"), ("ann_cam", "1")]
    assert watched.answer.count("a=sendonly") == 2
    assert "a=rtpmap:111 opus" in watched.answer, "the numbers are the offer's"


async def test_the_sections_follow_who_speaks() -> None:
    rig = rig_with("ann", "bob")
    await watch(rig)
    [feed] = rig.backend.speakers[ROOM_ID]
    feed.on_event(ActiveSpeakerChanged(speaker=PeerVolume(peer_id="bob", volume=-20)))
    await until(lambda: consumed(rig)[2:] == [("bob_mic", "0"), ("bob_cam", "1")])
    closed = [one for one in rig.backend.node_requests if isinstance(one, CloseConsumer)]
    assert len(closed) == 2, "a section has one consumer at a time"


async def test_a_peer_is_watched_whoever_speaks_and_when_it_publishes_later() -> None:
    rig = rig_with("ann", "bob")
    rig.backend.peers["bob"] = publisher("bob").model_copy(update={"producers": []})
    await watch(rig, Subject("bob"))
    assert consumed(rig) == []
    rig.backend.change_peer("bob", publisher("bob"))
    await until(lambda: consumed(rig) == [("bob_mic", "0"), ("bob_cam", "1")])


async def test_a_track_that_cannot_be_decoded_is_left_out() -> None:
    rig = rig_with("ann")
    rig.backend.answers[CreateConsumer] = HubbubError(ErrorCode.UNSUPPORTED, "no codec")
    await watch(rig)
    assert consumed(rig) == [("ann_mic", "0"), ("ann_cam", "1")], "each is tried once"


async def test_an_unknown_peer_and_a_refused_transport_leave_nothing() -> None:
    for subject, failure, code in (
        (Subject("dan"), None, ErrorCode.NOT_FOUND),
        (Subject(), unavailable(), ErrorCode.UNAVAILABLE),
    ):
        rig = rig_with("ann")
        if failure is not None:
            rig.backend.answers[CreateTransport] = failure
        with pytest.raises(HubbubError) as refused:
            await watch(rig, subject)
        assert refused.value.code is code
        await until(lambda rig=rig: rig.left() == [rig.joins[0].peer_id])  # type: ignore[misc]
        await until(
            lambda rig=rig: len(rig.whep) == rig.manager.serving == rig.backend.open_subscriptions() == 0  # type: ignore[misc]
        )


@pytest.mark.parametrize(("offer", "code"), [("v=0\r\n", ErrorCode.INVALID_ARGUMENT), (OFFER, ErrorCode.UNSUPPORTED)])
async def test_an_offer_that_is_refused_joins_no_room(offer: str, code: ErrorCode) -> None:
    rig = HttpMediaRig()
    with pytest.raises(HubbubError) as refused:
        await watch(rig, offer=offer)
    assert refused.value.code is code
    assert rig.joins == []


async def test_a_session_ends_once_by_its_url_and_with_its_transport() -> None:
    rig = rig_with("ann")
    first, second = await watch(rig), await watch(rig)
    await rig.whep.end(await rig.whep.find(PLAYER, "room", first.key))
    with pytest.raises(HubbubError, match="no such session"):
        await rig.whep.find(PLAYER, "room", first.key)
    peer_id = rig.joins[1].peer_id
    created = [one for one in rig.backend.node_requests if isinstance(one, CreateTransport)][1]
    rig.backend.answers[ClaimPeer] = HubbubError(ErrorCode.NOT_FOUND, "no such peer")
    rig.backend.media[peer_id].on_event(TransportClosed(transport_id=created.transport_id, reason="ice_timeout"))
    await until(lambda: len(rig.whep) == rig.manager.serving == rig.backend.open_subscriptions() == 0)
    with pytest.raises(HubbubError, match="no such session"):
        await rig.whep.find(PLAYER, "room", second.key)
    assert sorted(rig.left()) == sorted(one.peer_id for one in rig.joins)


async def test_a_wrong_secret_is_not_found() -> None:
    rig = rig_with("ann")
    watched = await watch(rig)
    for key in (f"{watched.key}x", "not a key"):
        with pytest.raises(HubbubError, match="no such session"):
            await rig.whep.find(PLAYER, "room", key)
    assert len(rig.whep) == 1

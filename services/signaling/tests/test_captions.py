"""Captions: who may switch them on, and what the people in a room hear of them."""

from __future__ import annotations

from hubbub_bus import NoResponders
from hubbub_contracts import ids
from hubbub_contracts.bus.captions import CaptionChanged, CaptionsLimited, StartCaptions, StopCaptions
from hubbub_contracts.bus.peer import LeaveRoom
from hubbub_contracts.bus.records import PeerRecord
from support.signaling_fakes import FakeClient, SignalingRig, code, peer_record, unavailable

ROOM_ID = ids.room_id("call")
SERVICE = peer_record("hidden", room_id=ROOM_ID, signaling_id="captions-1", claim_id="claim").model_copy(
    update={"role": "captions"}
)
PUSHED = {"peerId": "bob", "segmentId": "s-0", "text": "Hello", "final": False, "start": 1_000, "end": 1_500}


async def joined(*others: PeerRecord) -> tuple[SignalingRig, FakeClient]:
    """A client in a room with these peers, and what it was sent until then removed."""
    rig = SignalingRig()
    rig.backend.peers |= {each.peer_id: each for each in others}
    client = rig.client()
    await client.join()
    return rig, client


def states(client: FakeClient) -> list[dict[str, object]]:
    return [payload for event, payload in client.socket.sent if event == "captionsState"]


async def test_a_request_to_start_goes_to_any_instance_and_one_to_stop_to_that_in_the_room() -> None:
    rig, client = await joined()
    assert await client.ask("stopCaptions") == {}
    assert await client.ask("startCaptions") == {}
    rig.backend.change_peer("hidden", SERVICE)
    assert await client.ask("stopCaptions") == {}
    assert rig.backend.captions_requests == [
        (StartCaptions(room_id=ROOM_ID), None),
        (StopCaptions(room_id=ROOM_ID), "captions-1"),
    ]


async def test_the_hidden_peer_of_an_instance_that_died_is_removed() -> None:
    rig, client = await joined(SERVICE)
    rig.backend.answers[StopCaptions] = NoResponders("captions-1")
    assert await client.ask("stopCaptions") == {}
    leave = LeaveRoom(room_id=ROOM_ID, peer_id="hidden", reason="removed", claim_id="claim")
    assert rig.backend.registry_requests[-1] == leave


async def test_an_installation_without_captions_refuses() -> None:
    rig, client = await joined()
    rig.backend.answers[StartCaptions] = unavailable()
    assert code(await client.ask("startCaptions")) == "unavailable"


async def test_captions_that_the_operator_has_switched_off_are_not_allowed() -> None:
    rig = SignalingRig(captions=False)
    client = rig.client()
    assert code(await client.ask("startCaptions")) == "invalid_state", "not in a room"
    await client.join()
    for event in ("startCaptions", "stopCaptions"):
        assert code(await client.ask(event)) == "not_allowed"
    assert rig.backend.captions_requests == []


async def test_the_room_sees_when_captions_begin_and_end_and_not_the_peer_that_makes_them() -> None:
    rig, client = await joined()
    rig.backend.change_peer("hidden", SERVICE)
    rig.backend.change_peer("second", SERVICE.model_copy(update={"peer_id": "second"}))
    rig.backend.change_peer("hidden", None)
    rig.backend.change_peer("second", None)
    assert states(client) == [{"on": True, "limited": False}, {"on": False, "limited": False}]
    assert client.socket.pushes() == ["captionsState", "captionsState"]


async def test_who_joins_or_resumes_learns_whether_there_are_captions() -> None:
    rig, first = await joined()
    answer = await rig.client().join(resumable=True)
    assert "captions" not in answer
    rig.backend.change_peer("hidden", SERVICE)
    rig.backend.captions_feeds[ROOM_ID].on_event(CaptionsLimited(limited=True))
    assert (await rig.client().join())["captions"] == {"limited": True}
    resumed = await rig.client().ask("resume", {"resumeToken": answer["resumeToken"]})
    assert resumed["captions"] == {"limited": True}
    assert [each["limited"] for each in states(first)] == [False, True]


async def test_what_is_said_is_pushed_to_everybody() -> None:
    rig, client = await joined(SERVICE)
    rig.backend.captions_feeds[ROOM_ID].on_event(CaptionChanged.model_validate(PUSHED))
    assert client.socket.sent[-1] == ("captions", PUSHED)


async def test_the_room_hears_when_captions_are_limited_and_complete_again() -> None:
    rig, client = await joined(SERVICE)
    for limited in (True, True, False):
        rig.backend.captions_feeds[ROOM_ID].on_event(CaptionsLimited(limited=limited))
    assert [each["limited"] for each in states(client)] == [True, False]

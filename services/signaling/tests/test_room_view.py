"""The differences that changes and snapshots make to a room's view."""

from __future__ import annotations

from typing import NoReturn

import pytest

from hubbub_contracts.bus.records import PeerRecord, Placement, ProducerRecord, RoomRecord
from hubbub_contracts.socket.recording import RunningRecording
from hubbub_room import FeedChange, PeerChanged, RoomState, SettingsChanged
from hubbub_signaling.domain.room_view import (
    PeerAdded,
    PeerClaimed,
    PeerRemoved,
    PlacementChanged,
    ProducerAdded,
    ProducerPauseChanged,
    ProducerRemoved,
    RecordingStarted,
    RecordingStopped,
    RoomRemoved,
    RoomView,
    ViewChange,
)

ROOM = RoomRecord(room_id="r", call_id="r", codec_profile="v1", created_at=0)
CAMERA = ProducerRecord(producer_id="camera", kind="video", app_data={}, paused=False)
PAUSED = CAMERA.model_copy(update={"paused": True})
NODE, RESTARTED = Placement(node_id="n", epoch=1), Placement(node_id="n", epoch=2)


def peer(peer_id: str, *producers: ProducerRecord, placement: Placement | None = NODE, by: str = "s") -> PeerRecord:
    return PeerRecord(
        room_id="r",
        peer_id=peer_id,
        user_id=peer_id,
        display_name=peer_id,
        app_data={},
        joined_at=0,
        signaling_id=by,
        placement=placement,
        producers=list(producers),
    )


def state(*peers: PeerRecord, revision: int = 10) -> RoomState:
    return RoomState(ROOM, {peer.peer_id: peer for peer in peers}, revision)


def view(*peers: PeerRecord) -> RoomView:
    made = RoomView()
    made.adopt(state(*peers))
    return made


ANN, ANN_WITH_CAMERA, ANN_PAUSED = peer("ann"), peer("ann", CAMERA), peer("ann", PAUSED)
MOVED, CLAIMED = peer("ann", placement=RESTARTED), peer("ann", by="other")


@pytest.mark.parametrize(
    ("before", "change", "differences"),
    [
        pytest.param(
            None,
            PeerChanged(11, "ann", ANN_WITH_CAMERA, ""),
            [PeerAdded(ANN_WITH_CAMERA), ProducerAdded(ANN_WITH_CAMERA, CAMERA)],
            id="a peer is added before its producers",
        ),
        pytest.param(
            ANN_WITH_CAMERA,
            PeerChanged(11, "ann", None, "left"),
            [ProducerRemoved(ANN_WITH_CAMERA, CAMERA), PeerRemoved(ANN_WITH_CAMERA, "left")],
            id="a peer's producers are removed before the peer",
        ),
        pytest.param(None, PeerChanged(11, "ann", None, "left"), [], id="an unknown peer is removed"),
        pytest.param(
            ANN_WITH_CAMERA,
            PeerChanged(11, "ann", ANN_PAUSED, ""),
            [ProducerPauseChanged(ANN_PAUSED, PAUSED)],
            id="a producer is paused",
        ),
        pytest.param(
            ANN_WITH_CAMERA,
            PeerChanged(11, "ann", MOVED, ""),
            [ProducerRemoved(MOVED, CAMERA), PlacementChanged(MOVED, ANN_WITH_CAMERA)],
            id="a moved peer's producers are removed first",
        ),
        pytest.param(
            ANN, PeerChanged(11, "ann", CLAIMED, ""), [PeerClaimed(CLAIMED)], id="another instance claims the peer"
        ),
        pytest.param(None, SettingsChanged(11, None, "room_closed"), [RoomRemoved("room_closed")], id="room removed"),
        pytest.param(None, SettingsChanged(11, ROOM, ""), [], id="settings change"),
    ],
)
def test_a_change_yields_its_differences(
    before: PeerRecord | None, change: FeedChange, differences: list[ViewChange]
) -> None:
    known = view(before) if before else view()
    assert known.apply(change) == differences
    assert known.revision == 11


def test_a_snapshot_yields_the_changes_that_were_missed() -> None:
    bob, eve = peer("bob"), peer("eve")
    known = view(ANN_WITH_CAMERA, bob)
    changes = known.adopt(state(ANN, eve, revision=20))
    assert changes == [PeerRemoved(bob, "disconnected"), ProducerRemoved(ANN, CAMERA), PeerAdded(eve)]
    assert known.revision == 20


def test_a_snapshot_of_a_recreated_bucket_is_adopted() -> None:
    known = view(ANN)
    assert known.adopt(state(ANN, revision=3)) == []
    assert known.revision == 3


def test_a_room_that_the_registry_does_not_know_is_lost() -> None:
    known = view(ANN_WITH_CAMERA)
    assert known.remove() == [RoomRemoved("lost")]
    assert known.room is None
    assert (known.peers, known.producer("camera")) == ({}, None), "a room of the same id would have them"


def test_a_producer_is_found_with_its_peer() -> None:
    known = view(ANN_WITH_CAMERA)
    assert known.producer("camera") == (ANN_WITH_CAMERA, CAMERA)
    assert known.producer("microphone") is None


def test_a_producer_is_found_while_its_peer_has_it() -> None:
    known = view(ANN)
    known.apply(PeerChanged(11, "ann", ANN_WITH_CAMERA, ""))
    assert known.producer("camera") == (ANN_WITH_CAMERA, CAMERA)
    known.apply(PeerChanged(12, "ann", ANN_PAUSED, ""))
    assert known.producer("camera") == (ANN_PAUSED, PAUSED)
    known.apply(PeerChanged(13, "ann", ANN, ""))
    assert known.producer("camera") is None
    known.adopt(state(ANN_WITH_CAMERA, revision=14))
    known.apply(PeerChanged(15, "ann", None, "left"))
    assert known.producer("camera") is None


def test_a_producer_is_found_without_a_scan_of_the_room() -> None:
    owner = peer("owner", CAMERA)
    known = view(*(peer(f"p{number}") for number in range(100)), owner)

    class Unscannable(dict[str, PeerRecord]):
        def values(self) -> NoReturn:
            raise AssertionError("the peers are scanned")

    known.peers = Unscannable(known.peers)
    assert known.producer("camera") == (owner, CAMERA)


RECORDING = RunningRecording(recording_id="recording", audio_only=False, started_at=1)


def recorder(peer_id: str) -> PeerRecord:
    return peer(peer_id).model_copy(update={"role": "recorder", "app_data": RECORDING.wire()})


def test_a_recording_lasts_from_its_first_recorder_to_its_last() -> None:
    seen = view(ANN)
    first, second = recorder("first"), recorder("second")
    assert seen.apply(PeerChanged(11, "first", first, "")) == [PeerAdded(first), RecordingStarted(RECORDING)]
    assert seen.apply(PeerChanged(12, "second", second, "")) == [PeerAdded(second)]
    assert seen.apply(PeerChanged(13, "first", None, "signaling_lost")) == [PeerRemoved(first, "signaling_lost")]
    ended = [PeerRemoved(second, "disk_full"), RecordingStopped("recording", "disk_full")]
    assert seen.apply(PeerChanged(14, "second", None, "disk_full")) == ended


def test_a_snapshot_tells_which_recordings_started_and_stopped() -> None:
    seen = view(ANN)
    assert RecordingStarted(RECORDING) in seen.adopt(state(ANN, recorder("first")))
    assert seen.adopt(state(ANN, recorder("first"))) == []
    assert RecordingStopped("recording", "disconnected") in seen.adopt(state(ANN))


def test_a_recorder_with_unknown_data_records_nothing() -> None:
    stranger = recorder("stranger").model_copy(update={"app_data": {"recordingId": 7}})
    assert view(ANN).apply(PeerChanged(11, "stranger", stranger, "")) == [PeerAdded(stranger)]

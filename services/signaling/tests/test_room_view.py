"""A room's view: what comes out of changes and of snapshots."""

from __future__ import annotations

from hubbub_contracts.bus.records import PeerRecord, Placement, ProducerRecord, RoomRecord
from hubbub_contracts.bus.room import RoomSnapshot
from hubbub_signaling.domain.room_view import (
    PeerCame,
    PeerPlaced,
    PeerTaken,
    PeerWent,
    ProducerCame,
    ProducerSwitched,
    ProducerWent,
    RoomView,
    RoomWent,
)

ROOM = RoomRecord(room_id="r", call_id="r", codec_profile="v1", created_at=0)
CAMERA = ProducerRecord(producer_id="camera", kind="video", app_data={}, paused=False)
NODE = Placement(node_id="n", epoch=1)


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


def view(*peers: PeerRecord, revision: int = 10) -> RoomView:
    made = RoomView()
    made.adopt(RoomSnapshot(room=ROOM, peers=list(peers), revision=revision))
    return made


def test_a_peer_comes_with_its_producers_after_it() -> None:
    ann = peer("ann", CAMERA)
    assert view().apply_peer(11, "ann", ann, "") == [PeerCame(ann), ProducerCame(ann, CAMERA)]


def test_a_peers_producers_go_before_the_peer() -> None:
    ann = peer("ann", CAMERA)
    assert view(ann).apply_peer(11, "ann", None, "left") == [ProducerWent(ann, CAMERA), PeerWent(ann, "left")]


def test_a_change_that_the_snapshot_holds_already_is_dropped() -> None:
    known = view(peer("ann"), revision=10)
    assert known.apply_peer(10, "ann", None, "left") == []
    assert "ann" in known.peers


def test_pausing_is_a_change_of_one_producer() -> None:
    after = peer("ann", CAMERA.model_copy(update={"paused": True}))
    assert view(peer("ann", CAMERA)).apply_peer(11, "ann", after, "") == [ProducerSwitched(after, after.producers[0])]


def test_moving_takes_the_producers_first() -> None:
    moved = peer("ann", placement=Placement(node_id="n", epoch=2))
    changes = view(peer("ann", CAMERA)).apply_peer(11, "ann", moved, "")
    assert changes == [ProducerWent(moved, CAMERA), PeerPlaced(moved, NODE)]


def test_a_session_that_changed_hands_is_told() -> None:
    taken = peer("ann", by="other")
    assert view(peer("ann")).apply_peer(11, "ann", taken, "") == [PeerTaken(taken)]


def test_a_new_snapshot_comes_out_as_the_changes_that_were_missed() -> None:
    ann, bob, eve = peer("ann", CAMERA), peer("bob"), peer("eve")
    known = view(ann, bob, revision=10)
    changes = known.adopt(RoomSnapshot(room=ROOM, peers=[peer("ann"), eve], revision=20))
    assert changes == [PeerWent(bob, "disconnected"), ProducerWent(peer("ann"), CAMERA), PeerCame(eve)]
    assert known.revision == 20


def test_a_snapshot_is_adopted_even_when_the_bucket_was_made_again() -> None:
    known = view(peer("ann"), revision=50)
    assert known.adopt(RoomSnapshot(room=ROOM, peers=[peer("ann")], revision=3)) == []
    assert known.revision == 3


def test_the_room_goes_with_its_settings() -> None:
    assert view().apply_settings(11, None, "room_closed") == [RoomWent("room_closed")]

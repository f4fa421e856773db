"""What a room's feed comes to."""

from hubbub_contracts.bus.records import PeerRecord, Placement, ProducerRecord
from hubbub_media_node.domain.room_view import Change, RoomView

HERE = Placement(node_id="here", epoch=5)


def record(peer_id: str, placement: Placement | None = HERE, producers: tuple[str, ...] = ()) -> PeerRecord:
    return PeerRecord(
        room_id="room",
        peer_id=peer_id,
        user_id="user",
        display_name="",
        app_data={},
        joined_at=0,
        signaling_id="signaling",
        placement=placement,
        producers=[ProducerRecord(producer_id=each, kind="audio", app_data={}, paused=False) for each in producers],
    )


def test_peers_and_producers_are_shown() -> None:
    view = RoomView(HERE)
    view.adopt([record("a", producers=("p",))], 10)
    assert view.shown() == {("peer", "a"), ("producer", "p")}
    view.change(Change(11, "a", record("a")))
    assert view.shown() == {("peer", "a")}


def test_a_removed_peer_is_gone() -> None:
    view = RoomView(HERE)
    view.adopt([record("a")], 10)
    assert view.change(Change(11, "a", None)) == {"a"}
    assert view.shown() == set()


def test_a_peer_on_another_node_or_in_a_newer_life_is_gone() -> None:
    view = RoomView(HERE)
    assert view.change(Change(1, "a", record("a", Placement(node_id="there", epoch=1)))) == {"a"}
    assert view.change(Change(2, "b", record("b", Placement(node_id="here", epoch=6)))) == {"b"}


def test_a_peer_without_a_placement_or_of_an_older_life_is_left_in_peace() -> None:
    view = RoomView(HERE)
    assert view.change(Change(1, "a", record("a", None))) == set()
    assert view.change(Change(2, "b", record("b", Placement(node_id="here", epoch=4)))) == set()


def test_changes_up_to_the_snapshot_are_in_it_and_newer_ones_stand_on_top() -> None:
    view = RoomView(HERE)
    view.change(Change(9, "old", None))
    view.change(Change(11, "new", record("new")))
    view.adopt([record("old")], 10)
    assert view.shown() == {("peer", "old"), ("peer", "new")}


def test_who_was_removed_during_a_gap_is_gone_with_the_next_snapshot() -> None:
    view = RoomView(HERE)
    view.adopt([record("a"), record("b")], 10)
    view.gap()
    assert not view.fresh
    assert view.adopt([record("a")], 12) == {"b"}
    assert view.fresh


def test_who_is_too_new_for_an_old_snapshot_is_not_gone() -> None:
    view = RoomView(HERE)
    view.adopt([], 10)
    view.change(Change(12, "a", record("a")))
    view.gap()
    assert view.adopt([], 11) == set()


def test_a_change_that_comes_twice_is_passed_over() -> None:
    view = RoomView(HERE)
    view.adopt([record("a")], 10)
    assert view.change(Change(10, "a", None)) == set()

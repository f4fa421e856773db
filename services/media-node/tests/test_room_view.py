"""The peers that have departed, and the objects that the room confirms."""

import pytest

from hubbub_contracts.bus.records import PeerRecord, Placement, ProducerRecord, RoomRecord
from hubbub_media_node.domain.room_view import RoomView
from hubbub_room import PeerChanged, RoomState, SettingsChanged

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


def state(revision: int, *records: PeerRecord) -> RoomState:
    settings = RoomRecord(room_id="room", call_id="call", codec_profile="v1", created_at=0)
    return RoomState(settings, {each.peer_id: each for each in records}, revision)


def written(sequence: int, peer: PeerRecord) -> PeerChanged:
    return PeerChanged(sequence, peer.peer_id, peer, "")


class Rig:
    """A view, and the peers that it has reported as departed."""

    def __init__(self) -> None:
        self.departed: set[str] = set()
        self.muted = 0
        """How often the view has reported that a source may be muted."""
        self.view = RoomView(HERE, self.departed.update, self._count_muted)

    def _count_muted(self) -> None:
        self.muted += 1


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_peers_and_producers_are_confirmed(rig: Rig) -> None:
    rig.view.adopt(state(10, record("a", producers=("p",))))
    assert rig.view.confirmed() == {("peer", "a"), ("producer", "p")}
    rig.view.apply(written(11, record("a")))
    assert rig.view.confirmed() == {("peer", "a")}
    assert rig.departed == set()


def test_a_removed_peer_has_departed(rig: Rig) -> None:
    rig.view.adopt(state(10, record("a")))
    rig.view.apply(PeerChanged(11, "a", None, "left"))
    assert rig.departed == {"a"}
    assert rig.view.confirmed() == set()


@pytest.mark.parametrize(
    ("placement", "departed"),
    [
        (Placement(node_id="there", epoch=1), {"a"}),
        (Placement(node_id="here", epoch=6), {"a"}),
        (HERE, set()),
        (Placement(node_id="here", epoch=4), set()),
        (None, set()),
    ],
    ids=["another node", "newer epoch", "here", "older epoch", "no placement"],
)
def test_a_peer_has_departed_when_another_incarnation_hosts_it(
    rig: Rig, placement: Placement | None, departed: set[str]
) -> None:
    rig.view.apply(written(1, record("a", placement)))
    assert rig.departed == departed
    other = Rig()
    other.view.adopt(state(1, record("a", placement)))
    assert other.departed == departed


def test_a_peer_that_was_removed_during_a_gap_has_departed(rig: Rig) -> None:
    rig.view.adopt(state(10, record("a"), record("b")))
    rig.view.adopt(state(12, record("a")))
    assert rig.departed == {"b"}


def test_a_peer_that_an_older_state_lacks_has_not_departed(rig: Rig) -> None:
    rig.view.adopt(state(10))
    rig.view.apply(written(12, record("a")))
    rig.view.adopt(state(11))
    assert rig.departed == set()
    assert rig.view.confirmed() == set()


def test_a_missing_room_confirms_nothing_and_reports_no_departure(rig: Rig) -> None:
    rig.view.adopt(state(10, record("a")))
    rig.view.room_not_found()
    assert rig.view.confirmed() == set()
    assert rig.departed == set()


def test_a_change_of_the_settings_departs_nobody(rig: Rig) -> None:
    rig.view.adopt(state(10, record("a")))
    rig.view.apply(SettingsChanged(11, None, "closed"))
    assert rig.departed == set()
    assert rig.view.confirmed() == {("peer", "a")}

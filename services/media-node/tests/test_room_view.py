"""The peers that have departed, and the objects that the room confirms."""

import pytest

from hubbub_contracts.bus.records import Leaving, PeerRecord, Placement, ProducerRecord, RoomRecord, Standby
from hubbub_media_node.domain.room_view import Movers, RoomView
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


THERE, THIRD = Placement(node_id="there", epoch=1), Placement(node_id="third", epoch=1)


def moving(
    peer_id: str, to: Placement, leaves: Placement, behind: tuple[str, ...] = (), there: tuple[str, ...] = ()
) -> PeerRecord:
    """A peer that moves, with producers that are still on the node that it leaves, and others."""
    moved = record(peer_id, to, (*behind, *there))
    producers = [
        each.model_copy(update={"placement": leaves}) if each.producer_id in behind else each
        for each in moved.producers
    ]
    leaving = Leaving(placement=leaves, deadline=0)
    return moved.model_copy(update={"producers": producers, "leaving": leaving, "make_before_break": True})


def test_a_peer_that_leaves_this_incarnation_has_not_departed(rig: Rig) -> None:
    rig.view.apply(written(1, moving("a", THERE, HERE)))
    assert rig.departed == set()
    assert rig.view.leaving == {"a"}
    assert rig.view.hosts("a")
    rig.view.apply(written(2, record("a", THERE)))
    assert rig.departed == {"a"}
    assert not rig.view.hosts("a")
    assert rig.view.leaving == set()


@pytest.mark.parametrize("leaves", [THIRD, Placement(node_id="here", epoch=4)], ids=["another node", "a former epoch"])
def test_a_peer_that_leaves_another_incarnation_has_departed(rig: Rig, leaves: Placement) -> None:
    rig.view.apply(written(1, moving("a", THERE, leaves)))
    assert rig.departed == {"a"}


@pytest.mark.parametrize(
    ("to", "leaves", "place", "here", "there"),
    [
        (THERE, HERE, "behind", False, False),
        (THERE, HERE, "there", True, False),
        (HERE, THERE, "behind", False, False),
        (HERE, THERE, "there", False, True),
        (THIRD, THERE, "behind", True, False),
        (THIRD, THERE, "there", True, True),
    ],
    ids=["to be left here", "left here", "to come here", "came here", "to be left there", "left there"],
)
def test_a_producer_has_left_a_node_when_the_room_has_it_elsewhere_and_its_peer_does_not_move_there(
    rig: Rig, to: Placement, leaves: Placement, place: str, here: bool, there: bool
) -> None:
    producers = {"behind": ("p",)} if place == "behind" else {"there": ("p",)}
    rig.view.apply(written(1, moving("a", to, leaves, **producers)))
    assert rig.view.has_left("p") is here
    assert rig.view.has_left("p", HERE) is here
    assert rig.view.has_left("p", THERE) is there
    assert not rig.view.has_left("unknown")


def test_a_producer_that_is_on_another_node_is_not_confirmed_here(rig: Rig) -> None:
    rig.view.apply(written(1, moving("a", HERE, THERE, behind=("p",), there=("q",))))
    assert rig.view.confirmed() == {("peer", "a"), ("producer", "q")}
    assert [rig.view.is_elsewhere(each) for each in ("p", "q", "unknown")] == [True, False, False]
    assert [each.record.producer_id for each in rig.view.remote_speech()] == ["p"]


def test_an_older_epoch_of_this_node_is_this_node(rig: Rig) -> None:
    rig.view.apply(written(1, record("a", Placement(node_id="here", epoch=4), ("p",))))
    assert not rig.view.has_left("p")
    assert ("producer", "p") in rig.view.confirmed()


def test_movers_are_those_who_leave_and_those_who_could(rig: Rig) -> None:
    able = {"make_before_break": True}
    rig.view.adopt(
        state(
            1,
            moving("leaves", THERE, HERE),
            moving("comes", HERE, THERE),
            moving("elsewhere", THIRD, THERE),
            record("stays").model_copy(update=able),
            record("cannot"),
            record("there", THERE).model_copy(update=able),
        )
    )
    assert rig.view.movers() == Movers(leaving=1, staying=2, coming=1)


def test_the_node_of_a_microphone_tells_who_speaks(rig: Rig) -> None:
    rig.view.apply(written(1, moving("a", THERE, HERE, behind=("p",))))
    assert rig.view.reports_speakers()
    rig.view.apply(written(2, moving("a", THERE, HERE, there=("p",))))
    assert not rig.view.reports_speakers()


def standing_by(
    peer_id: str, on: Placement, producers: tuple[str, ...] = (), copies: tuple[str, ...] = ()
) -> PeerRecord:
    """A peer of another node, with a standby."""
    return record(peer_id, THERE, producers).model_copy(update={"standby": Standby(placement=on, producers=[*copies])})


@pytest.mark.parametrize(
    ("on", "departed"),
    [(HERE, set()), (THIRD, {"a"}), (Placement(node_id="here", epoch=4), {"a"})],
    ids=["here", "another node", "a former epoch"],
)
def test_a_peer_stays_where_its_standby_is(rig: Rig, on: Placement, departed: set[str]) -> None:
    rig.view.apply(written(1, standing_by("a", on)))
    assert rig.departed == departed
    rig.view.apply(written(2, record("a", THERE)))
    assert rig.departed == {"a"}
    assert rig.view.standing_by == set()


def test_a_copy_is_confirmed_elsewhere_and_has_not_left(rig: Rig) -> None:
    rig.view.apply(written(1, standing_by("a", HERE, ("p", "q"), ("p",))))
    assert rig.view.confirmed() == {("peer", "a"), ("producer", "p")}
    assert rig.view.is_elsewhere("p")
    assert not rig.view.has_left("p")
    assert not rig.view.has_left("p", THERE)
    rig.view.apply(written(2, record("a", THERE, ("p", "q"))))
    assert rig.view.has_left("p")
    rig.view.adopt(state(3, record("a", HERE, ("p",))))
    assert (rig.view.is_elsewhere("p"), rig.view.has_left("p"), rig.view.has_left("p", THERE)) == (False, False, True)


@pytest.mark.parametrize(
    ("peer", "held"),
    [
        (record("a"), False),
        (record("a", None), False),
        (record("a", THERE), True),
        (standing_by("a", HERE), True),
        (moving("a", HERE, THERE), False),
        (moving("a", THERE, HERE), False),
        (moving("a", THERE, THIRD), True),
        (record("b", THERE), False),
    ],
    ids=["here", "no placement", "elsewhere", "standby", "comes", "leaves", "elsewhere and moves", "unknown"],
)
def test_who_is_elsewhere_and_does_not_leave_is_held(rig: Rig, peer: PeerRecord, held: bool) -> None:
    rig.view.apply(written(1, peer))
    assert rig.view.holds("a") is held


@pytest.mark.parametrize(
    ("now", "lost"),
    [
        (record("a", THIRD, ("p",)), True),
        (moving("a", THIRD, THERE, there=("p",)), False),
        (moving("a", THIRD, THERE, behind=("p",)), False),
        (record("a", THERE, ("p",)), False),
        (record("a", THIRD), False),
    ],
    ids=["promoted", "moved", "moves", "there", "closed"],
)
def test_a_node_that_a_peer_leaves_without_a_move_is_lost(rig: Rig, now: PeerRecord, lost: bool) -> None:
    rig.view.apply(written(1, record("a", THERE, ("p",))))
    rig.view.apply(written(2, now))
    assert rig.view.has_lost("p", THERE) is lost


def test_a_node_with_standbys_only_has_no_listeners(rig: Rig) -> None:
    rig.view.apply(written(1, standing_by("a", HERE, ("p",))))
    assert not rig.view.has_listeners()
    assert rig.view.counted_elsewhere == {"a"}
    assert rig.view.other_nodes() == [THERE]
    rig.view.apply(written(2, record("b")))
    assert rig.view.has_listeners()
    rig.view.apply(written(3, moving("b", THERE, HERE)))
    assert rig.view.has_listeners()
    rig.view.apply(written(4, record("b", THERE)))
    assert not rig.view.has_listeners()
    rig.view.apply(written(5, record("b").model_copy(update={"placement": None})))
    assert [rig.view.is_homeless(each) for each in ("a", "b", "unknown")] == [False, True, False]


def test_peers_are_confirmed_where_their_records_place_them(rig: Rig) -> None:
    peers = [
        record("here"),
        record("elsewhere", THERE),
        record("nowhere").model_copy(update={"placement": None}),
        moving("leaves", THERE, HERE),
        moving("left", HERE, THERE).model_copy(update={"placement": THERE, "leaving": None}),
        standing_by("stands-by", HERE),
        record("stands-by-there").model_copy(update={"placement": THERE, "standby": Standby(placement=THERE)}),
    ]
    rig.view.adopt(state(1, *peers))
    confirmed = {peer_id for kind, peer_id in rig.view.confirmed() if kind == "peer"}
    assert confirmed == {"here", "nowhere", "leaves", "stands-by"}


def test_a_standby_is_no_node_of_the_room_and_no_mover(rig: Rig) -> None:
    able = {"make_before_break": True}
    rig.view.apply(written(1, record("a").model_copy(update={"standby": Standby(placement=THERE)})))
    rig.view.apply(written(2, standing_by("b", HERE).model_copy(update=able)))
    assert rig.view.movers() == Movers()
    rig.view.apply(written(3, record("b").model_copy(update={"standby": Standby(placement=THERE)})))
    assert rig.view.other_nodes() == []

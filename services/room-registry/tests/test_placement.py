"""Where rooms and their peers are placed."""

from __future__ import annotations

import pytest

from hubbub_contracts.bus.node import NodeHeartbeat
from hubbub_contracts.bus.records import PeerRecord, Placement, Standby
from hubbub_registry.domain.incarnation import Timeouts
from hubbub_registry.domain.nodes import Nodes
from hubbub_registry.domain.placement import Placer
from hubbub_registry.domain.rooms import Room, Rooms
from support.registry_records import (
    MAX_BITRATE,
    MAX_PACKETS,
    A,
    B,
    encoded,
    heartbeat,
    nodes_with,
    peer_record,
    room_record,
    rooms_with,
)

C, D = Placement(node_id="c", epoch=3), Placement(node_id="d", epoch=4)


def room_of(rooms: Rooms) -> Room:
    room = rooms.get("r")
    assert room is not None
    return room


def place(
    nodes: Nodes, rooms: Rooms, count: int, limit: int | None = 800, region: str | None = None
) -> list[Placement]:
    """The placements of `count` more peers of the room, whose home is A."""
    placer = Placer(nodes, rooms, limit)
    return [placer.place_peer("r", room_of(rooms), A, region) for _ in range(count)]


def drain(nodes: Nodes, placement: Placement) -> None:
    beat = NodeHeartbeat(
        node_id=placement.node_id, epoch=placement.epoch, sent_at=0, draining=True, leased=True, workers=[]
    )
    nodes.heartbeat(beat, 0.0)


def test_rooms_are_spread_over_nodes_counting_those_just_placed() -> None:
    placer = Placer(nodes_with(A, B), Rooms(), None)
    placements = [placer.place_room(Room(), None) for _ in range(10)]
    assert (placements.count(A), placements.count(B)) == (5, 5)


def test_rooms_avoid_a_loaded_node() -> None:
    placer = Placer(nodes_with(A, B, cpu={"a": 0.9}), Rooms(), None)
    assert [placer.place_room(Room(), None) for _ in range(5)] == [B] * 5


def test_without_candidates_there_is_no_home() -> None:
    assert Placer(Nodes(Timeouts()), Rooms(), None).place_room(Room(), None) is None


def test_a_room_that_loses_its_home_gets_the_first_of_its_nodes() -> None:
    rooms = rooms_with(peer_record("one", placement=A), peer_record("two", placement=C), peer_record("three"))
    assert Placer(nodes_with(B, C, cpu={"c": 0.6}), rooms, 1).place_room(room_of(rooms), None) == C


@pytest.mark.parametrize("limit", [None, 4])
def test_a_small_room_stays_at_home(limit: int | None) -> None:
    assert place(nodes_with(A, B), rooms_with(peer_record("one")), 3, limit) == [A] * 3


def test_a_room_gets_the_least_loaded_other_node_once_its_nodes_are_full() -> None:
    nodes = nodes_with(A, B, C, cpu={"b": 0.2})
    assert place(nodes, rooms_with(peer_record("one")), 6, 2) == [A, C, C, B, B, C], "then the least loaded of them"


def test_a_place_that_becomes_free_is_taken_first() -> None:
    rooms = rooms_with(peer_record("one", placement=B), peer_record("two", placement=B))
    assert place(nodes_with(A, B, C), rooms, 1, 2) == [A]


@pytest.mark.parametrize(
    ("cpu", "expected"),
    [({"a": 0.8}, B), ({"a": 0.8, "b": 0.75}, A), ({"a": 0.8, "b": 0.9}, A), ({"a": 0.6}, A)],
    ids=["the other is idle", "both are busy", "the other is busier", "home is idle"],
)
def test_a_busy_node_gets_no_more_peers(cpu: dict[str, float], expected: Placement) -> None:
    assert place(nodes_with(A, B, cpu=cpu), rooms_with(peer_record("one")), 1, 800) == [expected]


@pytest.mark.parametrize(
    ("bitrate", "packets"), [(0.7 * MAX_BITRATE, 0.0), (0.0, 0.7 * MAX_PACKETS)], ids=["bits", "packets"]
)
def test_a_node_is_busy_by_what_its_network_carries_as_well(bitrate: float, packets: float) -> None:
    nodes, rooms = nodes_with(A, B, C), rooms_with(peer_record("one"))
    nodes.heartbeat(heartbeat(A, sent_bitrate=bitrate, packets=packets), 0.1)
    assert place(nodes, rooms, 1, 800) == [B]
    assert Placer(nodes, Rooms(), 800).place_room(Room(), None) == B, "the least loaded"
    assert standby(nodes, rooms, placement=B) == C
    nodes.heartbeat(heartbeat(C, sent_bitrate=bitrate, packets=packets), 0.1)
    assert standby(nodes, rooms, placement=B) is None
    nodes.heartbeat(heartbeat(A, sent_bitrate=0.9 * bitrate, packets=0.9 * packets), 0.1)
    assert place(nodes, rooms, 1, 800) == [A]
    assert standby(nodes, rooms, placement=B) == A


def test_without_a_limit_a_room_stays_on_a_busy_node() -> None:
    assert place(nodes_with(A, B, cpu={"a": 0.9}), rooms_with(peer_record("one")), 1, None) == [A]


def test_a_draining_node_gets_no_more_peers() -> None:
    nodes, rooms = nodes_with(A, B), rooms_with(peer_record("one"))
    drain(nodes, A)
    assert place(nodes, rooms, 1, 800) == [B]
    drain(nodes, B)
    assert place(nodes, rooms, 1, 800) == [A], "there is no other"


def test_a_home_that_misses_a_heartbeat_keeps_its_room() -> None:
    nodes, rooms = nodes_with(A, B), rooms_with(peer_record("one"))
    list(nodes.evaluate(0.5))
    assert place(nodes, rooms, 1, 800) == [A]


def test_hidden_peers_count() -> None:
    rooms = rooms_with(peer_record("one"), peer_record("recorder", role="recorder"), settings=room_record())
    assert place(nodes_with(A, B), rooms, 1, 2) == [B]


REGIONS = {"a": "eu", "b": "us", "c": "us"}


def test_a_peer_gets_a_node_of_its_region_although_the_room_is_not_there() -> None:
    nodes = nodes_with(A, B, C, regions=REGIONS, cpu={"b": 0.2})
    rooms = rooms_with(peer_record("one"))
    assert place(nodes, rooms, 1, region="us") == [C], "the least loaded there"
    assert place(nodes, rooms, 1, region="eu") == [A]
    assert place(nodes, rooms, 1) == [A]


def test_within_a_region_the_nodes_of_the_room_come_first_while_they_have_few_of_its_peers() -> None:
    nodes = nodes_with(A, B, C, regions=REGIONS, cpu={"b": 0.2})
    rooms = rooms_with(peer_record("one"), peer_record("two", placement=B))
    assert place(nodes, rooms, 3, 2, region="us") == [B, C, C]


def test_a_busy_node_of_the_region_comes_before_an_idle_one_elsewhere() -> None:
    nodes = nodes_with(A, B, regions=REGIONS, cpu={"b": 0.9})
    assert place(nodes, rooms_with(peer_record("one")), 2, 1, region="us") == [B, B]


def test_a_region_without_a_node_that_takes_work_is_no_refusal() -> None:
    nodes, rooms = nodes_with(A, B, regions=REGIONS), rooms_with(peer_record("one"))
    assert place(nodes, rooms, 1, region="mars") == [A]
    drain(nodes, B)
    assert place(nodes, rooms, 1, region="us") == [A]
    drain(nodes, A)
    assert place(nodes, rooms, 1, region="us") == [A], "there is no other"


def test_without_regions_of_nodes_the_region_of_a_peer_changes_nothing() -> None:
    nodes = nodes_with(A, B, C, cpu={"b": 0.2})
    rooms = rooms_with(peer_record("one"))
    assert place(nodes, rooms, 6, 2, region="us") == place(nodes, rooms, 6, 2)


def test_a_peer_without_a_region_prefers_no_node_that_has_none() -> None:
    nodes = nodes_with(A, B, regions={"a": "eu"})
    assert place(nodes, rooms_with(peer_record("one")), 1) == [A]
    nodes = nodes_with(A, B, regions={"a": "eu"}, cpu={"b": 0.5})
    assert Placer(nodes, Rooms(), 800).place_room(Room(), None) == A


def test_a_home_is_in_the_region_of_the_first_peer() -> None:
    nodes = nodes_with(A, B, C, regions=REGIONS, cpu={"b": 0.2})
    for limit in (None, 800):
        for region, home in (("us", C), ("eu", A), ("mars", A), (None, A)):
            assert Placer(nodes, Rooms(), limit).place_room(Room(), region) == home


def test_a_room_that_loses_its_home_stays_on_its_nodes_those_of_the_region_first() -> None:
    rooms = rooms_with(peer_record("one", placement=B), peer_record("two", placement=C))
    nodes = nodes_with(B, C, regions={"b": "eu", "c": "us"})
    homes = [Placer(nodes, rooms, 1).place_room(room_of(rooms), region) for region in ("us", "eu", "mars", None)]
    assert homes == [C, B, B, B]


def standby(
    nodes: Nodes, rooms: Rooms, limit: int | None = 800, region: str | None = None, placement: Placement = A
) -> Placement | None:
    """The best standby of a peer of the room that is there."""
    return next(iter(Placer(nodes, rooms, limit).rank_standbys(room_of(rooms), placement, region)), None)


def with_standby(peer_id: str, placement: Placement, of: Placement = A, room_id: str = "r") -> PeerRecord:
    peer = peer_record(peer_id, room_id, placement=of)
    return peer.model_copy(update={"standby": Standby(placement=placement)})


def test_a_standby_is_another_node_that_takes_rooms_and_is_idle() -> None:
    rooms, nodes = rooms_with(peer_record("one")), nodes_with(A, B, C, cpu={"b": 0.1})
    assert standby(nodes, rooms) == C, "the least loaded"
    assert standby(nodes_with(B, C), rooms, placement=Placement(node_id="c", epoch=2)) == B, "it is another machine"
    drain(nodes, C)
    assert standby(nodes, rooms) == B
    nodes.heartbeat(heartbeat(B, cpu=0.7), 1.0)
    assert standby(nodes, rooms) is None, "a busy one would be overloaded at the worst moment"
    assert standby(nodes_with(A), rooms) is None


def test_a_node_of_an_older_version_is_no_standby() -> None:
    rooms, nodes = rooms_with(peer_record("one", placement=A)), nodes_with(A, B)
    assert standby(nodes, rooms) == B
    nodes.heartbeat(heartbeat(B).model_copy(update={"has_standbys": False}), 2.0)
    assert standby(nodes, rooms) is None


def test_a_room_that_stays_on_one_node_has_no_standbys() -> None:
    assert standby(nodes_with(A, B), rooms_with(peer_record("one")), limit=None) is None


def test_a_standby_is_where_the_room_is_rather_than_in_the_region() -> None:
    nodes = nodes_with(A, B, C, D, regions={"b": "us", "c": "eu", "d": "eu"}, cpu={"b": 0.5, "d": 0.1})
    assert standby(nodes, rooms_with(peer_record("one")), region="eu") == C
    assert standby(nodes, rooms_with(peer_record("one"), peer_record("two", placement=B)), region="eu") == B
    assert standby(nodes, rooms_with(peer_record("one"), with_standby("two", B)), region="eu") == B
    elsewhere = rooms_with(peer_record("one", placement=C), settings=room_record(placement=B))
    assert standby(nodes, elsewhere, region="eu", placement=C) == B, "its home counts without peers"


def test_standbys_share_a_node_as_peers_do() -> None:
    nodes = nodes_with(A, B, C)
    assert standby(nodes, rooms_with(peer_record("one"), peer_record("two", placement=B)), limit=2) == B
    full = rooms_with(peer_record("one"), peer_record("two", placement=B), with_standby("three", B))
    assert standby(nodes, full, limit=2) == C
    drain(nodes, C)
    assert standby(nodes, full, limit=2) == B, "rather than none"


def test_standbys_of_many_rooms_are_spread() -> None:
    rooms = rooms_with(peer_record("one"))
    for number in range(3):
        rooms.apply_settings(f"r{number}", encoded(room_record(f"r{number}")), 10 + number, 0.0)
        other = with_standby("two", B, room_id=f"r{number}")
        rooms.apply_peer(other.room_id, "two", encoded(other), 20 + number, 0.0)
    assert standby(nodes_with(A, B, C), rooms) == C

"""What the server API tells of a room's media nodes."""

from __future__ import annotations

from hubbub_contracts.bus.records import Placement
from hubbub_contracts.bus.room import GetRoom
from hubbub_contracts.bus.rtc_stats import ReadRoomTransports
from hubbub_contracts.rtc_stats import RoomTransports, TransportCounters
from hubbub_signaling.handlers import rooms
from support.signaling_fakes import NODE, FakeBackend, peer_record, unavailable


def counters(peer_id: str) -> TransportCounters:
    return TransportCounters(peer_id=peer_id, transport_id=f"of-{peer_id}", timestamp=1, bytes_received=2, bytes_sent=3)


def backend_with(*peers: str, placement: Placement | None = NODE) -> FakeBackend:
    backend = FakeBackend()
    backend.peers = {each: peer_record(each, placement=placement) for each in peers}
    backend.answers[GetRoom] = backend.snapshot()
    return backend


async def test_each_peer_has_its_placement() -> None:
    [shown] = (await rooms.list_peers(backend_with("ann"), "room")).peers
    assert shown.placement == NODE
    [unplaced] = (await rooms.list_peers(backend_with("ann", placement=None), "room")).peers
    assert unplaced.placement is None


async def test_transports_of_participants_only() -> None:
    backend = backend_with("ann", "recorder")
    backend.peers["recorder"] = backend.peers["recorder"].model_copy(update={"role": "recorder"})
    backend.answers[GetRoom] = backend.snapshot()
    backend.answers[ReadRoomTransports] = RoomTransports(
        transports=[counters("ann"), counters("recorder"), counters("gone")]
    )
    listed = (await rooms.list_transports(backend, "room")).transports
    assert [each.peer_id for each in listed] == ["ann"]
    assert backend.node_requests == [ReadRoomTransports(room_id="room")], "each node is asked once"


async def test_a_node_that_does_not_answer_is_left_out() -> None:
    backend = backend_with("ann")
    backend.answers[ReadRoomTransports] = unavailable()
    assert (await rooms.list_transports(backend, "room")).transports == []

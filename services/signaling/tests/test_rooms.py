"""What the server API tells of a room's media nodes."""

from __future__ import annotations

from typing import Any

from hubbub_contracts import ids
from hubbub_contracts.bus.records import Leaving, Placement, ProducerRecord
from hubbub_contracts.bus.room import GetRoom, ListedRoom, ListRooms, RoomPage
from hubbub_contracts.bus.rtc_stats import ReadRoomTransports
from hubbub_contracts.rtc_stats import PipeEnd, RoomPipe, RoomTransports, TransportCounters
from hubbub_signaling.domain.reported_pipes import join_reports
from hubbub_signaling.handlers import rooms
from support.signaling_fakes import NODE, OTHER_NODE, FakeBackend, peer_record, unavailable


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


async def test_a_room_is_shown_with_all_its_nodes() -> None:
    backend = backend_with("ann", "ben", "eve")
    backend.room = backend.room.model_copy(update={"room_id": ids.room_id("standup"), "placement": NODE})
    backend.peers["ben"] = backend.peers["ben"].model_copy(update={"placement": OTHER_NODE})
    backend.answers[GetRoom] = snapshot = backend.snapshot()
    assert (await rooms.get(backend, "room")).nodes == [NODE.node_id, OTHER_NODE.node_id]

    listed = ListedRoom(room=snapshot.room, participants=3, waiting=0, nodes=["node", "third"])
    of_an_older_registry = ListedRoom(room=snapshot.room, participants=3, waiting=0)
    backend.answers[ListRooms] = RoomPage(rooms=[listed, of_an_older_registry])
    page = await rooms.list_rooms(backend, None, None, 20)
    assert [each.nodes for each in page.rooms] == [["node", "third"], ["node"]]


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


async def test_transports_of_a_peer_that_moves_are_asked_of_both_nodes() -> None:
    backend = backend_with("ann")
    leaving = Leaving(placement=NODE, deadline=0)
    backend.peers["ann"] = backend.peers["ann"].model_copy(update={"placement": OTHER_NODE, "leaving": leaving})
    backend.answers[GetRoom] = backend.snapshot()
    backend.nodes[OTHER_NODE] = {}
    backend.answers[ReadRoomTransports] = RoomTransports(transports=[counters("ann")])
    listed = (await rooms.list_transports(backend, "room")).transports
    assert [each.peer_id for each in listed] == ["ann", "ann"]
    assert set(backend.asked) == {NODE, OTHER_NODE}


async def test_a_node_that_does_not_answer_is_left_out() -> None:
    backend = backend_with("ann")
    backend.answers[ReadRoomTransports] = unavailable()
    assert (await rooms.list_transports(backend, "room")).transports == []


def pipe(producer_id: str, origin: PipeEnd, target: PipeEnd, **more: Any) -> RoomPipe:
    return RoomPipe(producer_id=producer_id, origin=origin, target=target, **{"encodings": [True], **more})


HERE, OTHER, ELSEWHERE = PipeEnd(node_id="a", worker=0), PipeEnd(node_id="a", worker=1), PipeEnd(node_id="b", worker=3)


def test_what_two_nodes_report_of_a_pipe_is_joined() -> None:
    sent = pipe("camera", HERE, PipeEnd(node_id="b"), encodings=[True, False])
    received = pipe("camera", PipeEnd(node_id="a"), ELSEWHERE, encodings=[True, True], bitrate=7, connected=False)
    joined = pipe("camera", HERE, ELSEWHERE, encodings=[True, False], bitrate=7, connected=False)
    assert join_reports([sent, received]) == join_reports([received, sent]) == [joined]
    assert join_reports([received]) == [received]


def test_pipes_to_two_workers_or_two_nodes_are_two() -> None:
    third = PipeEnd(node_id="a", worker=2)
    to_nodes = [pipe("camera", HERE, PipeEnd(node_id=name)) for name in ("b", "c")]
    seen = [pipe("camera", HERE, OTHER), pipe("camera", HERE, third), *to_nodes, pipe("screen", HERE, OTHER)]
    assert join_reports(seen) == seen


async def test_pipes_to_hidden_peers_but_not_of_their_tracks() -> None:
    backend = backend_with("ann", "recorder")
    camera, own = [
        ProducerRecord(producer_id=each, kind="video", app_data={}, paused=False) for each in ("camera", "own")
    ]
    backend.peers["ann"] = backend.peers["ann"].model_copy(update={"placement": None, "producers": [camera]})
    hidden = {"role": "recorder", "producers": [own]}
    backend.peers["recorder"] = backend.peers["recorder"].model_copy(update=hidden)
    backend.answers[GetRoom] = backend.snapshot()
    carried = [pipe("camera", ELSEWHERE, HERE), pipe("own", HERE, ELSEWHERE)]
    backend.answers[ReadRoomTransports] = RoomTransports(transports=[], pipes=carried, pipes_left_out=3)
    listed = await rooms.list_transports(backend, "room")
    assert [each.producer_id for each in listed.pipes] == ["camera"]
    assert listed.pipes_left_out == 3


async def test_an_older_node_reports_no_pipes_and_no_workers() -> None:
    older = {"peerId": "ann", "transportId": "t", "timestamp": 1, "bytesReceived": 2, "bytesSent": 3}
    backend = backend_with("ann")
    backend.answers[ReadRoomTransports] = RoomTransports.model_validate({"transports": [older]})
    listed = await rooms.list_transports(backend, "room")
    assert (listed.transports[0].worker, listed.pipes) == (None, [])

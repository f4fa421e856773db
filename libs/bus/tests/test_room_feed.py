"""A room's feed contains its stored changes in order, and no refused write."""

import asyncio
from collections.abc import Callable

import pytest

from hubbub_bus import Bucket, Bus, KeyConflict, KeyValue, Operation, RoomChange, RoomFeed, enter_operation
from hubbub_contracts import ids, subjects
from hubbub_contracts.bus.records import PeerRecord, RoomRecord
from support.nats_servers import nats_server


async def eventually(condition: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


def rooms(bus: Bus) -> KeyValue:
    source, destination = subjects.ROOMS_REPUBLISH_SOURCE, subjects.ROOMS_REPUBLISH_DESTINATION
    return KeyValue(bus, Bucket(subjects.ROOMS_BUCKET, source, destination))


async def test_changes_arrive_in_order_with_record_reason_and_operation(bus: Bus) -> None:
    store = rooms(bus)
    await store.ensure()
    room, peer = ids.room_id(ids.mint()), ids.mint()
    record = RoomRecord(room_id=room, call_id="c", codec_profile="v1", created_at=1)
    joined = PeerRecord(
        room_id=room, peer_id=peer, user_id="u", display_name="U", app_data={}, joined_at=1, signaling_id="s"
    )
    changes: list[RoomChange] = []
    feed = await RoomFeed.open(bus, room, changes.append, lambda: None)
    enter_operation(Operation("op-3"))
    made = await store.create(subjects.settings_key(room), record)
    first = await store.create(subjects.peer_key(room, peer), joined)
    with pytest.raises(KeyConflict):
        await store.create(subjects.peer_key(room, peer), joined)
    last = await store.purge(subjects.peer_key(room, peer), last=first, reason="left")
    await eventually(lambda: len(changes) == 3)
    assert changes == [
        RoomChange(room, made, "settings", "room", record, None, "op-3"),
        RoomChange(room, first, "peer", peer, joined, None, "op-3"),
        RoomChange(room, last, "peer", peer, None, "left", "op-3"),
    ]
    await feed.stop()


async def test_a_reconnect_is_reported_as_a_gap() -> None:
    with nats_server() as server:
        bus = await Bus.connect(server.url, name="test", timeout=20)
        gaps: list[bool] = []
        feed = await RoomFeed.open(bus, "r", lambda _: None, lambda: gaps.append(True))
        server.kill()
        server.start()
        await eventually(lambda: gaps == [True])
        await feed.stop()
        await bus.close()


async def test_a_malformed_change_is_reported_as_a_gap(bus: Bus) -> None:
    gaps: list[bool] = []
    changes: list[RoomChange] = []
    feed = await RoomFeed.open(bus, "r", changes.append, lambda: gaps.append(True))
    await bus.connection.client.publish("hubbub.v1.room.r.peer.p", b"nonsense", headers={"Nats-Sequence": "7"})
    await bus.connection.client.publish("hubbub.v1.room.r.peer.p", b"{}")
    await eventually(lambda: len(gaps) == 2)
    assert changes == []
    await feed.stop()

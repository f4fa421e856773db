"""Fills the bucket of rooms with many records, as a registry would write them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from hubbub_bus import Bus, KeyValue
from hubbub_contracts import Model, ids, subjects
from hubbub_contracts.bus.records import PeerRecord, ProducerRecord, RoomRecord
from hubbub_registry.adapters.room_store import rooms_bucket


@dataclass(frozen=True, slots=True)
class StoredState:
    """The result of `store_rooms`."""

    records: int
    bytes: int
    """Of the stream, with headers."""


async def store_rooms(
    bus: Bus, rooms: int, peers: int, *, producers: int = 2, app_data: int = 16, concurrent_writes: int = 256
) -> StoredState:
    """Stores `rooms` rooms of `peers` peers. `app_data` is the length of the text in each producer's appData."""
    store = KeyValue(bus, rooms_bucket())
    await store.ensure()
    written = 0
    records = _records(rooms, peers, producers, app_data)

    async def write() -> None:
        nonlocal written
        for key, record in records:
            await store.update(key, record, last=0)
            written += 1

    await asyncio.gather(*(write() for _ in range(concurrent_writes)))
    info = await bus.connection.client.jetstream().stream_info(store.bucket.stream)
    return StoredState(written, info.state.bytes)


def _records(rooms: int, peers: int, producers: int, app_data: int) -> Iterator[tuple[str, Model]]:
    for _ in range(rooms):
        call_id = ids.mint()
        room_id = ids.room_id(call_id)
        record = RoomRecord(room_id=room_id, call_id=call_id, codec_profile="v1", created_at=1, operation_id=ids.mint())
        yield subjects.settings_key(room_id), record
        for _ in range(peers):
            peer = _peer(room_id, producers, app_data)
            yield subjects.peer_key(room_id, peer.peer_id), peer


def _peer(room_id: str, producers: int, app_data: int) -> PeerRecord:
    return PeerRecord(
        room_id=room_id,
        peer_id=ids.mint(),
        user_id=f"user-{ids.mint()}",
        display_name="Somebody Somewhere",
        app_data={"role": "guest"},
        joined_at=1,
        signaling_id="s",
        resume_digest="0" * 64,
        operation_id=ids.mint(),
        producers=[
            ProducerRecord(
                producer_id=ids.mint(),
                kind="video" if number % 2 else "audio",
                app_data={"source": "x" * app_data},
                paused=False,
            )
            for number in range(producers)
        ],
    )

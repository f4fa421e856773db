"""A state larger than what NATS buffers for one connection is served, also after NATS restarts."""

from __future__ import annotations

from pathlib import Path

from hubbub_bus import Bus
from hubbub_contracts.bus.room import CreateRoom
from hubbub_contracts.bus.stats import GetStats
from support.large_state import store_rooms
from support.registry_rig import FakeSignaling, replicas

BUFFER = 64 * 1024 * 1024
"""NATS closes a connection for which more is pending."""
PEERS = 330
PER_ROOM = 3
RECOVERY = 30.0


async def test_replicas_answer_again_after_the_server_restarts_with_a_large_state(tmp_path: Path) -> None:
    with replicas(tmp_path, count=2, reconnect_grace=600, empty_room_ttl=600) as running:
        bus = await Bus.connect(running.nats.url, name="test", timeout=5)
        signaling = FakeSignaling(bus)
        # What any client may store: 32 producers with 8 KiB of appData.
        stored = await store_rooms(bus, PEERS // PER_ROOM, PER_ROOM, producers=32, app_data=8100, concurrent_writes=8)
        assert stored.bytes > BUFFER
        running.nats.kill()
        running.nats.start()
        await signaling.request(CreateRoom(call_id="after"), within=RECOVERY)
        assert (await signaling.request(GetStats())).peers == PEERS
        for process in running.processes:
            losses = process.log.read_text().count("connection to the bus lost")
            assert losses == 1, f"{process.name}: the server closed connections while the replica loaded its view"
        await bus.close()

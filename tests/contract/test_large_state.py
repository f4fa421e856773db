"""A state larger than what NATS buffers for one connection is served, also after NATS restarts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hubbub_bus import Bus
from hubbub_cli.nats_server import EmbeddedNats
from hubbub_contracts.bus.room import CreateRoom
from hubbub_contracts.bus.stats import GetStats
from support.large_state import store_rooms
from support.registry_rig import FakeSignaling, registry_process

BUFFER = 8_000_000
"""NATS closes a connection for which more bytes are pending."""
ROOMS = 40
PEERS = 3
RECOVERY = 60.0


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[EmbeddedNats]:
    """A server with a small output buffer, so that the state need not be larger than the default of 64 MiB."""
    server = EmbeddedNats(tmp_path)
    with (tmp_path / "nats.conf").open("a") as config:
        config.write(f"max_pending: {BUFFER}\n")
    with server:
        yield server


async def test_replicas_answer_again_after_the_server_restarts_with_a_large_state(
    nats: EmbeddedNats, tmp_path: Path
) -> None:
    processes = [
        registry_process(nats.url, tmp_path, number, reconnect_grace=600, empty_room_ttl=600) for number in range(2)
    ]
    bus = await Bus.connect(nats.url, name="test", timeout=20)
    signaling = FakeSignaling(bus)
    try:
        for process in processes:
            process.start()
        await signaling.request(CreateRoom(call_id="before"), within=RECOVERY)
        # What any client may store: 32 producers with 8 KiB of appData.
        stored = await store_rooms(bus, ROOMS, PEERS, producers=32, app_data=8100, concurrent_writes=8)
        assert stored.bytes > 3 * BUFFER
        nats.kill()
        nats.start()
        await signaling.request(CreateRoom(call_id="after"), within=RECOVERY)
        assert (await signaling.request(GetStats())).peers == ROOMS * PEERS
        for process in processes:
            losses = process.log.read_text().count("connection to the bus lost")
            assert losses <= 1, f"{process.name}: the server closed connections while the replica loaded its view"
    finally:
        for process in processes:
            process.kill()
        await bus.close()

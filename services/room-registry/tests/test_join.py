"""A join whose room or peer changes under its hands, over a real store."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hubbub_bus import Bus
from hubbub_contracts import ErrorCode, HubbubError, ids
from hubbub_contracts.bus.lease import LeaseRecord
from hubbub_contracts.bus.node import NodeHeartbeat
from hubbub_contracts.bus.peer import JoinRoom
from hubbub_contracts.bus.records import PeerRecord, Placement
from hubbub_contracts.bus.room import CreateRoom
from hubbub_registry.adapters.room_store import KvRoomStore
from hubbub_registry.domain.limits import Limits
from hubbub_registry.domain.liveness import Patience
from hubbub_registry.domain.nodes import Nodes
from hubbub_registry.handlers.join import JoinHandler
from hubbub_registry.handlers.room import RoomHandler
from support.nats_servers import NatsServer

OLD, NEW = Placement(node_id="n", epoch=1), Placement(node_id="n", epoch=2)
LIMITS = Limits(rooms=1_000, peers_per_room=5, producers_per_peer=2)


class Meddler(KvRoomStore):
    """A store in which the room moves once a peer is written, and the peer leaves before it can follow."""

    async def put_peer(self, record: PeerRecord, last: int) -> int:
        """As always, with somebody else quicker."""
        if last:
            await self.purge_peer(record.room_id, record.peer_id, last, "left")
            return await super().put_peer(record, last)
        revision = await super().put_peer(record, last)
        room = self.rooms.get(record.room_id)
        assert room is not None
        assert room.settings is not None
        await self.put_room(room.settings.record.model_copy(update={"placement": NEW}), room.settings.revision)
        return revision


@pytest.fixture
async def store(nats_server: NatsServer) -> AsyncIterator[Meddler]:
    """Followed from the start."""
    bus = await Bus.connect(nats_server.url, name="test", timeout=5)
    following = Meddler(bus)
    following.start()
    await following.complete()
    yield following
    await following.stop()
    await bus.close()


async def test_a_peer_that_leaves_while_its_join_follows_a_moving_room_is_cancelled(store: Meddler) -> None:
    nodes = Nodes(Patience())
    nodes.lease_stored("n", LeaseRecord(holder="n", instance="i", epoch=OLD.epoch), 0.0)
    beat = NodeHeartbeat(node_id="n", epoch=OLD.epoch, sent_at=0, draining=False, leased=True, workers=[])
    nodes.beat(beat, 0.0, 0)
    room = await RoomHandler(store, LIMITS, empty_room_ttl=30).create(CreateRoom(call_id=ids.mint()))
    message = JoinRoom(
        room_id=room.room_id, peer_id="one", user_id="u", display_name="U", app_data={}, signaling_id="s"
    )
    with pytest.raises(HubbubError) as caught:
        await JoinHandler(store, nodes, LIMITS).join(message)
    assert caught.value.code is ErrorCode.CANCELLED

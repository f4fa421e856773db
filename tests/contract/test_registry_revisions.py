"""A snapshot from any replica is consistent with the room's feed."""

import asyncio

from hubbub_bus import RoomChange, RoomFeed
from hubbub_contracts.bus.producer import SetProducerPaused
from hubbub_contracts.bus.records import PeerRecord, RoomRecord
from hubbub_contracts.bus.room import RoomSnapshot
from support.registry_rig import FakeNode, FakeSignaling, Replicas

State = tuple[RoomRecord | None, dict[str, PeerRecord]]


def apply(changes: list[RoomChange], first: RoomRecord, up_to: int | None = None) -> State:
    """The room after the feed's changes, up to a sequence, starting from the new room."""
    settings: RoomRecord | None = first
    peers: dict[str, PeerRecord] = {}
    for change in changes:
        if up_to is not None and change.sequence > up_to:
            break
        if isinstance(change.record, PeerRecord):
            peers[change.id] = change.record
        elif change.kind == "peer":
            peers.pop(change.id, None)
        else:
            settings = change.record if isinstance(change.record, RoomRecord) else None
    return settings, peers


async def run_peers(signaling: FakeSignaling, room: str, snapshots: list[RoomSnapshot]) -> None:
    """Repeatedly joins, adds a producer, pauses it and leaves."""
    for _ in range(8):
        peer, joined = await signaling.join(room)
        snapshots.append(joined)
        assert peer in {there.peer_id for there in joined.peers}
        producing = signaling.add_producer_request(room, peer)
        await signaling.request(producing)
        await signaling.request(
            SetProducerPaused(room_id=room, peer_id=peer, producer_id=producing.producer_id, paused=True)
        )
        await signaling.leave(room, peer)


async def test_snapshot_has_exactly_the_changes_up_to_its_revision(
    registry: Replicas, signaling: FakeSignaling, node: FakeNode
) -> None:
    room = await signaling.create()
    changes: list[RoomChange] = []
    gaps: list[None] = []
    feed = await RoomFeed.open(signaling.bus, room, changes.append, lambda: gaps.append(None))
    await signaling.bus.flush()
    created = (await signaling.room(room)).room
    snapshots: list[RoomSnapshot] = []
    running = asyncio.gather(*(run_peers(signaling, room, snapshots) for _ in range(4)))
    while not running.done():
        snapshots.append(await signaling.room(room))
    await running

    last = await signaling.room(room)
    async with asyncio.timeout(30):
        while not changes or apply(changes, created)[1]:
            await asyncio.sleep(0.02)
    await feed.stop()
    assert (last.peers, gaps) == ([], [])
    sequences = [change.sequence for change in changes]
    assert sequences == sorted(set(sequences)), "the feed is in store order"
    for snapshot in snapshots:
        settings, peers = apply(changes, created, snapshot.revision)
        assert snapshot.room == settings
        assert {peer.peer_id: peer for peer in snapshot.peers} == peers
    assert len({snapshot.revision for snapshot in snapshots}) > 32, "snapshots were taken between changes"

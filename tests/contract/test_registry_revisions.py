"""A snapshot and the room's feed tell one story, whichever replica tells the snapshot."""

import asyncio

from hubbub_bus import RoomChange, RoomFeed
from hubbub_contracts.bus.producer import SetProducerPaused
from hubbub_contracts.bus.records import PeerRecord, RoomRecord
from hubbub_contracts.bus.room import RoomSnapshot
from support.registry_rig import Caller, FakeNode, Replicas

State = tuple[RoomRecord | None, dict[str, PeerRecord]]


def told_by(changes: list[RoomChange], first: RoomRecord, up_to: int | None = None) -> State:
    """The room that the feed's changes make of the one that was just created."""
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


async def live(caller: Caller, room: str, snapshots: list[RoomSnapshot]) -> None:
    """Somebody comes, talks, falls silent and goes, again and again."""
    for _ in range(8):
        peer, joined = await caller.join(room)
        snapshots.append(joined)
        assert peer in {there.peer_id for there in joined.peers}
        producing = caller.producing(room, peer)
        await caller.ask(producing)
        await caller.ask(SetProducerPaused(room_id=room, peer_id=peer, producer_id=producing.producer_id, paused=True))
        await caller.leave(room, peer)


async def test_a_snapshot_holds_every_change_up_to_its_revision_and_none_after_it(
    registry: Replicas, caller: Caller, node: FakeNode
) -> None:
    room = await caller.create()
    changes: list[RoomChange] = []
    gaps: list[None] = []
    feed = await RoomFeed.open(caller.bus, room, changes.append, lambda: gaps.append(None))
    await caller.bus.flush()
    created = (await caller.room(room)).room
    snapshots: list[RoomSnapshot] = []
    lives = asyncio.gather(*(live(caller, room, snapshots) for _ in range(4)))
    while not lives.done():
        snapshots.append(await caller.room(room))
    await lives

    last = await caller.room(room)
    async with asyncio.timeout(5):
        while not changes or told_by(changes, created)[1]:
            await asyncio.sleep(0.02)
    await feed.stop()
    assert (last.peers, gaps) == ([], [])
    sequences = [change.sequence for change in changes]
    assert sequences == sorted(set(sequences)), "the feed is in store order"
    for snapshot in snapshots:
        settings, peers = told_by(changes, created, snapshot.revision)
        assert snapshot.room == settings
        assert {peer.peer_id: peer for peer in snapshot.peers} == peers
    assert len({snapshot.revision for snapshot in snapshots}) > 32, "told while much happened"

"""The registry removes empty rooms and orphaned peers, and nothing else."""

import asyncio
import hashlib
import random
from collections.abc import Iterator

import pytest

from hubbub_bus import RoomChange, RoomFeed
from hubbub_contracts import ErrorCode, HubbubError, ids, subjects
from hubbub_contracts.bus.peer import ClaimPeer
from hubbub_contracts.bus.room import CreateRoom, RoomRevisions
from support.registry_rig import FakeNode, FakeSignaling, Replicas, replicas

EMPTY_ROOM_TTL = RECONNECT_GRACE = 4.0
"""Seconds; longer than a busy machine takes from a request to the next one."""


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    """Two replicas with short timeouts."""
    with replicas(
        tmp_path_factory.mktemp("registry"), empty_room_ttl=EMPTY_ROOM_TTL, reconnect_grace=RECONNECT_GRACE
    ) as running:
        yield running


async def test_empty_room_is_deleted_and_occupied_room_is_kept(signaling: FakeSignaling, node: FakeNode) -> None:
    empty, full = await signaling.create(), await signaling.create()
    peer, _ = await signaling.join(full)
    await signaling.wait_until_deleted(empty)
    assert [there.peer_id for there in (await signaling.room(full)).peers] == [peer]
    await signaling.leave(full, peer)
    await signaling.wait_until_deleted(full)


async def test_join_that_races_with_the_deletion_succeeds_or_is_refused(
    signaling: FakeSignaling, node: FakeNode
) -> None:
    """Joins at random times around the deletion: an acknowledged peer is in the room, a refused one is not."""
    outcomes: set[str] = set()

    async def race(seed: int) -> None:
        room = await signaling.create()
        await asyncio.sleep(random.Random(seed).random() * 2 * EMPTY_ROOM_TTL)
        message = signaling.join_request(room)
        try:
            await signaling.request(message)
        except HubbubError as error:
            outcomes.add(error.code)
            await asyncio.sleep(0.1)
            await signaling.wait_until_deleted(room)
            return
        outcomes.add("joined")
        await asyncio.sleep(1)
        assert [peer.peer_id for peer in (await signaling.room(room)).peers] == [message.peer_id]
        await signaling.leave(room, message.peer_id)

    await asyncio.gather(*(race(seed) for seed in range(150)))
    assert outcomes == {"joined", ErrorCode.ROOM_NOT_FOUND}


async def test_creating_an_empty_room_again_keeps_it(signaling: FakeSignaling, node: FakeNode) -> None:
    call = ids.mint()
    for _ in range(15):
        await signaling.request(CreateRoom(call_id=call))
        await asyncio.sleep(0.15 * EMPTY_ROOM_TTL)
    await signaling.join(ids.room_id(call))


async def test_peers_of_a_lost_signaling_instance_are_removed_unless_claimed(
    registry: Replicas, signaling: FakeSignaling, node: FakeNode
) -> None:
    lost = await FakeSignaling(signaling.bus).start()
    room = await signaling.create()
    kept, _ = await signaling.join(room)
    removed, _ = await lost.join(room)
    message = lost.join_request(room, digest=hashlib.sha256(b"secret").hexdigest())
    await lost.request(message)
    await registry.failure_detection_ready()
    changes: list[RoomChange] = []
    feed = await RoomFeed.open(signaling.bus, room, changes.append, lambda: None)
    assert lost.lease is not None
    await lost.lease.release()
    claim = ClaimPeer(
        room_id=room, peer_id=message.peer_id, signaling_id=signaling.signaling_id, resume_secret="secret"
    )
    await signaling.request(claim)
    left = await signaling.wait_for_room(room, lambda snapshot: len(snapshot.peers) == 2)
    assert {peer.peer_id for peer in left.peers} == {kept, message.peer_id}
    await asyncio.sleep(RECONNECT_GRACE + 1)
    assert len((await signaling.room(room)).peers) == 2
    assert [(change.id, change.reason) for change in changes if change.record is None] == [(removed, "signaling_lost")]
    await feed.stop()


async def test_peers_of_the_former_incarnation_of_an_instance_are_removed(
    registry: Replicas, signaling: FakeSignaling, node: FakeNode
) -> None:
    restarted = await FakeSignaling(signaling.bus).start()
    room = await signaling.create()
    former, _ = await restarted.join(room)
    assert restarted.lease is not None
    await restarted.lease.acquire()  # a restart under the same name
    present, _ = await restarted.join(room)
    await registry.failure_detection_ready()
    left = await signaling.wait_for_room(room, lambda snapshot: len(snapshot.peers) == 1)
    assert [peer.peer_id for peer in left.peers] == [present]
    assert former != present
    await asyncio.sleep(RECONNECT_GRACE + 1)
    assert len((await signaling.room(room)).peers) == 1
    await restarted.stop()


async def test_room_revisions_are_published_periodically(signaling: FakeSignaling, node: FakeNode) -> None:
    room = await signaling.create()
    _, snapshot = await signaling.join(room)
    published: list[int] = []

    def note(event: RoomRevisions) -> None:
        if room in event.revisions:
            published.append(event.revisions[room])

    subscription = await signaling.bus.subscribe(subjects.REVISIONS, RoomRevisions, note)
    async with asyncio.timeout(20):
        while snapshot.revision not in published:  # a replica may be behind
            await asyncio.sleep(0.02)
    assert max(published) == snapshot.revision
    await subscription.stop()

"""What nobody needs goes, and nothing that somebody was promised."""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator, Iterator

import pytest

from hubbub_bus import Bus, RoomChange, RoomFeed
from hubbub_contracts import ErrorCode, HubbubError, ids, subjects
from hubbub_contracts.bus.peer import ClaimPeer
from hubbub_contracts.bus.room import CreateRoom, RoomRevisions
from support.registry_rig import Caller, FakeNode, Replicas, replicas

EMPTY_ROOM_TTL = 1.0


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    """Two replicas with little patience."""
    with replicas(tmp_path_factory.mktemp("hasty"), empty_room_ttl=EMPTY_ROOM_TTL, reconnect_grace=1) as running:
        yield running


@pytest.fixture
async def caller(hasty: Replicas) -> AsyncIterator[Caller]:
    bus = await Bus.connect(hasty.nats.url, name="test", timeout=5)
    calling = await Caller(bus).start()
    yield calling
    await calling.stop()
    await bus.close()


@pytest.fixture
async def node(hasty: Replicas) -> AsyncIterator[FakeNode]:
    async with FakeNode(hasty.nats.url) as running:
        yield running


async def test_an_empty_room_goes_and_one_with_a_peer_stays(caller: Caller, node: FakeNode) -> None:
    empty, full = await caller.create(), await caller.create()
    peer, _ = await caller.join(full)
    await caller.gone(empty)
    assert [there.peer_id for there in (await caller.room(full)).peers] == [peer]
    await caller.leave(full, peer)
    await caller.gone(full)


async def test_a_join_that_races_with_the_close_wins_or_is_told(caller: Caller, node: FakeNode) -> None:
    """Joins at every moment around the close; whoever was acknowledged is in, whoever was refused is not."""
    outcomes: set[str] = set()

    async def race(seed: int) -> None:
        room = await caller.create()
        await asyncio.sleep(random.Random(seed).random() * 2 * EMPTY_ROOM_TTL)
        message = caller.joining(room)
        try:
            await caller.ask(message)
        except HubbubError as error:
            outcomes.add(error.code)
            await asyncio.sleep(0.1)
            await caller.gone(room)
            return
        outcomes.add("joined")
        await asyncio.sleep(1)
        assert [peer.peer_id for peer in (await caller.room(room)).peers] == [message.peer_id]
        await caller.leave(room, message.peer_id)

    await asyncio.gather(*(race(seed) for seed in range(150)))
    assert outcomes == {"joined", ErrorCode.ROOM_NOT_FOUND}


async def test_creating_an_empty_room_again_keeps_it(caller: Caller, node: FakeNode) -> None:
    call = ids.mint()
    for _ in range(15):
        await caller.ask(CreateRoom(call_id=call))
        await asyncio.sleep(0.15)
    await caller.join(ids.room_id(call))


async def test_peers_of_a_lost_signaling_instance_go_unless_another_took_them_over(
    hasty: Replicas, caller: Caller, node: FakeNode
) -> None:
    lost = await Caller(caller.bus).start()
    room = await caller.create()
    stays, _ = await caller.join(room)
    goes, _ = await lost.join(room)
    message = lost.joining(room, digest=hashlib.sha256(b"secret").hexdigest())
    await lost.ask(message)
    await hasty.failure_detection_ready()
    changes: list[RoomChange] = []
    feed = await RoomFeed.open(caller.bus, room, changes.append, lambda: None)
    assert lost.lease is not None
    await lost.lease.release()
    claim = ClaimPeer(room_id=room, peer_id=message.peer_id, signaling_id=caller.signaling_id, resume_secret="secret")
    await caller.ask(claim)
    left = await caller.room_becomes(room, lambda snapshot: len(snapshot.peers) == 2)
    assert {peer.peer_id for peer in left.peers} == {stays, message.peer_id}
    await asyncio.sleep(2)
    assert len((await caller.room(room)).peers) == 2
    assert [(change.id, change.reason) for change in changes if change.record is None] == [(goes, "signaling_lost")]
    await feed.stop()


async def test_each_rooms_revision_is_told_now_and_then(caller: Caller, node: FakeNode) -> None:
    room = await caller.create()
    _, snapshot = await caller.join(room)
    told: list[int] = []

    def note(event: RoomRevisions) -> None:
        if room in event.revisions:
            told.append(event.revisions[room])

    subscription = await caller.bus.subscribe(subjects.REVISIONS, RoomRevisions, note)
    async with asyncio.timeout(10):
        while not told:
            await asyncio.sleep(0.02)
    assert told[0] == snapshot.revision
    await subscription.stop()

"""Rooms and joins over two replicas: every race has one outcome."""

import asyncio
import hashlib

import pytest

from hubbub_contracts import ErrorCode, HubbubError, ids
from hubbub_contracts.bus.peer import ClaimPeer
from hubbub_contracts.bus.producer import RemoveProducers, SetProducerPaused
from hubbub_contracts.bus.room import CreateRoom, GetRoom
from hubbub_contracts.bus.stats import ClusterStats, GetStats
from support.registry_rig import FakeNode, FakeSignaling


async def refused(attempt: "asyncio.Future[object] | object") -> ErrorCode:
    with pytest.raises(HubbubError) as caught:
        await attempt  # type: ignore[misc]
    return caught.value.code


async def test_concurrent_creates_of_one_call_make_one_room(signaling: FakeSignaling, node: FakeNode) -> None:
    call = "daily standup: ☕ > *"
    created = await asyncio.gather(*(signaling.request(CreateRoom(call_id=call)) for _ in range(100)))
    assert {room.room_id for room in created} == {ids.room_id(call)}
    assert {room.codec_profile for room in created} == {"v1"}
    assert {codec["mimeType"] for codec in created[0].rtp_capabilities["codecs"]} >= {"audio/opus", "video/VP8"}
    joined = await asyncio.gather(*(signaling.join(created[0].room_id) for _ in range(5)))
    assert {snapshot.room.placement for _, snapshot in joined} == {node.placement}


async def test_join_of_a_room_that_was_not_created_is_refused(signaling: FakeSignaling, node: FakeNode) -> None:
    assert await refused(signaling.join(ids.room_id("nobody created this"))) is ErrorCode.ROOM_NOT_FOUND
    assert await refused(signaling.request(GetRoom(room_id="bm9uZQ"))) is ErrorCode.ROOM_NOT_FOUND


async def test_join_answer_includes_the_new_peer(signaling: FakeSignaling, node: FakeNode) -> None:
    room = await signaling.create()
    first, alone = await signaling.join(room)
    second, both = await signaling.join(room)
    assert [peer.peer_id for peer in alone.peers] == [first]
    assert [peer.peer_id for peer in both.peers] == [first, second]
    assert both.revision > alone.revision
    assert {peer.placement for peer in both.peers} == {node.placement}


async def test_repeated_join_counts_once_and_join_after_leave_is_refused(
    signaling: FakeSignaling, node: FakeNode
) -> None:
    room = await signaling.create()
    message = signaling.join_request(room)
    await asyncio.gather(*(signaling.request(message) for _ in range(10)))
    assert [peer.peer_id for peer in (await signaling.room(room)).peers] == [message.peer_id]
    stranger = message.model_copy(update={"user_id": "somebody else"})
    assert await refused(signaling.request(stranger)) is ErrorCode.CONFLICT
    await signaling.leave(room, message.peer_id)
    await signaling.leave(room, message.peer_id)
    assert await refused(signaling.request(message)) is ErrorCode.INVALID_STATE
    assert (await signaling.room(room)).peers == []


async def test_peer_limit_is_exact_under_concurrent_joins(signaling: FakeSignaling, node: FakeNode) -> None:
    room = await signaling.create()
    results = await asyncio.gather(*(signaling.join(room) for _ in range(20)), return_exceptions=True)
    inside = {result[0] for result in results if isinstance(result, tuple)}
    codes = {result.code for result in results if isinstance(result, HubbubError)}
    assert len(inside) == 5
    assert codes == {ErrorCode.QUOTA_EXCEEDED}
    assert {peer.peer_id for peer in (await signaling.room(room)).peers} == inside
    await signaling.leave(room, inside.pop())
    await signaling.join(room)


async def test_producers_are_recorded_once_and_limited(signaling: FakeSignaling, node: FakeNode) -> None:
    room = await signaling.create()
    peer, _ = await signaling.join(room)
    one, two, three = (signaling.add_producer_request(room, peer, node.placement) for _ in range(3))
    await asyncio.gather(*(signaling.request(message) for message in (one, two, one, two)))
    assert await refused(signaling.request(three)) is ErrorCode.QUOTA_EXCEEDED
    pause = SetProducerPaused(room_id=room, peer_id=peer, producer_id=one.producer_id, paused=True)
    for _ in range(10):  # each may reach a replica that has not seen the previous change
        await signaling.request(pause)
        await signaling.request(pause.model_copy(update={"paused": False}))
    await signaling.request(pause)
    await signaling.request(RemoveProducers(room_id=room, peer_id=peer, producer_ids=[two.producer_id, "unknown"]))
    (left,) = (await signaling.peer(room, peer)).producers
    assert (left.producer_id, left.paused) == (one.producer_id, True)
    missing = pause.model_copy(update={"producer_id": two.producer_id})
    assert await refused(signaling.request(missing)) is ErrorCode.NOT_FOUND
    assert await refused(signaling.request(signaling.add_producer_request(room, "nobody"))) is ErrorCode.NOT_FOUND
    elsewhere = node.placement.model_copy(update={"epoch": 1})
    await signaling.request(RemoveProducers(room_id=room, peer_id=peer, producer_ids=[one.producer_id]))
    with pytest.raises(HubbubError) as caught:
        await signaling.request(signaling.add_producer_request(room, peer, elsewhere), within=0)
    assert caught.value.code is ErrorCode.INVALID_STATE


async def test_producer_never_outlives_its_peer(signaling: FakeSignaling, node: FakeNode) -> None:
    room = await signaling.create()
    for _ in range(20):
        peer, _ = await signaling.join(room)
        await asyncio.gather(
            signaling.leave(room, peer),
            signaling.request(signaling.add_producer_request(room, peer)),
            return_exceptions=True,
        )
        assert (await signaling.room(room)).peers == []


async def test_claim_requires_the_current_secret(signaling: FakeSignaling, node: FakeNode) -> None:
    room = await signaling.create()
    message = signaling.join_request(room, digest=hashlib.sha256(b"secret").hexdigest())
    await signaling.request(message)
    claim = ClaimPeer(room_id=room, peer_id=message.peer_id, signaling_id="other", resume_secret="guess")
    assert await refused(signaling.request(claim)) is ErrorCode.NOT_ALLOWED
    new = hashlib.sha256(b"next").hexdigest()
    claim = claim.model_copy(update={"resume_secret": "secret", "resume_digest": new})
    snapshot = await signaling.request(claim)
    assert [peer.signaling_id for peer in snapshot.peers] == ["other"]
    await signaling.request(claim)  # the answer may have been lost
    guess = claim.model_copy(update={"resume_secret": "guess"})
    assert await refused(signaling.request(guess)) is ErrorCode.NOT_ALLOWED
    await signaling.request(claim.model_copy(update={"resume_secret": "next"}))  # a guess has removed nobody
    _, plain = await signaling.join(room)
    unresumable = claim.model_copy(update={"peer_id": plain.peers[-1].peer_id})
    assert await refused(signaling.request(unresumable)) is ErrorCode.NOT_ALLOWED
    gone = claim.model_copy(update={"peer_id": "nobody"})
    assert await refused(signaling.request(gone)) is ErrorCode.NOT_FOUND


async def settled_stats(signaling: FakeSignaling) -> ClusterStats:
    """The statistics, once every replica knows of all former changes: once many answers in a row are the same."""
    last, in_a_row = await signaling.request(GetStats()), 0
    while in_a_row < 20:
        stats = await signaling.request(GetStats())
        same = (stats.rooms, stats.peers, stats.producers) == (last.rooms, last.peers, last.producers)
        last, in_a_row = stats, in_a_row + 1 if same else 0
    return last


async def test_stats_count_rooms_with_peers_and_live_nodes(signaling: FakeSignaling, node: FakeNode) -> None:
    before = await settled_stats(signaling)
    await signaling.create()
    room = await signaling.create()
    peer, _ = await signaling.join(room)
    await signaling.request(signaling.add_producer_request(room, peer))
    async with asyncio.timeout(15):
        while True:  # the answering replica may be behind
            after = await signaling.request(GetStats())
            gained = (after.rooms - before.rooms, after.peers - before.peers, after.producers - before.producers)
            if gained == (1, 1, 1) and after.nodes == 1:
                break
            await asyncio.sleep(0.02)
    assert (after.transports, after.consumers) == (2, 3)
    assert [worker.node_id for worker in after.workers] == [node.node_id]

"""Rooms and joins over two replicas: whatever races, one outcome, the same for all."""

import asyncio
import hashlib

import pytest

from hubbub_contracts import ErrorCode, HubbubError, ids
from hubbub_contracts.bus.peer import ClaimPeer
from hubbub_contracts.bus.producer import RemoveProducers, SetProducerPaused
from hubbub_contracts.bus.room import CreateRoom, GetRoom
from hubbub_contracts.bus.stats import GetStats
from support.registry_rig import FakeNode, FakeSignaling


async def refused(attempt: "asyncio.Future[object] | object") -> ErrorCode:
    with pytest.raises(HubbubError) as caught:
        await attempt  # type: ignore[misc]
    return caught.value.code


async def test_a_hundred_creates_of_one_call_make_one_room(signaling: FakeSignaling, node: FakeNode) -> None:
    call = "daily standup: ☕ > *"
    made = await asyncio.gather(*(signaling.request(CreateRoom(call_id=call)) for _ in range(100)))
    assert {room.room_id for room in made} == {ids.room_id(call)}
    assert {room.codec_profile for room in made} == {"v1"}
    assert {codec["mimeType"] for codec in made[0].rtp_capabilities["codecs"]} >= {"audio/opus", "video/VP8"}
    joined = await asyncio.gather(*(signaling.join(made[0].room_id) for _ in range(5)))
    assert {snapshot.room.placement for _, snapshot in joined} == {node.placement}


async def test_a_room_is_created_before_it_is_joined(signaling: FakeSignaling, node: FakeNode) -> None:
    assert await refused(signaling.join(ids.room_id("nobody made this"))) is ErrorCode.ROOM_NOT_FOUND
    assert await refused(signaling.request(GetRoom(room_id="bm9uZQ"))) is ErrorCode.ROOM_NOT_FOUND


async def test_a_join_is_answered_with_the_room_that_holds_it(signaling: FakeSignaling, node: FakeNode) -> None:
    room = await signaling.create()
    first, alone = await signaling.join(room)
    second, both = await signaling.join(room)
    assert [peer.peer_id for peer in alone.peers] == [first]
    assert [peer.peer_id for peer in both.peers] == [first, second]
    assert both.revision > alone.revision
    assert {peer.placement for peer in both.peers} == {node.placement}


async def test_a_join_that_is_repeated_counts_once_and_one_that_is_late_does_not(
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


async def test_the_limit_of_a_room_is_exact_however_many_press_in(signaling: FakeSignaling, node: FakeNode) -> None:
    room = await signaling.create()
    results = await asyncio.gather(*(signaling.join(room) for _ in range(20)), return_exceptions=True)
    inside = {result[0] for result in results if isinstance(result, tuple)}
    codes = {result.code for result in results if isinstance(result, HubbubError)}
    assert len(inside) == 5
    assert codes == {ErrorCode.QUOTA_EXCEEDED}
    assert {peer.peer_id for peer in (await signaling.room(room)).peers} == inside
    await signaling.leave(room, inside.pop())
    await signaling.join(room)


async def test_producers_are_told_once_each_and_within_their_limit(signaling: FakeSignaling, node: FakeNode) -> None:
    room = await signaling.create()
    peer, _ = await signaling.join(room)
    one, two, three = (signaling.add_producer_request(room, peer, node.placement) for _ in range(3))
    await asyncio.gather(*(signaling.request(message) for message in (one, two, one, two)))
    assert await refused(signaling.request(three)) is ErrorCode.QUOTA_EXCEEDED
    pause = SetProducerPaused(room_id=room, peer_id=peer, producer_id=one.producer_id, paused=True)
    for _ in range(10):  # each may meet the replica that has not heard of the one before
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


async def test_a_producer_never_outlives_its_peer(signaling: FakeSignaling, node: FakeNode) -> None:
    room = await signaling.create()
    for _ in range(20):
        peer, _ = await signaling.join(room)
        await asyncio.gather(
            signaling.leave(room, peer),
            signaling.request(signaling.add_producer_request(room, peer)),
            return_exceptions=True,
        )
        assert (await signaling.room(room)).peers == []


async def test_a_session_is_taken_over_with_its_secret_alone(signaling: FakeSignaling, node: FakeNode) -> None:
    room = await signaling.create()
    message = signaling.join_request(room, digest=hashlib.sha256(b"secret").hexdigest())
    await signaling.request(message)
    claim = ClaimPeer(room_id=room, peer_id=message.peer_id, signaling_id="other", resume_secret="guess")
    assert await refused(signaling.request(claim)) is ErrorCode.NOT_ALLOWED
    new = hashlib.sha256(b"next").hexdigest()
    claim = claim.model_copy(update={"resume_secret": "secret", "resume_digest": new})
    snapshot = await signaling.request(claim)
    assert [peer.signaling_id for peer in snapshot.peers] == ["other"]
    assert await refused(signaling.request(claim)) is ErrorCode.NOT_ALLOWED, (
        "a secret that was replaced is worth nothing"
    )
    _, plain = await signaling.join(room)
    unresumable = claim.model_copy(update={"peer_id": plain.peers[-1].peer_id})
    assert await refused(signaling.request(unresumable)) is ErrorCode.NOT_ALLOWED
    gone = claim.model_copy(update={"peer_id": "nobody"})
    assert await refused(signaling.request(gone)) is ErrorCode.NOT_FOUND


async def test_counts_are_those_of_rooms_with_peers_and_of_living_nodes(
    signaling: FakeSignaling, node: FakeNode
) -> None:
    before = await signaling.request(GetStats())
    await signaling.create()
    room = await signaling.create()
    peer, _ = await signaling.join(room)
    await signaling.request(signaling.add_producer_request(room, peer))
    async with asyncio.timeout(5):
        while True:  # the replica that answers may be a change behind
            after = await signaling.request(GetStats())
            gained = (after.rooms - before.rooms, after.peers - before.peers, after.producers - before.producers)
            if gained == (1, 1, 1) and after.nodes == 1:
                break
            await asyncio.sleep(0.02)
    assert (after.transports, after.consumers) == (2, 3)
    assert [worker.node_id for worker in after.workers] == [node.node_id]

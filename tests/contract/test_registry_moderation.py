"""Moderation over two registry replicas: decisions and what they are about arrive at the same moment."""

from __future__ import annotations

import asyncio
import hashlib

import pytest

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.moderation import AdmitPeer, CloseRoom, MuteSource, RemovePeer, SetRoomAccess
from hubbub_contracts.bus.peer import ClaimPeer, JoinRoom
from hubbub_contracts.bus.room import CreateRoom
from support.registry_rig import FakeNode, FakeSignaling

ROUNDS = 20


def outcome(result: object) -> ErrorCode | None:
    """The error code of a request's result; None: it succeeded."""
    return result.code if isinstance(result, HubbubError) else None


def guest(signaling: FakeSignaling, room: str, user_id: str = "guest") -> JoinRoom:
    return signaling.join_request(room).model_copy(update={"user_id": user_id, "may_wait": True})


async def test_a_producer_of_a_muted_user_never_runs(signaling: FakeSignaling, node: FakeNode) -> None:
    room = await signaling.create()
    for number in range(ROUNDS):
        join = guest(signaling, room, f"user {number}")
        await signaling.request(join)
        add = signaling.add_producer_request(room, join.peer_id)
        await asyncio.gather(
            signaling.request(MuteSource(room_id=room, user_id=join.user_id, source="microphone")),
            signaling.request(add),
        )
        assert [each.paused for each in (await signaling.peer(room, join.peer_id)).producers] == [True]
        await signaling.leave(room, join.peer_id)


async def test_a_banned_user_is_never_in_the_room(signaling: FakeSignaling, node: FakeNode) -> None:
    room = await signaling.create()
    await signaling.join(room)
    outcomes = set()
    for number in range(ROUNDS):
        join = guest(signaling, room, f"user {number}")
        _, joined = await asyncio.gather(
            signaling.request(RemovePeer(room_id=room, user_id=join.user_id, ban=True)),
            signaling.request(join),
            return_exceptions=True,
        )
        outcomes.add(outcome(joined))
        assert join.user_id not in {each.user_id for each in (await signaling.room(room)).peers}
        with pytest.raises(HubbubError) as caught:
            await signaling.request(guest(signaling, room, join.user_id))
        assert caught.value.code is ErrorCode.BANNED
    assert outcomes <= {None, ErrorCode.BANNED, ErrorCode.CANCELLED}


async def test_nobody_who_was_refused_by_a_lock_is_in_the_room(signaling: FakeSignaling, node: FakeNode) -> None:
    for _ in range(ROUNDS):
        room = await signaling.create()
        joins = [guest(signaling, room) for _ in range(3)]
        results: list[object]
        _, *results = await asyncio.gather(
            signaling.request(SetRoomAccess(room_id=room, locked=True)),
            *(signaling.request(join) for join in joins),
            return_exceptions=True,
        )
        entered = {join.peer_id for join, result in zip(joins, results, strict=True) if outcome(result) is None}
        assert {outcome(result) for result in results} <= {None, ErrorCode.ROOM_LOCKED}
        assert {each.peer_id for each in (await signaling.room(room)).peers} == entered
        with pytest.raises(HubbubError) as caught:
            await signaling.request(guest(signaling, room))
        assert caught.value.code is ErrorCode.ROOM_LOCKED
        for peer_id in entered:
            await signaling.leave(room, peer_id)


async def test_a_peer_that_leaves_the_lobby_is_not_admitted_afterwards(
    signaling: FakeSignaling, node: FakeNode
) -> None:
    room = await signaling.create()
    await signaling.join(room)
    await signaling.request(SetRoomAccess(room_id=room, lobby=True))
    for _ in range(ROUNDS):
        join = guest(signaling, room)
        answer = await signaling.request(join)
        assert next(each for each in answer.peers if each.peer_id == join.peer_id).waiting
        admitted, _ = await asyncio.gather(
            signaling.request(AdmitPeer(room_id=room, peer_id=join.peer_id)),
            signaling.leave(room, join.peer_id),
            return_exceptions=True,
        )
        assert outcome(admitted) in {None, ErrorCode.NOT_FOUND}
        assert join.peer_id not in {each.peer_id for each in (await signaling.room(room)).peers}


async def test_a_closed_room_is_empty_when_it_is_created_again(signaling: FakeSignaling, node: FakeNode) -> None:
    for _ in range(ROUNDS):
        room = await signaling.create()
        before = (await signaling.join(room))[0]
        call_id = (await signaling.room(room)).room.call_id
        await asyncio.gather(
            signaling.request(CloseRoom(room_id=room)),
            signaling.request(guest(signaling, room)),
            return_exceptions=True,
        )
        await signaling.request(CreateRoom(call_id=call_id))
        again = await signaling.room(room)
        assert before not in {each.peer_id for each in again.peers}
        assert not again.room.rules.ended


async def test_a_locked_and_full_room_takes_back_who_resumes(signaling: FakeSignaling, node: FakeNode) -> None:
    room = await signaling.create()
    join = signaling.join_request(room, digest=hashlib.sha256(b"secret").hexdigest())
    await signaling.request(join)
    for _ in range(4):
        await signaling.join(room)
    await signaling.request(SetRoomAccess(room_id=room, locked=True, lobby=True))
    claim = ClaimPeer(room_id=room, peer_id=join.peer_id, signaling_id="other", resume_secret="secret")
    snapshot = await signaling.request(claim)
    assert [each.role for each in snapshot.peers if each.peer_id == join.peer_id] == ["participant"]

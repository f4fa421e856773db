"""Calls over the bus: concurrent requests, deadlines and the history, with three instances."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from hubbub_contracts import ErrorCode, HubbubError, ids
from hubbub_contracts.bus.call import (
    AcceptCall,
    CancelCall,
    DeclineCall,
    EndCall,
    GetCall,
    GetLiveCalls,
    IgnoreCall,
    LeaveCall,
    ListCalls,
)
from support.calls_rig import CallsClient, CallsInstances, calls_client, calls_instances

RING_TIMEOUT = 6.0
"""Seconds; longer than a busy machine takes for the requests of a test about a ring."""


@pytest.fixture(scope="module")
def instances(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CallsInstances]:
    """Three instances with a short ring."""
    with calls_instances(tmp_path_factory.mktemp("calls"), 3, ring_timeout=RING_TIMEOUT) as running:
        yield running


@pytest.fixture
async def client(instances: CallsInstances) -> AsyncIterator[CallsClient]:
    """A client that sees every stored change."""
    async with calls_client(instances.nats) as connected:
        yield connected


@pytest.fixture
def users() -> tuple[str, str, str]:
    """Three users whom no other test calls."""
    unique = ids.mint()
    return f"ann-{unique}", f"bob-{unique}", f"carol-{unique}"


async def code(work: object) -> str:
    """The error code of a request, or `ok`."""
    try:
        await work  # type: ignore[misc]  # a coroutine
    except HubbubError as error:
        return error.code.value
    return "ok"


async def test_two_who_call_each_other_share_one_call(client: CallsClient) -> None:
    async def glare() -> None:
        ann, bob = ids.mint(), ids.mint()
        first, second = await asyncio.gather(client.start(ann, bob), client.start(bob, ann))
        assert first.call.call_id == second.call.call_id
        live = await client.request(GetLiveCalls(user_ids=[ann]))
        [call] = live.calls
        assert call.call.state == "active"
        assert {each.state for each in call.call.participants} == {"accepted"}

    await asyncio.gather(*(glare() for _ in range(30)))


async def test_first_device_that_accepts_answers(client: CallsClient, users: tuple[str, str, str]) -> None:
    ann, bob, _ = users
    call_id = (await client.start(ann, bob)).call.call_id
    answers = [AcceptCall(call_id=call_id, user_id=bob, device_id=f"device-{n}") for n in range(12)]
    outcomes = await asyncio.gather(*(code(client.request(answer)) for answer in answers))
    assert sorted(outcomes) == ["conflict"] * 11 + ["ok"]
    call = (await client.request(GetCall(call_id=call_id))).call
    assert call.participants[1].answered_by == f"device-{outcomes.index('ok')}"
    assert await code(client.request(answers[outcomes.index("ok")])) == "ok", "the same device may repeat it"
    assert await code(client.request(AcceptCall(call_id=call_id, user_id=bob))) == "ok", "a join is not an answer"


async def test_either_accept_or_decline_counts(client: CallsClient) -> None:
    async def race() -> tuple[str, str, str]:
        ann, bob = ids.mint(), ids.mint()
        call_id = (await client.start(ann, bob)).call.call_id
        accepted, declined = await asyncio.gather(
            code(client.request(AcceptCall(call_id=call_id, user_id=bob, device_id="phone"))),
            code(client.request(DeclineCall(call_id=call_id, user_id=bob, device_id="tablet"))),
        )
        return accepted, declined, (await client.request(GetCall(call_id=call_id))).call.state

    outcomes = set(await asyncio.gather(*(race() for _ in range(30))))
    assert outcomes <= {("ok", "invalid_state", "active"), ("invalid_state", "ok", "ended")}


async def test_each_ring_ends_once_whatever_the_number_of_instances(client: CallsClient) -> None:
    calls = await asyncio.gather(*(client.start(ids.mint(), ids.mint()) for _ in range(50)))
    for call in calls:
        last = await client.removed(call)
        assert (last.end_reason, last.participants[1].state) == ("missed", "missed")
        assert last.ended_at is not None
        assert last.ended_at - last.created_at >= RING_TIMEOUT * 1000
        assert client.states(call) == ["ringing", "ended", None]


async def test_call_that_was_answered_is_not_missed(client: CallsClient, users: tuple[str, str, str]) -> None:
    ann, bob, carol = users
    call = await client.start(ann, bob)
    await client.request(AcceptCall(call_id=call.call.call_id, user_id=bob))
    await client.removed(await client.start(carol, ids.mint()))
    assert client.states(call) == ["ringing", "active"]


async def test_callee_in_another_call_is_busy(client: CallsClient, users: tuple[str, str, str]) -> None:
    ann, bob, carol = users
    call_id = (await client.start(ann, bob)).call.call_id
    while_ringing = await client.start(carol, bob)
    assert while_ringing.call.state == "ringing", "a second call may ring"
    await client.request(CancelCall(call_id=while_ringing.call.call_id, user_id=carol))
    await client.request(AcceptCall(call_id=call_id, user_id=bob))
    busy = (await client.start(carol, bob)).call
    assert (busy.state, busy.end_reason) == ("ended", "busy")
    await client.request(LeaveCall(call_id=call_id, user_id=bob))
    assert (await client.start(carol, bob)).call.state == "ringing"


async def test_group_has_one_call_which_others_may_enter(client: CallsClient, users: tuple[str, str, str]) -> None:
    ann, bob, carol = users
    group = ids.mint()
    started = await client.start(ann, bob, group_id=group)
    entered = await client.start(bob, carol, group_id=group)
    assert started.call.call_id == entered.call.call_id
    states = {each.user_id: each.state for each in entered.call.participants}
    assert states == {ann: "accepted", bob: "accepted", carol: "ringing"}
    stranger = ids.mint()
    listed = await client.request(ListCalls(user_id=stranger, group_id=group))
    assert [call.call_id for call in listed.calls] == [started.call.call_id]
    assert (await client.request(ListCalls(user_id=stranger))).calls == []
    assert await code(client.request(EndCall(call_id=started.call.call_id, user_id=bob))) == "not_allowed"
    await client.request(EndCall(call_id=started.call.call_id, user_id=ann))
    assert (await client.removed(started)).end_reason == "ended"
    assert (await client.start(bob, group_id=group)).call.call_id != started.call.call_id


async def test_errors_change_nothing(client: CallsClient, users: tuple[str, str, str]) -> None:
    ann, bob, eve = users
    call = await client.start(ann, bob)
    call_id = call.call.call_id
    refused = [
        (AcceptCall(call_id=call_id, user_id=eve), ErrorCode.NOT_FOUND),
        (DeclineCall(call_id=call_id, user_id=eve), ErrorCode.NOT_FOUND),
        (DeclineCall(call_id=call_id, user_id=ann), ErrorCode.INVALID_STATE),
        (IgnoreCall(call_id=call_id, user_id=ann, device_id="phone"), ErrorCode.INVALID_STATE),
        (CancelCall(call_id=call_id, user_id=bob), ErrorCode.NOT_ALLOWED),
        (CancelCall(call_id=call_id, user_id=eve), ErrorCode.NOT_FOUND),
        (LeaveCall(call_id=call_id, user_id=eve), ErrorCode.NOT_FOUND),
        (EndCall(call_id=call_id, user_id=eve), ErrorCode.NOT_FOUND),
        (GetCall(call_id=call_id[:-1]), ErrorCode.NOT_FOUND),
        (GetCall(call_id="standup"), ErrorCode.NOT_FOUND),
    ]
    for message, expected in refused:
        assert await code(client.request(message)) == expected, message
    assert await code(client.start(ann, ann)) == "invalid_argument"
    assert client.states(call) == ["ringing"]
    await client.request(DeclineCall(call_id=call_id, user_id=bob))
    await client.removed(call)
    for message in (
        AcceptCall(call_id=call_id, user_id=bob),
        DeclineCall(call_id=call_id, user_id=bob),
        CancelCall(call_id=call_id, user_id=ann),
    ):
        assert await code(client.request(message)) == "invalid_state"
    for done in (LeaveCall(call_id=call_id, user_id=bob), EndCall(call_id=call_id, user_id=ann)):
        assert (await client.request(done)).call.end_reason == "declined"
    assert await code(client.request(EndCall(call_id=call_id, user_id=eve))) == "not_found"


async def test_history_is_listed_in_pages_with_filters(client: CallsClient, users: tuple[str, str, str]) -> None:
    ann, bob, carol = users
    ended: list[str] = []
    for number in range(5):
        call = await client.start(ann, bob if number % 2 else carol)
        callee = call.call.participants[1].user_id
        if number < 3:
            await client.request(DeclineCall(call_id=call.call.call_id, user_id=callee))
        else:
            await client.request(CancelCall(call_id=call.call.call_id, user_id=ann))
        await client.removed(call)
        ended.append(call.call.call_id)
    live = (await client.start(ann, bob)).call.call_id
    first = await client.request(ListCalls(user_id=ann, limit=3))
    assert [call.call_id for call in first.calls] == [live, *ended[:1:-1]]
    second = await client.request(ListCalls(user_id=ann, limit=3, before=first.next))
    assert [call.call_id for call in second.calls] == ended[1::-1]
    assert second.next is None

    async def listed(user: str, **filters: object) -> list[str]:
        message = ListCalls.model_validate({"user_id": user, **filters})
        return [call.call_id for call in (await client.request(message)).calls]

    assert await listed(bob) == [live, ended[3], ended[1]]
    assert await listed(bob, state="ringing") == [live]
    assert await listed(bob, state="ended") == [ended[3], ended[1]]
    assert await listed(bob, missed=True) == [ended[3]]
    assert await listed(ann, missed=True) == []
    assert (await client.request(GetCall(call_id=ended[0]))).call.end_reason == "declined"


async def test_repeated_start_and_answer_write_nothing(client: CallsClient, users: tuple[str, str, str]) -> None:
    ann, bob, _ = users
    call = await client.start(ann, bob)
    assert await client.start(ann, bob) == call
    ignore = IgnoreCall(call_id=call.call.call_id, user_id=bob, device_id="phone")
    assert (await client.request(ignore)).revision == (await client.request(ignore)).revision
    accept = AcceptCall(call_id=call.call.call_id, user_id=bob, device_id="tablet")
    assert (await client.request(accept)).revision == (await client.request(accept)).revision
    async with asyncio.timeout(10):
        while "active" not in client.states(call):
            await client.wait_for_change()
    assert client.states(call) == ["ringing", "ringing", "active"]

"""A room at the limit of its bytes can be joined and resumed. Requests beyond the limit leave no trace."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest

from support.caller import Caller
from support.client_socket import Refused
from support.eventually import wait_for_stats
from support.installation import Installation
from support.large_room import LARGE, fill_room

PEERS = 9
MAX_ROOM_BYTES = 2 * 1024 * 1024
NATS_MESSAGE = 1024 * 1024
"""The largest message that the server accepts."""


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Two signaling instances and two registries. Transports that never connect live as long as a test."""
    environment = {"HANDSHAKE_TIMEOUT": "120"}
    directory = tmp_path_factory.mktemp("large")
    with Installation(directory, signalings=2, registries=2, reconnect_grace=10, environment=environment) as running:
        yield running


async def test_room_at_its_limit_stays_usable(installation: Installation, call_id: str) -> None:
    first, second = installation.urls
    async with AsyncExitStack() as stack:
        callers = [await stack.enter_async_context(Caller(installation.urls[n % 2])) for n in range(PEERS)]
        for number, caller in enumerate(callers):
            await caller.join(call_id, userId=f"user {number}", resumable=True)
        filled = await fill_room(callers)
        assert {each.refusal for each in filled} - {None} == {"quota_exceeded"}
        count = sum(len(each.producers) for each in filled)
        for url in (first, second):
            async with Caller(url) as refused:
                with pytest.raises(Refused, match="quota_exceeded"):
                    await refused.join(call_id, userId="large", appData=LARGE)
        await wait_for_stats(installation, {"peers": PEERS, "producers": count})

        # Concurrent writes exceed the limit by one producer of each peer at most.
        for caller, each in zip(callers, filled, strict=True):
            await caller.call("closeProducer", producerId=each.producers.pop())
        await wait_for_stats(installation, {"producers": count - PEERS})

        joined = await (await stack.enter_async_context(Caller(first))).join(call_id, userId="late")
        producers = [one for peer in joined["peers"] for one in peer["producers"]]
        assert len(joined["peers"]) == PEERS
        assert sum(len(str(one)) for one in producers) > MAX_ROOM_BYTES * 0.9
        assert len(producers) == count - PEERS

        await callers[0].cut()
        again = await stack.enter_async_context(Caller(second))
        resumed = await again.call("resume", resumeToken=callers[0].resume_token)
        others = [one for peer in resumed["peers"] for one in peer["producers"]]
        assert len(others) + len(resumed["producers"]) == len(producers)
        await again.call("closeProducer", producerId=resumed["producers"][0]["producerId"])
        await callers[1].event("producerClosed", producerId=resumed["producers"][0]["producerId"])
    await wait_for_stats(installation, {"peers": 0, "producers": 0, "transports": 0}, within=40)


async def test_concurrent_joins_of_a_large_room_all_succeed(installation: Installation, call_id: str) -> None:
    async with AsyncExitStack() as stack:
        owners = [await stack.enter_async_context(Caller(installation.url)) for _ in range(5)]
        for number, owner in enumerate(owners):
            await owner.join(call_id, userId=f"owner {number}")
        assert {each.refusal for each in await fill_room(owners)} == {None}
        guests = [await stack.enter_async_context(Caller(installation.urls[n % 2])) for n in range(20)]
        joined = await asyncio.gather(*(guest.join(call_id, userId=f"guest {n}") for n, guest in enumerate(guests)))
        assert all(len(answer["peers"]) >= len(owners) for answer in joined)
        assert len(str(joined[0])) > NATS_MESSAGE

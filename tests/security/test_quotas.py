"""One more than each quota allows is refused, and the counts are exact. Many at once are no way around it.

Rows 13 and 29 of docs/security.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest

from support.caller import Caller, rtp_parameters
from support.client_socket import ClientSocket
from support.eventually import wait_for_counts, wait_for_workers
from support.installation import Installation

ROOMS, PEERS, TRANSPORTS, PRODUCERS, CONSUMERS = 5, 3, 4, 3, 2
QUOTAS = {
    "MAX_ROOMS": str(ROOMS),
    "MAX_PEERS_PER_ROOM": str(PEERS),
    "MAX_TRANSPORTS_PER_PEER": str(TRANSPORTS),
    "MAX_PRODUCERS_PER_PEER": str(PRODUCERS),
    "MAX_CONSUMERS_PER_PEER": str(CONSUMERS),
}
AT_ONCE = 100


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with small quotas and two instances of whatever could count twice."""
    with Installation(
        tmp_path_factory.mktemp("small"), registries=2, nodes=2, signalings=2, environment=QUOTAS, empty_room_ttl=5.0
    ) as running:
        yield running


async def codes(requests: list[asyncio.Future[dict[str, object]]]) -> dict[str, int]:
    """How many answers have each error code, `ok` for success."""
    counted: dict[str, int] = {}
    for answer in await asyncio.gather(*requests):
        error = answer.get("error")
        code = str(error["code"]) if isinstance(error, dict) else "ok"
        counted[code] = counted.get(code, 0) + 1
    return counted


async def test_rooms(small: Installation) -> None:
    async with ClientSocket(small.urls[0]) as one, ClientSocket(small.urls[1]) as two:
        requests = [
            await (one, two)[number % 2].start_request("createRoom", {"callId": f"room {number}"})
            for number in range(2 * ROOMS)
        ]
        assert await codes(requests) == {"ok": ROOMS, "quota_exceeded": ROOMS}
        # Rooms that nobody joins are removed, and make place.
        await create_when_there_is_place(one, "another room")


async def create_when_there_is_place(socket: ClientSocket, call_id: str) -> None:
    """Creates a room, once rooms that nobody is in are removed. The test's timeout bounds the wait."""
    while "error" in await socket.request("createRoom", {"callId": call_id}):
        await asyncio.sleep(0.1)


async def test_peers(small: Installation, call_id: str) -> None:
    async with AsyncExitStack() as stack:
        callers = [await stack.enter_async_context(Caller(small.urls[number % 2])) for number in range(2 * PEERS)]
        await create_when_there_is_place(callers[0], call_id)
        join = {"callId": call_id, "userId": "u", "rtpCapabilities": {"codecs": [], "headerExtensions": []}}
        requests = [await caller.start_request("joinRoom", join) for caller in callers]
        assert await codes(requests) == {"ok": PEERS, "quota_exceeded": PEERS}
        await wait_for_counts(small, rooms=1, peers=PEERS)


async def test_transports_producers_and_consumers(small: Installation, call_id: str) -> None:
    async with Caller(small.url) as alice, Caller(small.urls[1]) as bob:
        await create_when_there_is_place(alice, call_id)
        await alice.join(call_id)
        await bob.join(call_id)
        created = [
            await alice.start_request("createTransport", {"direction": direction})
            for direction in ("send", "recv") * TRANSPORTS
        ]
        assert await codes(created) == {"ok": TRANSPORTS, "quota_exceeded": TRANSPORTS}
        sends = next(one for one in [future.result() for future in created] if "id" in one)
        produced = [
            await alice.start_request(
                "produce",
                {
                    "transportId": sends["id"],
                    "kind": "audio",
                    "rtpParameters": rtp_parameters("audio", 1_000 + number, mid=str(number)),
                },
            )
            for number in range(PRODUCERS + 2)
        ]
        assert await codes(produced) == {"ok": PRODUCERS, "quota_exceeded": 2}
        producers = [one["id"] for one in (future.result() for future in produced) if "id" in one]
        for producer_id in producers:
            await bob.event("newProducer", producerId=producer_id)
        receives = await bob.call("createTransport", direction="recv")
        consumed = [
            await bob.start_request("consume", {"transportId": receives["id"], "producerId": producer_id})
            for producer_id in producers
        ]
        assert await codes(consumed) == {"ok": CONSUMERS, "quota_exceeded": PRODUCERS - CONSUMERS}
        await wait_for_counts(
            small, rooms=1, peers=2, transports=TRANSPORTS + 1, producers=PRODUCERS, consumers=CONSUMERS
        )
        # What was closed can be created again: a refusal has used nothing up.
        await alice.call("closeProducer", producerId=producers[0])
        await alice.call("closeTransport", transportId=sends["id"])
        await alice.call("createTransport", direction="send")


async def test_a_room_that_a_hundred_clients_create_at_once_is_one_room(small: Installation, call_id: str) -> None:
    """Row 29."""
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(ClientSocket(small.urls[number % 2])) for number in range(AT_ONCE)]
        requests = [await socket.start_request("createRoom", {"callId": call_id}) for socket in sockets]
        answers = await asyncio.gather(*requests)
        assert {str(answer) for answer in answers} == {str(answers[0])}
        assert answers[0]["callId"] == call_id
        callers = [await stack.enter_async_context(Caller(small.urls[number % 2])) for number in range(PEERS)]
        await asyncio.gather(*(caller.join(call_id) for caller in callers))
        await asyncio.gather(*(caller.call("createTransport", direction="send") for caller in callers))
        await wait_for_counts(small, rooms=1, peers=PEERS, transports=PEERS)
        # A room that two requests created apart would have its peers on two workers.
        await wait_for_workers(small, lambda workers: sorted(one["peers"] for one in workers) == [0, PEERS])

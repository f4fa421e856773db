"""A client creates a room that is about to be removed as empty, and joins it: it is in the room, on every replica."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator

import pytest

from hubbub_bus import Bus
from hubbub_contracts import ErrorCode, HubbubError, ids
from hubbub_contracts.bus.room import CreateRoom
from support.registry_rig import FakeNode, FakeSignaling, Replicas, independent_node, replicas

EMPTY_ROOM_TTL = 2.0
ROOMS = 100
SWEPT = 1.3
"""Seconds in which every replica looks for empty rooms once."""


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    """Two replicas with a short time to live."""
    with replicas(tmp_path_factory.mktemp("registry"), empty_room_ttl=EMPTY_ROOM_TTL) as running:
        yield running


async def enter(signaling: FakeSignaling, call_id: str, ttl: float, pause: float = 0.0) -> None:
    """Creates the room, joins it after a pause, and checks that nobody removes it."""
    room_id, peer_id = await create_and_join(signaling, call_id, ttl, pause)
    await asyncio.sleep(SWEPT)
    assert [peer.peer_id for peer in (await signaling.room(room_id)).peers] == [peer_id]


async def create_and_join(signaling: FakeSignaling, call_id: str, ttl: float, pause: float) -> tuple[str, str]:
    """Returns the ids of the room and the peer.

    A room that is created stays for three quarters of its time to live at least. A busy machine may take longer to
    join, and tries again.
    """
    while True:
        began = time.monotonic()
        created = await signaling.request(CreateRoom(call_id=call_id))
        await asyncio.sleep(pause)
        try:
            peer_id, joined = await signaling.join(created.room_id)
        except HubbubError as error:
            if error.code is not ErrorCode.ROOM_NOT_FOUND or time.monotonic() < began + 0.75 * ttl:
                raise
        else:
            assert [peer.peer_id for peer in joined.peers] == [peer_id]
            return created.room_id, peer_id


async def test_a_room_that_is_created_while_it_is_removed_can_be_joined(
    signaling: FakeSignaling, node: FakeNode
) -> None:
    async def race(seed: int) -> None:
        call_id = ids.mint()
        await signaling.request(CreateRoom(call_id=call_id))
        await asyncio.sleep(EMPTY_ROOM_TTL * random.Random(seed).uniform(0.9, 1.7))
        await enter(signaling, call_id, EMPTY_ROOM_TTL)

    await asyncio.gather(*(race(seed) for seed in range(ROOMS)))


async def test_a_replica_that_has_just_started_does_not_believe_that_a_room_is_new(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """It has read the room a moment ago; the other replica knows that the room has been empty for long."""
    for ttl in (16.0, 40.0):
        if await join_after_a_restart(tmp_path_factory, ttl):
            return
    pytest.fail("this machine starts no replica in time")


async def join_after_a_restart(tmp_path_factory: pytest.TempPathFactory, ttl: float) -> bool:
    """Restarts a replica shortly before empty rooms expire, and joins them then.

    Returns False, without a statement about the registry, when the restart took too long for this time to live.
    """
    with replicas(tmp_path_factory.mktemp("restarted"), empty_room_ttl=ttl) as running:
        bus = await Bus.connect(running.nats.url, name="test", timeout=20)
        async with independent_node(running.nats.url):
            signaling = await FakeSignaling(bus).start()
            began = time.monotonic()
            calls = [ids.mint() for _ in range(ROOMS)]
            for call_id in calls:
                await signaling.request(CreateRoom(call_id=call_id))
            took = time.monotonic() - began

            async def wait_for_age(share: float) -> None:
                """Waits until the first room has been empty for this share of its time to live."""
                await asyncio.sleep(began + share * ttl - time.monotonic())

            await wait_for_age(0.72)
            running.processes[1].kill()
            await running.restart(running.processes[1])
            in_time = time.monotonic() < began + 0.93 * ttl
            if in_time:
                await wait_for_age(0.93)
                pause = 0.07 * ttl + took + SWEPT  # by then, all have been empty for too long
                await asyncio.gather(*(enter(signaling, call_id, ttl, pause) for call_id in calls))
            await signaling.stop()
        await bus.close()
    return in_time

"""Each change is told once: when a write of the follower fails or its answer is lost, and behind a change that the log
lacks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import cast

import pytest

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.webhook_records import Position, ToldRoom, WaitingEvent, WebhookRecord
from hubbub_webhooks.domain.ports import Changes, EventQueues, Listing, Logged, ToldStore
from hubbub_webhooks.handlers.follower import BUCKETS, Follower, follow_for_ever
from support.webhook_changes import AT, peer, peer_gone, room, room_gone

ENDPOINT = WebhookRecord(
    webhook_id="w" * 22, url="https://example.org/", events=[], created_at=1, all_tenants=True, secrets=[]
)
CHANGES = [Logged("rooms", 1, room(), AT, 1), Logged("rooms", 2, peer("ann"), AT, 2)]
LOST = HubbubError(ErrorCode.DEADLINE_EXCEEDED, "the store did not acknowledge in time", retryable=True)
WITHIN = 10.0


class Log:
    """Implements `Changes`: some changes, and nothing else."""

    def __init__(self, changes: Sequence[Logged] = CHANGES, listing: Listing | None = None) -> None:
        """`listing`: of every bucket; None: nothing may be listed."""
        self._changes = changes
        self._listing = listing

    async def prepare(self) -> None:
        """See `Changes`."""

    async def read(self, position: int) -> AsyncIterator[list[Logged]]:
        """See `Changes`."""
        yield [each for each in self._changes if each.position > position]
        await asyncio.Event().wait()

    async def list(self, bucket: str) -> Listing:
        """See `Changes`."""
        assert self._listing is not None, f"{bucket} is listed"
        return self._listing

    async def last_revision(self, bucket: str) -> int:
        """See `Changes`."""
        return self._changes[-1].revision if bucket == "rooms" else 0


class Stored:
    """Implements `ToldStore` and `EventQueues`. The first write of a room may fail, before or after it is stored."""

    def __init__(self, *, is_stored: bool = True, fails: bool = True) -> None:
        self._is_stored = is_stored
        self._has_failed = not fails
        self._position = Position(revisions=dict.fromkeys(BUCKETS, 0))
        self._rooms: dict[str, ToldRoom] = {}
        self.queued: list[WaitingEvent] = []

    async def prepare(self) -> None:
        """See `EventQueues`."""

    async def load(self, _webhook_id: str) -> tuple[Position, list[ToldRoom]]:
        """See `ToldStore`."""
        return self._position, list(self._rooms.values())

    async def put_room(self, _webhook_id: str, told: ToldRoom) -> None:
        """See `ToldStore`."""
        fails, self._has_failed = not self._has_failed, True
        if self._is_stored or not fails:
            self._rooms[told.room_id] = told
        if fails:
            raise LOST

    async def put_position(self, _webhook_id: str, position: Position) -> None:
        """See `ToldStore`."""
        self._position = position

    async def append(self, _webhook_id: str, _room_id: str, event: WaitingEvent) -> None:
        """See `EventQueues`."""
        self.queued.append(event)


@pytest.mark.parametrize("is_stored", [False, True], ids=["not stored", "stored"])
async def test_each_change_is_told_once_after_a_failed_write(is_stored: bool) -> None:
    stored = Stored(is_stored=is_stored)
    await follow(Log(), stored)
    assert [each.event.type for each in stored.queued] == ["room.started", "peer.joined"]


async def test_what_is_known_behind_a_missing_change_is_told_although_no_listing_shows_it() -> None:
    """The change at sequence 1 is lost. Ann has come and gone before the bucket is listed."""
    known = [
        Logged("rooms", 2, room(), AT, 1),
        Logged("rooms", 3, peer("ann"), AT, 2),
        Logged("rooms", 4, peer_gone("ann"), AT, 3),
        Logged("rooms", 5, room_gone(), AT, 4),
    ]
    stored = Stored(fails=False)
    await follow(Log(known, Listing([], 5)), stored)
    assert [each.event.type for each in stored.queued] == ["room.started", "peer.joined", "peer.left", "room.ended"]


async def follow(log: Log, stored: Stored) -> None:
    """Follows until an event was queued."""
    queued = asyncio.Event()
    follower = Follower(
        ENDPOINT,
        cast("Changes", log),
        cast("ToldStore", stored),
        cast("EventQueues", stored),
        lambda _room_id: queued.set(),
    )
    following = asyncio.create_task(follow_for_ever(follower, retry_interval=0.01))
    try:
        async with asyncio.timeout(WITHIN):
            await queued.wait()
    finally:
        following.cancel()
        await asyncio.wait([following])

"""Deliveries over hours of virtual time: order, outages, dead letters."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hubbub_contracts import ids
from hubbub_contracts.bus.webhook_records import DeadEvent, WaitingEvent, WebhookRecord
from hubbub_contracts.webhook import WebhookData, WebhookEvent
from hubbub_webhooks.domain.ports import Letter, Queued
from hubbub_webhooks.domain.retries import GIVE_UP_AFTER, LONGEST_DELAY, Attempt, Verdict
from hubbub_webhooks.domain.signature import new_secret
from hubbub_webhooks.handlers.delivery import Delivery
from support.virtual_time import VirtualTimeLoop

ENDPOINT = WebhookRecord(webhook_id="w", created_at=0, url="https://app.example/", events=[], secrets=[new_secret()])


@dataclass
class Queues:
    """The queues in memory. Implements the part of `EventQueues` that deliveries use."""

    waiting: dict[str, list[Queued]] = field(default_factory=dict)
    dead: list[DeadEvent] = field(default_factory=list)

    def add(self, room_id: str, seq: int, now: float) -> None:
        event = WebhookEvent(type="peer.joined", timestamp="", data=WebhookData(call_id=room_id, seq=seq))
        queued = Queued(seq, WaitingEvent(event_id=ids.mint(), event=event), now)
        self.waiting.setdefault(room_id, []).append(queued)

    async def prepare(self) -> None: ...

    async def known(self) -> set[str]:
        return set()

    async def append(self, webhook_id: str, room_id: str, event: WaitingEvent) -> None: ...

    async def first(self, webhook_id: str, room_id: str) -> Queued | None:
        return next(iter(self.waiting.get(room_id, [])), None)

    async def remove(self, queued: Queued) -> None:
        for waiting in self.waiting.values():
            with contextlib.suppress(ValueError):
                waiting.remove(queued)

    async def bury(self, webhook_id: str, room_id: str, queued: Queued, dead: DeadEvent) -> None:
        self.dead.append(dead)
        await self.remove(queued)

    async def rooms(self, webhook_id: str) -> dict[str, int]:
        return {room_id: len(waiting) for room_id, waiting in self.waiting.items() if waiting}

    async def dead_letters(self, webhook_id: str, after: int, limit: int) -> list[Letter]:
        return []

    async def count_dead(self, webhook_id: str) -> int:
        return len(self.dead)

    async def replay(self, webhook_id: str, letter: Letter) -> None: ...

    async def clear(self, webhook_id: str) -> None: ...


class Endpoint:
    """Answers by the time. Implements `Sender`."""

    def __init__(self, answer: Callable[[float, str], Attempt]) -> None:
        self._answer = answer
        self.accepted: list[tuple[str, int, float]] = []
        """Room, number and time."""
        self.attempts = 0

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Attempt:
        self.attempts += 1
        event, now = WebhookEvent.model_validate_json(body), asyncio.get_running_loop().time()
        attempt = self._answer(now, event.data.call_id)
        if attempt.status == 200:
            self.accepted.append((event.data.call_id, event.data.seq, now))
        return attempt

    async def check(self, url: str) -> str | None:
        return None


def deliver(queues: Queues, endpoint: Endpoint, seconds: float) -> list[Verdict]:
    """Delivers for so many virtual seconds."""
    verdicts: list[Verdict] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        delivery = Delivery(lambda: ENDPOINT, queues, endpoint, asyncio.Semaphore(4), verdicts.append, clock=loop.time)
        await delivery.wake_waiting()
        await asyncio.sleep(seconds)
        await delivery.stop()

    loop = VirtualTimeLoop()
    try:
        loop.run_until_complete(run())
    finally:
        loop.close()
    return verdicts


def test_outage_of_an_hour_delays_everything_and_loses_nothing() -> None:
    queues = Queues()
    for room in ("a", "b"):
        for seq in range(1, 6):
            queues.add(room, seq, 0.0)
    endpoint = Endpoint(lambda now, _room: Attempt(200) if now >= 3_600 else Attempt(None, "refused"))
    deliver(queues, endpoint, 3 * 3_600)
    for room in ("a", "b"):
        assert [seq for name, seq, _ in endpoint.accepted if name == room] == [1, 2, 3, 4, 5]
    assert all(3_600 <= at < 4_400 for *_, at in endpoint.accepted)
    assert endpoint.attempts < 60, "waits longer and longer"


def test_refused_room_holds_up_no_other() -> None:
    queues = Queues()
    for room in ("a", "b"):
        queues.add(room, 1, 0.0)
    endpoint = Endpoint(lambda _now, room: Attempt(500) if room == "a" else Attempt(200))
    deliver(queues, endpoint, 10)
    assert endpoint.accepted == [("b", 1, 0.0)]


def test_event_dies_after_a_day_and_the_room_goes_on() -> None:
    queues = Queues()
    queues.add("a", 1, 0.0)
    queues.add("a", 2, GIVE_UP_AFTER - 1)
    # The pauses have random lengths of at most 1.2 times the longest one, so there is an attempt in between.
    recovered = GIVE_UP_AFTER + 2 * LONGEST_DELAY
    endpoint = Endpoint(lambda now, _room: Attempt(200) if now > recovered else Attempt(500, "answered 500"))
    verdicts = deliver(queues, endpoint, 2 * GIVE_UP_AFTER)
    [dead] = queues.dead
    assert (dead.event.data.seq, dead.error, dead.attempts > 100) == (1, "answered 500", True)
    assert [seq for _, seq, _ in endpoint.accepted] == [2]
    assert verdicts.count(Verdict.DEAD) == 1


def test_gone_endpoint_gets_an_event_once() -> None:
    queues = Queues()
    queues.add("a", 1, 0.0)
    endpoint = Endpoint(lambda _now, _room: Attempt(410, "answered 410"))
    deliver(queues, endpoint, 10)
    assert (endpoint.attempts, len(queues.dead)) == (1, 1)

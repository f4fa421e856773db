"""Delivers the events of one endpoint: one at a time in each room, rooms side by side.

A room whose events are refused holds up no other room, and an endpoint that is down no other endpoint.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import structlog

from hubbub_bus import unix_ms
from hubbub_contracts import HubbubError
from hubbub_contracts.bus.webhook_records import DeadEvent, WebhookRecord
from hubbub_contracts.encoded import encode
from hubbub_service import Tasks, report_failure

from ..domain.ports import EventQueues, Queued, Sender
from ..domain.retries import Attempt, Verdict, delay, evaluate
from ..domain.signature import signed_headers

STORE_RETRY = 1.0
"""Seconds until the queue is asked again that did not answer."""

_log = structlog.get_logger(__name__)


class Delivery:
    """One endpoint."""

    def __init__(
        self,
        endpoint: Callable[[], WebhookRecord],
        queues: EventQueues,
        sender: Sender,
        slots: AbstractAsyncContextManager[object],
        on_attempt: Callable[[Verdict], None],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Does nothing before `wake` or `wake_waiting`.

        Arguments:
            endpoint: the endpoint as it is configured now.
            slots: bounds the deliveries of all endpoints together.
            on_attempt: called after each attempt.
            clock: Unix seconds.
        """
        self._endpoint = endpoint
        self._id = endpoint().webhook_id
        self._queues = queues
        self._sender = sender
        self._slots = slots
        self._on_attempt = on_attempt
        self._clock = clock
        self._tasks = Tasks()
        self._working: dict[str, bool] = {}
        """The rooms whose events are being delivered; True: more were queued meanwhile."""

    async def wake_waiting(self) -> None:
        """Delivers everything that waits. Raises HubbubError when the queues do not answer."""
        for room_id in await self._queues.rooms(self._id):
            self.wake(room_id)

    async def stop(self) -> None:
        """Ends the deliveries. One that was accepted may be repeated later."""
        await self._tasks.close()

    def wake(self, room_id: str) -> None:
        """The queue of a room has got an event."""
        is_working = room_id in self._working
        self._working[room_id] = True
        if not is_working:
            self._tasks.spawn(self._work_off(room_id), "deliver")

    async def _work_off(self, room_id: str) -> None:
        try:
            while self._working[room_id]:
                self._working[room_id] = False
                try:
                    while (queued := await self._queues.first(self._id, room_id)) is not None:
                        await self._deliver(room_id, queued)
                except HubbubError as error:
                    _log.info("the queue of events does not answer, retrying", error=error.message)
                    self._working[room_id] = True
                    await asyncio.sleep(STORE_RETRY)
        except Exception as error:  # noqa: BLE001  a bug must not stop the other rooms
            report_failure("events of a room are not delivered", error, webhook=self._id, room_id=room_id)
        finally:
            del self._working[room_id]

    async def _deliver(self, room_id: str, queued: Queued) -> None:
        attempts = 0
        while True:
            attempts += 1
            attempt = await self._attempt(queued)
            verdict = evaluate(attempt, self._clock() - queued.queued_at)
            self._on_attempt(verdict)
            if verdict is Verdict.DELIVERED:
                await self._queues.remove(queued)
                return
            if verdict is Verdict.DEAD:
                _log.warning("an event could not be delivered", webhook=self._id, room_id=room_id, error=attempt.error)
                dead = DeadEvent(
                    event_id=queued.waiting.event_id,
                    event=queued.waiting.event,
                    attempts=attempts,
                    error=attempt.error[:500],
                    died_at=unix_ms(),
                )
                await self._queues.bury(self._id, room_id, queued, dead)
                return
            if attempts == 1:
                _log.info("an event was not accepted, retrying", webhook=self._id, error=attempt.error)
            await asyncio.sleep(delay(attempts, attempt, random.random()))  # noqa: S311

    async def _attempt(self, queued: Queued) -> Attempt:
        body = encode(queued.waiting.event)
        async with self._slots:
            endpoint = self._endpoint()
            headers = signed_headers(endpoint.secrets, queued.waiting.event_id, self._clock(), body)
            return await self._sender.post(endpoint.url, headers, body)

"""Runs the followers and deliveries of all endpoints, on the instance that owns them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from hubbub_contracts import HubbubError
from hubbub_contracts.bus.webhook_records import WebhookRecord
from hubbub_service import Tasks, cancel_and_wait

from ..domain.ports import Changes, Endpoints, EventQueues, Sender, ToldStore
from ..domain.retries import Verdict
from .delivery import Delivery
from .follower import Follower, follow_for_ever

CONCURRENT_DELIVERIES = 128
RETRY_INTERVAL = 1.0
TRIM_INTERVAL = 10.0
"""Seconds between two removals of what all endpoints have worked off."""

_log = structlog.get_logger(__name__)


class Dispatcher:
    """All endpoints. `run` lasts while this instance is the owner."""

    def __init__(
        self,
        endpoints: Endpoints,
        changes: Changes,
        told: ToldStore,
        queues: EventQueues,
        sender: Sender,
        on_attempt: Callable[[Verdict], None],
        captured: Callable[[], Awaitable[None]],
    ) -> None:
        """`on_attempt` is called after each attempt to deliver an event. `captured` waits until this instance captures
        changes.
        """
        self._captured = captured
        self._endpoints = endpoints
        self._changes = changes
        self._told = told
        self._queues = queues
        self._sender = sender
        self._on_attempt = on_attempt
        self._slots = asyncio.Semaphore(CONCURRENT_DELIVERIES)
        self._running: dict[str, _Running] = {}

    def wake(self, webhook_id: str, room_id: str) -> None:
        """An event was queued for an endpoint."""
        running = self._running.get(webhook_id)
        if running is not None:
            running.delivery.wake(room_id)

    async def run(self) -> None:
        """Serves the endpoints until it is cancelled. Raises NotOwner."""
        try:
            await self._forget_removed()
            while True:
                version = self._endpoints.version
                await self._adapt()
                await self._wait_for_change(version)
                await self._tidy()
        finally:
            for running in list(self._running.values()):
                await running.stop()
            self._running.clear()

    async def _wait_for_change(self, version: int) -> None:
        failures = [running.failed for running in self._running.values()]
        changed = asyncio.ensure_future(self._endpoints.wait_for_change(version))
        try:
            await asyncio.wait([changed, *failures], timeout=TRIM_INTERVAL, return_when=asyncio.FIRST_COMPLETED)
            for failure in failures:
                if failure.done():
                    failure.result()
        finally:
            await cancel_and_wait(changed)

    async def _forget_removed(self) -> None:
        """Removes what endpoints have left that were removed while no instance was the owner."""
        while True:
            try:
                for webhook_id in {*await self._told.known(), *await self._queues.known()} - {*self._endpoints.current}:
                    await self._forget(webhook_id)
                return
            except HubbubError as error:
                _log.info("removed webhooks are not forgotten yet, retrying", error=error.message)
                await asyncio.sleep(RETRY_INTERVAL)

    async def _adapt(self) -> None:
        current = dict(self._endpoints.current)
        for webhook_id, running in list(self._running.items()):
            if current.get(webhook_id) != running.endpoint:
                await running.stop()
                del self._running[webhook_id]
            if webhook_id not in current:
                await self._forget(webhook_id)
        if current:
            # What is stored between the first listing and the first captured change would be missing.
            await self._captured()
        for webhook_id, endpoint in current.items():
            if webhook_id not in self._running:
                self._running[webhook_id] = self._start(endpoint)

    def _start(self, endpoint: WebhookRecord) -> _Running:
        delivery = Delivery(lambda: endpoint, self._queues, self._sender, self._slots, self._on_attempt)
        follower = Follower(endpoint, self._changes, self._told, self._queues, delivery.wake)
        return _Running(endpoint, follower, delivery)

    async def _forget(self, webhook_id: str) -> None:
        try:
            await self._told.remove(webhook_id)
            await self._queues.clear(webhook_id)
        except HubbubError as error:
            _log.warning("a removed webhook has left something", webhook=webhook_id, error=error.message)

    async def _tidy(self) -> None:
        """Trims the log, and looks for events that another instance has queued."""
        positions = [running.follower.position for running in self._running.values()]
        try:
            if positions and min(positions) > 0:
                await self._changes.trim(min(positions))
            for running in self._running.values():
                await running.delivery.wake_waiting()
        except HubbubError as error:
            _log.info("the queues of events do not answer", error=error.message)


class _Running:
    """One endpoint that is served."""

    def __init__(self, endpoint: WebhookRecord, follower: Follower, delivery: Delivery) -> None:
        self.endpoint = endpoint
        self.follower = follower
        self.delivery = delivery
        self._tasks = Tasks()
        self.failed = self._tasks.spawn(self._follow(), f"webhook-{endpoint.webhook_id}")

    async def stop(self) -> None:
        await self._tasks.close()
        await self.delivery.stop()

    async def _follow(self) -> None:
        await follow_for_ever(self.follower, RETRY_INTERVAL)

"""Background requests to the registry, which are kept while the registry is unreachable.

Rules
- A request is retried with backoff until the registry answers it or refuses it with an error that is not retryable.
- Requests are independent: none waits for another.
- Of equal requests to `enqueue_once`, one is under way at a time.
"""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from hubbub_contracts import HubbubError, Request
from hubbub_contracts.bus.peer import LeaveReason, LeaveRoom
from hubbub_service import Tasks, report_failure

from ..domain.ports import Backend, ReplyT, SessionTelemetry

_log = structlog.get_logger(__name__)
BACKOFF = (0.1, 0.2, 0.5, 1.0, 2.0)
"""Seconds before each retry; the last value repeats."""


class RegistryOutbox:
    """Delivers requests to the registry at least once."""

    def __init__(self, backend: Backend, telemetry: SessionTelemetry) -> None:
        self._backend = backend
        self._telemetry = telemetry
        self._tasks = Tasks()
        self._once: set[tuple[str, str]] = set()
        """The verbs and contents of the requests of `enqueue_once` that are under way."""

    def enqueue(self, message: Request[Any]) -> None:
        """Delivers the request in the background."""
        self._tasks.spawn(self.retry(message), f"outbox {message.verb}")

    def enqueue_once(self, message: Request[Any]) -> None:
        """Delivers the request in the background, unless an equal one is under way. It must be one that clients can
        cause again and again, and whose repetition changes nothing."""
        key = (message.verb, message.model_dump_json())
        if key not in self._once:
            self._once.add(key)
            self._tasks.spawn(self._retry_once(key, message), f"outbox {message.verb}")

    async def _retry_once(self, key: tuple[str, str], message: Request[Any]) -> None:
        try:
            await self.retry(message)
        finally:
            self._once.discard(key)

    def enqueue_departure(self, room_id: str, peer_id: str, claim_id: str, reason: LeaveReason) -> None:
        """Has the registry remove a peer from its room, unless the peer was claimed since `claim_id`."""
        self._telemetry.peer_departed(reason)
        self.enqueue(LeaveRoom(room_id=room_id, peer_id=peer_id, reason=reason, claim_id=claim_id))

    async def retry(self, message: Request[ReplyT]) -> ReplyT | None:
        """The registry's reply, however long it takes. None: the registry refused the request."""
        attempt = 0
        while True:
            try:
                return await self._backend.registry(message)
            except HubbubError as error:
                if not error.retryable:
                    _log.info("registry refused a request", message=message.verb, code=error.code.value)
                    return None
            except Exception as error:  # noqa: BLE001  a removal that is given up would leave a peer in its room
                report_failure("a request to the registry failed, retrying", error, message=message.verb)
            await asyncio.sleep(BACKOFF[min(attempt, len(BACKOFF) - 1)])
            attempt += 1

    async def drain(self) -> None:
        """Waits until every request has been delivered or refused."""
        await self._tasks.drain()

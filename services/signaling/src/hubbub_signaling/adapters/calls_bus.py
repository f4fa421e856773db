"""The calls service, the registry and the other signaling instances over the bus."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from hubbub_bus import Bus, ChangeFeed, Entry
from hubbub_contracts import Model, subjects
from hubbub_contracts.base import CallsRequest, RegistryRequest
from hubbub_contracts.bus.call_records import CallRecord
from hubbub_contracts.bus.message import DeliverMessage
from hubbub_contracts.bus.presence import ConnectedDevices, FindDevices

from ..domain.calls.ports import CallChange
from .bus_backend import REGISTRY_TIMEOUT

ReplyT = TypeVar("ReplyT", bound=Model)

CALLS_TIMEOUT = 5.0
"""Seconds. A JetStream leader may be being elected."""
ANSWER_WINDOW = 0.15
"""Seconds in which instances answer."""
DELIVERY_TIMEOUT = 5.0
"""Seconds in which an instance delivers a message, whether its answer is waited for or not."""


class CallsBus:
    """Implements `CallsBackend`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def calls(self, message: CallsRequest[ReplyT]) -> ReplyT:
        """See `CallsBackend`."""
        return await self._bus.request(subjects.calls(message.verb), message, timeout=CALLS_TIMEOUT)

    async def registry(self, message: RegistryRequest[ReplyT]) -> ReplyT:
        """See `CallsBackend`."""
        return await self._bus.request(subjects.registry(message.verb), message, timeout=REGISTRY_TIMEOUT)

    async def find_devices(self, tenant: str | None, user_ids: Sequence[str]) -> list[ConnectedDevices]:
        """See `CallsBackend`."""
        message = FindDevices(tenant=tenant, user_ids=list(user_ids))
        return await self._bus.gather(subjects.signaling(message.verb), message, window=ANSWER_WINDOW)

    async def deliver(self, message: DeliverMessage) -> int:
        """See `CallsBackend`."""
        subject = subjects.signaling(message.verb)
        answers = await self._bus.gather(subject, message, window=ANSWER_WINDOW, valid_for=DELIVERY_TIMEOUT)
        return sum(answer.devices for answer in answers)

    async def watch_calls(self, on_change: Callable[[CallChange], None], on_gap: Callable[[], None]) -> ChangeFeed:
        """See `CallsBackend`."""

        def receive(entry: Entry) -> None:
            record = None if entry.value is None else CallRecord.model_validate_json(entry.value)
            on_change(CallChange(entry.key, entry.revision, record))

        return await ChangeFeed.open(
            self._bus, f"{subjects.CALL_CHANGES}*", receive, on_gap, prefix=subjects.CALL_CHANGES
        )

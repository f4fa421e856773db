"""The services on the bus that calls need. Every method raises HubbubError."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from hubbub_contracts import Model
from hubbub_contracts.base import CallsRequest, RegistryRequest
from hubbub_contracts.bus.call_records import CallRecord
from hubbub_contracts.bus.message import DeliverMessage
from hubbub_contracts.bus.presence import ConnectedDevices
from hubbub_room import Subscription

ReplyT = TypeVar("ReplyT", bound=Model)


@dataclass(frozen=True, slots=True)
class CallChange:
    """One stored change of a call."""

    key: str
    """Of the call's conversation."""
    revision: int
    """Of the bucket. Later changes have a higher one."""
    record: CallRecord | None
    """None: the call has ended, and is in the history only."""


class CallsBackend(Protocol):
    """The services on the bus."""

    async def calls(self, message: CallsRequest[ReplyT]) -> ReplyT:
        """Sends a request to any instance of the calls service."""

    async def registry(self, message: RegistryRequest[ReplyT]) -> ReplyT:
        """Sends a request to any replica of the room registry."""

    async def find_devices(self, tenant: str | None, user_ids: Sequence[str]) -> list[ConnectedDevices]:
        """Asks all signaling instances for the devices of these users of a tenant, this one included."""

    async def deliver(self, message: DeliverMessage) -> int:
        """Delivers to devices on all signaling instances, this one included. Returns how many have got it."""

    async def watch_calls(self, on_change: Callable[[CallChange], None], on_gap: Callable[[], None]) -> Subscription:
        """Subscribes to the stored changes of all calls, in order. `on_gap`: changes may have been missed."""

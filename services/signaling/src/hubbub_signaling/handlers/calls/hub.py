"""The devices of this instance that are connected to `/calls`, and what their users are told.

Rules
- The hub keeps the last record of every live call that concerns a user here. A change is pushed as the difference.
- A device hears of no call before its replay: the rings of the records as they are after everything stored before. A
  ring that ended while the device was away is not among them.
- After a gap, the live calls are asked for, and the difference to the known ones is pushed.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Protocol

import structlog

from hubbub_contracts import ErrorCode, HubbubError, ids
from hubbub_contracts.bus.call import MAX_USERS, CallReply, GetCall, GetLiveCalls
from hubbub_contracts.bus.call_records import CallRecord
from hubbub_contracts.bus.message import DeliverMessage, MessageDelivered
from hubbub_contracts.bus.presence import ConnectedDevices, DeviceStatuses, FindDevices
from hubbub_contracts.call import PresenceStatus
from hubbub_contracts.socket.base import Push
from hubbub_contracts.socket.call import IncomingCall
from hubbub_contracts.socket.message import Message
from hubbub_room import Subscription
from hubbub_service import Tasks

from ...domain.calls.ports import CallChange, CallsBackend
from ...domain.calls.pushes import Delivery, deliveries, ring

_log = structlog.get_logger(__name__)

RETRY_INTERVAL = 1.0
"""Seconds after a request that failed."""


_User = tuple[str | None, str]
"""Tenant and user."""


class Device(Protocol):
    """A device of a user, connected to this instance."""

    @property
    def user_id(self) -> str:
        """The user."""

    @property
    def tenant(self) -> str | None:
        """Whose user it is."""

    @property
    def device_id(self) -> str:
        """Unique among the user's devices."""

    @property
    def status(self) -> PresenceStatus:
        """What the device says of its user."""

    def push(self, push: Push) -> None:
        """Sends an event."""


class CallHub:
    """One for each instance."""

    def __init__(self, backend: CallsBackend, clock: Callable[[], int]) -> None:
        """`clock` returns Unix milliseconds."""
        self._backend = backend
        self._clock = clock
        self._devices: dict[_User, set[Device]] = defaultdict(set)
        """By user."""
        self._waiting: dict[Device, set[str]] = {}
        """The devices before their replay, and the keys of the calls that have changed meanwhile."""
        self._known: dict[str, tuple[CallRecord, int]] = {}
        """The last record of a call, with its revision, by the key of its conversation."""
        self._feed: Subscription | None = None
        self._tasks = Tasks()
        self._resync: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Subscribes to the changes of calls. Raises `unavailable`."""
        self._feed = await self._backend.watch_calls(self.on_change, self.on_gap)

    async def stop(self) -> None:
        """Unsubscribes."""
        await self._tasks.close()
        if self._feed is not None:
            await self._feed.stop()

    def attach(self, device: Device) -> None:
        """A device has connected."""
        self._devices[_user(device)].add(device)
        self._waiting[device] = set()
        self._tasks.spawn(self._replay(device), "replay-rings")

    def detach(self, device: Device) -> None:
        """A device has disconnected."""
        self._waiting.pop(device, None)
        devices = self._devices[_user(device)]
        devices.discard(device)
        if not devices:
            del self._devices[_user(device)]

    async def find_devices(self, request: FindDevices) -> ConnectedDevices:
        """The devices of these users that are connected here."""
        return ConnectedDevices(
            users=[
                DeviceStatuses(
                    user_id=user_id, statuses=[device.status for device in self._devices[request.tenant, user_id]]
                )
                for user_id in dict.fromkeys(request.user_ids)
                if (request.tenant, user_id) in self._devices
            ]
        )

    async def deliver(self, request: DeliverMessage) -> MessageDelivered:
        """Sends a message to the devices that are connected here."""
        push = Message(
            user_id=request.sender_id, user_ids=request.user_ids, group_id=request.group_id, data=request.data
        )
        sender = (request.sender_id, request.device_id)
        devices = [
            device
            for user_id in {*request.user_ids, request.sender_id}
            for device in self._devices.get((request.tenant, user_id), ())
            if (device.user_id, device.device_id) != sender
        ]
        for device in devices:
            device.push(push)
        return MessageDelivered(devices=len(devices))

    def on_change(self, change: CallChange) -> None:
        """A call was stored or removed."""
        if change.record is None:
            known = self._known.get(change.key)
            if known is not None and change.revision > known[1]:
                del self._known[change.key]
        else:
            self._apply(change.key, change.record, change.revision)

    def on_gap(self) -> None:
        """Changes may have been missed."""
        if self._resync is not None:
            self._resync.cancel()
        self._resync = self._tasks.spawn(self._take_snapshot(), "calls-snapshot")

    def _apply(self, key: str, record: CallRecord, revision: int) -> None:
        former, known_revision = self._known.get(key, (None, 0))
        concerned = any((record.tenant, each.user_id) in self._devices for each in record.participants)
        if revision <= known_revision or (former is None and not concerned):
            return
        self._known[key] = (record, revision)
        if former is not None and former.call_id != record.call_id:
            self._push_difference(former, _lost(former))  # its end was missed
            former = None
        self._push_difference(former, record)
        for each in record.participants:
            for device in self._devices.get((record.tenant, each.user_id), ()):
                if device in self._waiting:
                    self._waiting[device].add(key)

    def _push_difference(self, before: CallRecord | None, after: CallRecord) -> None:
        users = [(after.tenant, each.user_id) for each in after.participants]
        for user in [each for each in users if each in self._devices]:
            for delivery in deliveries(user[1], before, after, self._clock()):
                for device in self._devices[user]:
                    if device not in self._waiting:
                        _deliver(delivery, device)

    async def _replay(self, device: Device) -> None:
        while device in self._waiting:
            try:
                live = await self._backend.calls(GetLiveCalls(tenant=device.tenant, user_ids=[device.user_id]))
            except HubbubError as error:
                _log.info("rings are not known yet, retrying", error=error.message)
                await asyncio.sleep(RETRY_INTERVAL)
                continue
            keys = self._adopt(live.calls)
            if device not in self._waiting:
                return
            for key in keys | self._waiting.pop(device):
                known = self._known.get(key)
                if known is not None and (delivery := ring(device.user_id, known[0], self._clock())) is not None:
                    _deliver(delivery, device)
            return

    async def _take_snapshot(self) -> None:
        """Compares what is known with the live calls. Retries until the calls service answers."""
        while True:
            known = dict(self._known)
            try:
                live = [reply for request in self._live_calls() for reply in (await self._backend.calls(request)).calls]
                self._adopt(live)
                still_live = {reply.call.call_id for reply in live}
                for key, (record, revision) in known.items():
                    if record.call_id not in still_live and self._known.get(key) == (record, revision):
                        final = await self._final(record)
                        if self._known.get(key) == (record, revision):
                            del self._known[key]
                            self._push_difference(record, final)
                return
            except HubbubError as error:
                _log.info("calls are not known after a gap, retrying", error=error.message)
            await asyncio.sleep(RETRY_INTERVAL)

    def _live_calls(self) -> list[GetLiveCalls]:
        """The requests for the live calls of all users here."""
        users: defaultdict[str | None, list[str]] = defaultdict(list)
        for tenant, user_id in self._devices:
            users[tenant].append(user_id)
        return [
            GetLiveCalls(tenant=tenant, user_ids=of_tenant[start : start + MAX_USERS])
            for tenant, of_tenant in users.items()
            for start in range(0, len(of_tenant), MAX_USERS)
        ]

    def _adopt(self, calls: Iterable[CallReply]) -> set[str]:
        """Returns the keys of the calls."""
        keys = set()
        for reply in calls:
            key = ids.call_key(reply.call.call_id)
            if key is not None:
                self._apply(key, reply.call, reply.revision)
                keys.add(key)
        return keys

    async def _final(self, record: CallRecord) -> CallRecord:
        """The record with which the call ended."""
        try:
            reply = await self._backend.calls(GetCall(tenant=record.tenant, call_id=record.call_id))
        except HubbubError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            return _lost(record)
        return reply.call


def _user(device: Device) -> _User:
    return device.tenant, device.user_id


def _deliver(delivery: Delivery, device: Device) -> None:
    undisturbed = device.status == "doNotDisturb" and isinstance(delivery.push, IncomingCall)
    if device.device_id not in delivery.skip and not undisturbed:
        device.push(delivery.push)


def _lost(record: CallRecord) -> CallRecord:
    """The record as if the call had ended for an unknown reason."""
    participants = [
        each.model_copy(update={"state": "cancelled" if each.state == "ringing" else "left"})
        if each.state in ("ringing", "accepted", "joined")
        else each
        for each in record.participants
    ]
    return record.model_copy(update={"state": "ended", "end_reason": "other", "participants": participants})

"""Tells calls who is in their rooms.

Every stored change of a peer goes to one instance, by a queue group. That instance asks the registry who is in the room
now, and writes the difference into the call. A change that is lost with its instance is found by the periodic check.
"""

from __future__ import annotations

import asyncio
import random

import structlog

from hubbub_bus import Bus, ChangeFeed, Entry
from hubbub_contracts import HubbubError, subjects
from hubbub_contracts.bus.call_records import CallRecord
from hubbub_service import Tasks, report_failure

from ..domain.live_calls import StoredCall, room_of
from ..domain.participant_state import IN_CALL
from ..handlers.context import CallsContext
from ..handlers.deadlines import follow_room

_log = structlog.get_logger(__name__)

CHECK_INTERVAL = 15.0
"""Seconds between two checks of all calls by one instance."""


class RoomFollower:
    """Follows the rooms of all live calls."""

    def __init__(self, bus: Bus, context: CallsContext, tasks: Tasks) -> None:
        self._bus = bus
        self._context = context
        self._tasks = tasks
        self._running: dict[str, bool] = {}
        """The calls that are being followed; True: their room has changed meanwhile."""
        self._feed: ChangeFeed | None = None

    async def start(self) -> None:
        """Subscribes, and starts the periodic check. Raises `unavailable`."""
        prefix = subjects.room("").removesuffix(".>")
        self._feed = await ChangeFeed.open(
            self._bus, subjects.PEER_CHANGES, self._on_change, prefix=prefix, queue=subjects.CALLS_QUEUE
        )
        self._tasks.spawn(self._check_periodically(), "check-rooms", vital=True)

    async def stop(self) -> None:
        """Unsubscribes. The check ends with the tasks."""
        if self._feed is not None:
            await self._feed.stop()

    def _on_change(self, entry: Entry) -> None:
        room_id, _, _ = subjects.split_key(entry.key)
        call = self._context.store.calls.of_room(room_id)
        if call is not None:
            self._follow(call.record)

    async def _check_periodically(self) -> None:
        while True:
            await asyncio.sleep(CHECK_INTERVAL * random.uniform(0.8, 1.2))  # noqa: S311
            for call in self._context.store.calls:
                if _may_be_in_room(call):
                    self._follow(call.record)

    def _follow(self, record: CallRecord) -> None:
        call_id = record.call_id
        if call_id in self._running:
            self._running[call_id] = True
        else:
            self._tasks.spawn(self._follow_until_current(record), "follow-room")

    async def _follow_until_current(self, record: CallRecord) -> None:
        call_id = record.call_id
        self._running[call_id] = True
        try:
            while self._running[call_id]:
                self._running[call_id] = False
                await follow_room(self._context, record.tenant, call_id)
        except HubbubError as error:
            _log.info("a call's room was not checked", room_id=room_of(record), error=error.message)
        except Exception as error:  # noqa: BLE001  the next check tries again
            report_failure("a call's room was not checked", error, room_id=room_of(record))
        finally:
            del self._running[call_id]


def _may_be_in_room(call: StoredCall) -> bool:
    return call.record.state != "ended" and any(each.state in IN_CALL for each in call.record.participants)

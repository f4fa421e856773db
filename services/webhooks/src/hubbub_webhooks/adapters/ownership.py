"""Which instance delivers: the one that holds a key of the bucket, which expires without it.

Two instances may both believe for a moment that they are the owner, after one of them stood still. Every write of what
endpoints were told is a compare-and-set, so the former owner notices at its next one. An event may be delivered twice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from hubbub_bus import KeyConflict, KeyValue
from hubbub_contracts import HubbubError, ids
from hubbub_contracts.bus.webhook_records import Owner
from hubbub_service import cancel_and_wait

from ..domain.ports import NotOwner

TTL = 6
"""Seconds for which the key lives without a renewal."""
RENEW_INTERVAL = 2.0
TAKE_INTERVAL = 1.0
"""Seconds between two attempts to become the owner."""
_KEY = "owner"

_log = structlog.get_logger(__name__)


class Ownership:
    """The attempts of this instance."""

    def __init__(self, bucket: KeyValue) -> None:
        self._kv = bucket
        self._owner = Owner(instance=ids.mint())
        self._revision = 0
        self.held = False
        """Whether this instance is the owner."""

    async def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Becomes the owner when no other instance is, and does the work while it is. Until it is cancelled."""
        while True:
            if await self._take():
                await self._work(work)
            await asyncio.sleep(TAKE_INTERVAL)

    async def release(self) -> None:
        """Lets another instance become the owner at once. Logs a failure."""
        if not self.held:
            return
        self.held = False
        try:
            await self._kv.purge(_KEY, last=self._revision, tombstone_ttl=1)
        except (KeyConflict, HubbubError) as error:
            _log.info("the ownership was not released", error=str(error))

    async def _work(self, work: Callable[[], Awaitable[None]]) -> None:
        self.held = True
        _log.info("delivering webhooks")
        working, renewing = asyncio.ensure_future(work()), asyncio.ensure_future(self._renew())
        try:
            await asyncio.wait([working, renewing], return_when=asyncio.FIRST_COMPLETED)
            for task in (working, renewing):
                if task.done():
                    task.result()
        except* NotOwner:
            _log.warning("another instance delivers webhooks")
            self.held = False
        finally:
            await cancel_and_wait(working, renewing)

    async def _take(self) -> bool:
        try:
            self._revision = await self._kv.create(_KEY, self._owner, ttl=TTL)
        except (KeyConflict, HubbubError):
            return False
        return True

    async def _renew(self) -> None:
        """Raises NotOwner when the key has expired or belongs to another instance."""
        renewed_at = time.monotonic()
        while True:
            await asyncio.sleep(RENEW_INTERVAL)
            asked_at = time.monotonic()
            try:
                self._revision = await self._kv.update(_KEY, self._owner, last=self._revision, ttl=TTL)
                renewed_at = asked_at
            except KeyConflict:
                if not await self._is_own_write():
                    raise NotOwner from None
            except HubbubError as error:
                _log.info("the ownership was not renewed, retrying", error=error.message)
                if time.monotonic() - renewed_at >= TTL:
                    raise NotOwner from error

    async def _is_own_write(self) -> bool:
        """Whether the key is this instance's after a write whose acknowledgement was lost."""
        try:
            entry = await self._kv.get(_KEY)
        except HubbubError:
            return True  # the next renewal finds out
        if entry is None or entry.value is None or Owner.model_validate_json(entry.value) != self._owner:
            return False
        self._revision = entry.revision
        return True

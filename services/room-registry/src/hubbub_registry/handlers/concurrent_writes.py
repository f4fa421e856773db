"""Runs the independent writes of a periodic pass concurrently."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import structlog

from hubbub_bus import KeyConflict
from hubbub_contracts import HubbubError
from hubbub_service import report_failure

_log = structlog.get_logger(__name__)

CONCURRENT_WRITES = 64

Write = Callable[[], Awaitable[None]]


async def run_writes(kind: str, writes: Iterable[Write]) -> list[bool]:
    """Runs the writes and returns which of them succeeded; `kind` names them in logs.

    A failed write does not stop the others. It lost to another replica, the store did not answer, or there is a bug,
    which is reported. The caller tries again in its next pass.
    """
    slots = asyncio.Semaphore(CONCURRENT_WRITES)

    async def run(write: Write) -> bool:
        async with slots:
            try:
                await write()
            except KeyConflict:
                return False
            except HubbubError as error:
                _log.info("write failed, retrying in the next pass", kind=kind, error=error.message)
                return False
            except Exception as error:  # noqa: BLE001  one bad record must not end all replicas, again and again
                report_failure("write failed", error, kind=kind)
                return False
            return True

    return list(await asyncio.gather(*(run(write) for write in writes)))

"""Serves the request table under the epoch of each incarnation of this node.

| lease    | consequence                                                                                     |
|----------|-------------------------------------------------------------------------------------------------|
| acquired | the request table is served on the subjects of the new epoch                                    |
| lapsed   | no new work is accepted; existing objects keep working, and their requests are answered         |
| regained | work is accepted again, with the same epoch                                                     |
| fenced   | everything is closed, and a new incarnation starts with a new lease                             |

A node that drains keeps its lease and answers requests, until the peers that can move before it ends have moved.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial

import structlog

from hubbub_bus import Bus, Endpoints, serve_table_when_possible
from hubbub_contracts import subjects
from hubbub_contracts.bus.records import Placement
from hubbub_contracts.errors import HubbubError
from hubbub_service import Tasks, report_failure

from ..domain.drain_progress import DrainProgress
from ..handlers.catalogue import HANDLERS
from ..handlers.closing import close_everything
from ..handlers.context import NodeContext
from ..handlers.drain import count_behind, count_movers
from .node_lease import BusNodeLease
from .node_status import NodeStatus

_log = structlog.get_logger(__name__)

_CANCEL_TIMEOUT = 2.0
_DRAIN_INTERVAL = 0.1
"""Seconds between two looks at who is still here."""
_CLOSE_INTERVAL = 0.05
"""Seconds between two attempts to close everything. In between, the core's events arrive."""


class Incarnations:
    """Runs from the first incarnation until the node stops."""

    STOP_TIMEOUT = 8.0
    """Seconds in which `stop` releases the lease and ends the requests that are being handled."""

    def __init__(self, bus: Bus, lease: BusNodeLease, status: NodeStatus, context: NodeContext) -> None:
        self._bus = bus
        self._lease = lease
        self._status = status
        self._context = context
        self._endpoints: Endpoints | None = None
        self._drain: DrainProgress | None = None
        self._tasks = Tasks()

    def start(self, on_failed: Callable[[str], None]) -> None:
        """Starts the first incarnation. `on_failed` is called with a reason when there will be no other."""
        self._tasks = Tasks(on_fatal=on_failed)
        self._tasks.spawn(self._run(), "incarnations", vital=True)

    async def _run(self) -> None:
        """Runs one incarnation after the other, until cancelled."""
        while True:
            placement = await self._lease.acquire()
            self._endpoints = await self._serve(placement)
            self._status.epoch = placement.epoch
            _log.info("accepting work", node_id=placement.node_id, epoch=placement.epoch)
            await self._lease.wait_until_fenced()
            self._status.epoch = None
            await self._endpoints.stop()
            await self._close_everything()

    async def drain(self, timeout: float) -> None:
        """Waits until the peers whose clients can move before the node ends have moved, `timeout` seconds at most."""
        self._status.drain_deadline = time.time_ns() // 1_000_000 + round(timeout * 1000)
        self._status.draining = True
        self._drain = DrainProgress(time.monotonic(), timeout)
        while not self._is_drained(self._drain):  # noqa: ASYNC110  it looks at the records of all rooms
            await asyncio.sleep(_DRAIN_INTERVAL)

    def registry_heard(self) -> None:
        """A replica of the registry has published the revisions of its rooms."""
        if self._drain is not None:
            self._drain.registry_heard()

    async def stop(self) -> None:
        """Releases the lease and stops answering requests."""
        self._status.draining = True
        self._status.epoch = None
        await self._tasks.close(_CANCEL_TIMEOUT)  # first: it must not acquire a lease again
        try:
            await self._lease.release()
        finally:
            if self._endpoints is not None:
                await self._endpoints.stop()

    def _is_drained(self, progress: DrainProgress) -> bool:
        return progress.is_over(time.monotonic(), count_movers(self._context), count_behind(self._context))

    async def _serve(self, placement: Placement) -> Endpoints:
        subject_of = partial(subjects.node, placement.node_id, placement.epoch)
        return await serve_table_when_possible(self._bus, HANDLERS, self._context, subject_of)

    async def _close_everything(self) -> None:
        """Retries until nothing is left, as the core may be busy."""
        while self._context.entities.rooms:
            try:
                await close_everything(self._context)
            except HubbubError as error:
                _log.warning("could not close all objects, retrying", error=error.message)
            except Exception as error:  # noqa: BLE001  the next incarnation must not begin with objects of this one
                report_failure("could not close all objects, retrying", error)
            await asyncio.sleep(_CLOSE_INTERVAL)

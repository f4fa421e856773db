"""When a replica makes a pass over the placements."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hubbub_bus import Bus
from hubbub_registry.adapters import housekeeping
from hubbub_registry.adapters.cluster_pinger import ClusterPinger
from hubbub_registry.adapters.heartbeat_monitor import HeartbeatMonitor
from hubbub_registry.adapters.housekeeping import Housekeeping
from hubbub_registry.adapters.lease_watcher import LeaseWatcher
from hubbub_registry.adapters.room_store import KvRoomStore
from hubbub_registry.domain.tenant_quotas import TenantMediaLimits
from hubbub_registry.handlers.relocation import Relocator
from hubbub_registry.handlers.sweeper import Sweeper
from hubbub_service import Tasks
from support.registry_records import nodes_with, rooms_with

FOREVER = 3_600.0


class IncompletePasses:
    """A relocator of which a write fails in each pass."""

    def __init__(self) -> None:
        self.passes: asyncio.Queue[int] = asyncio.Queue()

    async def run(self, now: int) -> bool:
        self.passes.put_nowait(now)
        return False


def _ignore(_error: object = None) -> None:
    pass


async def test_the_death_of_a_node_does_not_wait_for_the_pause_after_a_failed_write(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("RELOCATION_INTERVAL", "RETRY_PAUSE", "REVISIONS_INTERVAL"):
        monkeypatch.setattr(housekeeping, name, FOREVER)
    store: Any = SimpleNamespace(healthy=True, rooms=rooms_with())
    tasks, changed, relocator = Tasks(on_fatal=_ignore), asyncio.Event(), IncompletePasses()
    Housekeeping(
        cast("Bus", None),
        cast("KvRoomStore", store),
        nodes_with(),
        cast("LeaseWatcher", SimpleNamespace(healthy=True)),
        cast("HeartbeatMonitor", SimpleNamespace(can_detect_failures=True)),
        cast("Relocator", relocator),
        cast("Sweeper", None),
        FOREVER,
        changed,
        TenantMediaLimits(None, None, None),
        cast("ClusterPinger", None),
    ).start(tasks)
    try:
        async with asyncio.timeout(5):
            for _ in range(3):
                changed.set()
                await relocator.passes.get()
        await asyncio.sleep(0)
        assert relocator.passes.empty(), "without a change, it waits"
    finally:
        await tasks.close()

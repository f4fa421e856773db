"""When a replica makes a pass over the placements, and what a sweep counts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
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


class Sweeps:
    """A sweeper that records what it is asked for."""

    def __init__(self) -> None:
        self.calls: asyncio.Queue[str] = asyncio.Queue()

    def skip(self) -> None:
        self.calls.put_nowait("skip")

    async def run(self, _leased: object, _now: float, *, can_detect_failures: bool) -> None:
        self.calls.put_nowait("run")
        await asyncio.sleep(0)


def _ignore(_error: object = None) -> None:
    pass


def _housekeeping(
    *,
    changed: asyncio.Event,
    relocator: object = None,
    sweeper: object = None,
    sweep_interval: float = FOREVER,
    has_seen_all: Callable[[float], bool] = lambda _seconds: True,
) -> Housekeeping:
    store: Any = SimpleNamespace(healthy=True, rooms=rooms_with())
    return Housekeeping(
        cast("Bus", None),
        cast("KvRoomStore", store),
        nodes_with(),
        cast("LeaseWatcher", SimpleNamespace(healthy=True, signaling=lambda _now: {})),
        cast("HeartbeatMonitor", SimpleNamespace(can_detect_failures=True, has_seen_all=has_seen_all)),
        cast("Relocator", relocator),
        cast("Sweeper", sweeper),
        sweep_interval,
        changed,
        TenantMediaLimits(None, None, None),
        cast("ClusterPinger", None),
    )


async def test_the_death_of_a_node_does_not_wait_for_the_pause_after_a_failed_write(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("RELOCATION_INTERVAL", "RETRY_PAUSE", "REVISIONS_INTERVAL"):
        monkeypatch.setattr(housekeeping, name, FOREVER)
    tasks, changed, relocator = Tasks(on_fatal=_ignore), asyncio.Event(), IncompletePasses()
    _housekeeping(changed=changed, relocator=relocator).start(tasks)
    try:
        async with asyncio.timeout(5):
            for _ in range(3):
                changed.set()
                await relocator.passes.get()
        await asyncio.sleep(0)
        assert relocator.passes.empty(), "without a change, it waits"
    finally:
        await tasks.close()


async def test_a_sweep_skips_the_time_in_which_the_replica_has_not_seen_all_leases(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("RELOCATION_INTERVAL", "REVISIONS_INTERVAL"):
        monkeypatch.setattr(housekeeping, name, FOREVER)
    interval, asked = 0.05, asyncio.Queue[float]()
    link_is_healthy = iter([True, False])

    def has_seen_all(seconds: float) -> bool:
        asked.put_nowait(seconds)
        return next(link_is_healthy, True)

    tasks, sweeper = Tasks(on_fatal=_ignore), Sweeps()
    _housekeeping(changed=asyncio.Event(), sweeper=sweeper, sweep_interval=interval, has_seen_all=has_seen_all).start(
        tasks
    )
    try:
        async with asyncio.timeout(20):
            assert [await sweeper.calls.get() for _ in range(4)] == ["run", "skip", "run", "run"]
            assert min([await asked.get() for _ in range(3)]) >= 0.7 * interval, "it asks for the time since the last"
    finally:
        await tasks.close()

"""Waits for the cluster's statistics and metrics to reach expected values."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from .installation import Installation
from .scrape import Scrape, scrape

COUNTS = ("rooms", "peers", "producers", "transports", "consumers")


async def wait_for_counts(
    installation: Installation, *, within: float = 50.0, signaling: int = 0, **wanted: int
) -> dict[str, Any]:
    """Waits until `/stats` has these counts, and zero for the others. Raises AssertionError."""
    expected = {name: wanted.get(name, 0) for name in COUNTS}
    return await wait_for_stats(installation, expected, within=within, signaling=signaling)


async def wait_for_stats(
    installation: Installation, expected: dict[str, int], *, within: float = 30.0, signaling: int = 0
) -> dict[str, Any]:
    """Waits until these fields of `/stats` have these values. Returns all fields. Raises AssertionError."""
    deadline = time.monotonic() + within
    while True:
        try:
            stats = await asyncio.to_thread(installation.stats, signaling)
        except OSError as error:
            seen: object = error
        else:
            seen = {name: stats[name] for name in expected}
            if seen == expected:
                return stats
        assert time.monotonic() < deadline, f"after {within:g} s {seen}, not {expected}\n{installation.log_tail(15)}"
        await asyncio.sleep(0.05)


async def wait_for_workers(
    installation: Installation, holds: Callable[[list[dict[str, Any]]], bool], within: float = 20.0
) -> None:
    """Waits until `holds` is true of the workers in `/stats`, which lag the counts. Raises TimeoutError."""
    async with asyncio.timeout(within):
        while not holds((await asyncio.to_thread(installation.stats))["workers"]):
            await asyncio.sleep(0.05)


async def wait_for_metrics(installation: Installation, holds: Callable[[Scrape], bool]) -> Scrape:
    """Scrapes until `holds` is true. The test's timeout bounds the wait."""
    while not holds(scraped := await asyncio.to_thread(scrape, installation)):
        await asyncio.sleep(0.1)
    return scraped

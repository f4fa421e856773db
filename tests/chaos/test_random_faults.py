"""Random kills, freezes and partitions of all processes under live calls. After each, all calls are whole again, the
next call can be started, and an application is told of it.

`make chaos-long` runs it for an hour, or as long as HUBBUB_CHAOS_SECONDS says. HUBBUB_CHAOS_SEED repeats a run: the
faults are the same, though not their moments.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import random
import secrets
import statistics
import time
from collections import defaultdict
from pathlib import Path

import pytest

from support.bus_client import bus_client
from support.installation import Installation
from support.live_rooms import live_rooms
from support.random_faults import LINK, LINKED, NATS, OF_SERVICES, OTHERS, Fault, faulty, rounds
from support.told_calls import told_calls
from support.webhook_receiver import LOOPBACK

pytestmark = pytest.mark.chaos
log = logging.getLogger(__name__)

RECONNECT_GRACE = 30.0
RECOVERY = 100.0
"""Seconds from the end of a fault until everything holds. Leases expire after 10, and the grace period follows."""
PEOPLE = 3
"""In a room."""
SHORT = 4
"""Rounds in `make test`."""
LONG_SECONDS = float(os.environ.get("HUBBUB_CHAOS_SECONDS", "300"))


@pytest.mark.parametrize("room_peers_per_node", [800, 2], ids=["a node a room", "two nodes a room"])
@pytest.mark.parametrize(
    ("seed", "count", "seconds"),
    [
        pytest.param(20_261_129, SHORT, None, id="short", marks=pytest.mark.timeout(900)),
        pytest.param(
            int(os.environ.get("HUBBUB_CHAOS_SEED", secrets.randbelow(1_000_000))),
            None,
            LONG_SECONDS / 2,  # of each kind of room
            id="long",
            marks=[pytest.mark.long, pytest.mark.timeout(LONG_SECONDS + 300)],
        ),
    ],
)
async def test_calls_are_whole_again_after_each_fault(
    tmp_path: Path, seed: int, count: int | None, seconds: float | None, room_peers_per_node: int
) -> None:
    installation = Installation(
        tmp_path,
        registries=2,
        nodes=2,
        signalings=2,
        calls=1,
        webhooks=1,
        reconnect_grace=RECONNECT_GRACE,
        environment={
            **LINKED,
            "ROOM_PEERS_PER_NODE": str(room_peers_per_node),
            "WEBHOOK_PRIVATE_NETWORKS": LOOPBACK,
        },
    )
    recovery: defaultdict[str, list[float]] = defaultdict(list)
    started = time.monotonic()
    log.info("seed %d", seed)
    async with (
        faulty(installation) as victims,
        bus_client(installation) as client,
        told_calls(installation, client) as calls,
        live_rooms(installation, rooms=2, people=PEOPLE) as rooms,
    ):
        await rooms.require_whole(client, within=RECOVERY)
        assert room_peers_per_node > PEOPLE or victims.way.carried > 0
        for nth, faults in enumerate(itertools.islice(rounds(random.Random(seed), victims.targets), count)):
            if seconds is not None and time.monotonic() - started > seconds:
                break
            what = " and ".join(map(str, faults))
            log.info("seed %d, round %d: %s", seed, nth, what)
            try:
                await asyncio.gather(*(victims.carry_out(fault) for fault in faults))
                healed = time.monotonic()
                await asyncio.to_thread(installation.wait_ready, RECOVERY)
                ready = time.monotonic()
                await rooms.require_whole(client, within=RECOVERY)
                whole = time.monotonic()
                await calls.require_told(within=RECOVERY)
                told = time.monotonic()
                log.info(
                    "ready after %.1f s, whole after another %.1f s, a call told after another %.1f s",
                    ready - healed,
                    whole - ready,
                    told - whole,
                )
            except BaseException as error:
                error.add_note(f"seed {seed}, round {nth}: {what}")
                raise
            for fault in faults:
                recovery[f"{fault.target.partition('-')[0]} {fault.harm}"].append(told - healed)
    for kind, times in sorted(recovery.items()):
        log.info(
            "%s: %d times, whole again after %.1f s (median), %.1f s (worst)",
            kind,
            len(times),
            statistics.median(times),
            max(times),
        )


def test_every_target_is_harmed_in_every_way() -> None:
    targets = [NATS, LINK, "registry-1", "node-1", "calls-1", "webhooks-1", "signaling-1"]
    drawn: dict[str, set[str]] = defaultdict(set)
    for faults in itertools.islice(rounds(random.Random(1), targets), 1_000):
        assert len({fault.target for fault in faults}) == len(faults)
        for fault in faults:
            drawn[fault.target].add(fault.harm)
    assert drawn == {target: set(OTHERS.get(target, OF_SERVICES)) for target in targets}


def test_a_seed_repeats_the_faults() -> None:
    def drawn(seed: int) -> list[tuple[Fault, ...]]:
        return list(itertools.islice(rounds(random.Random(seed), [NATS, LINK, "node-1"]), 50))

    assert drawn(1) == drawn(1) != drawn(2)

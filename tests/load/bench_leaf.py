"""What a region on a leaf node costs: joining, and the failover of a killed media node.

    python tests/load/bench_leaf.py [JOINS [ROUNDS [ROUND_TRIP]]]

Two regions, whose NATS servers are ROUND_TRIP ms apart (80). The registry and all buckets are at home. JOINS clients of
each region (40) join a room with one microphone, on the node of their own region, and receive it. Then the node of a
call of two is killed, ROUNDS times (5) in each region; the call moves to the node of the other region. Signaling, node
and clients share this machine, so only what crosses between the servers is delayed.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.caller import Caller
from support.installation import ONE_ADDRESS
from support.pair import connected_pair
from support.rebuild_media import rebuild_alice, rebuild_bob, wait_moved
from support.regions import Regions, two_regions
from support.service_process import ServiceProcess

JOINS = 40
ROUNDS = 5
ROUND_TRIP = 80.0
PERCENTILE = 0.95


def figures(seconds: Sequence[float]) -> str:
    """Median and 95th percentile, in ms."""
    ordered = sorted(seconds)
    high = ordered[min(len(ordered) - 1, int(len(ordered) * PERCENTILE))]
    return f"{statistics.median(ordered) * 1000:>8.0f} {high * 1000:>8.0f}"


async def join(url: str, call_id: str, producer_id: str) -> tuple[float, float]:
    """Seconds until `joinRoom` is answered, and until the first packet arrives. The socket is open before."""
    async with Caller(url) as caller:
        started = time.monotonic()
        await caller.join(call_id)
        joined = time.monotonic()
        consumer = await caller.consume(producer_id)
        await consumer.wait_packets(1)
        return joined - started, time.monotonic() - started


async def measure_joins(url: str, call_id: str, joins: int) -> tuple[list[float], list[float]]:
    """The times of `joins` clients, one after another."""
    async with Caller(url) as speaker:
        await speaker.join(call_id)
        producer_id = await speaker.publish("audio")
        times = [await join(url, call_id, producer_id) for _ in range(joins)]
    return [answered for answered, _ in times], [media for _, media in times]


async def failover(regions: Regions, url: str, call_id: str, node: ServiceProcess) -> tuple[float, float]:
    """Seconds from the end of the call's node until both are told, and until media flows again."""
    others = [each for each in regions.installation.nodes if each is not node]
    for each in others:
        await asyncio.to_thread(each.stop)
    async with connected_pair(url, call_id) as pair:
        for each in others:
            each.start()
        await asyncio.to_thread(regions.installation.wait_ready)
        old = set(pair.producers.values())
        killed = time.monotonic()
        node.kill()
        for caller in (pair.alice, pair.bob):
            await wait_moved(caller)
        told = time.monotonic()
        await rebuild_alice(pair)
        await rebuild_bob(pair, before=old)
        await pair.wait_media(1)
        restored = time.monotonic()
    node.start()
    await asyncio.to_thread(regions.installation.wait_ready)
    return told - killed, restored - killed


async def measure(regions: Regions, joins: int, rounds: int) -> None:
    """Prints one line for each figure and region."""
    home_node, far_node = regions.installation.nodes
    places = {"home": (regions.home_url, home_node), "other region": (regions.far_url, far_node)}
    print(f"{'ms':<36} {'':<14} {'median':>8} {'p95':>8}")
    for place, (url, node) in places.items():
        other = far_node if node is home_node else home_node
        await asyncio.to_thread(other.stop)
        answered, media = await measure_joins(url, f"joins {place}", joins)
        print(f"{'createRoom and joinRoom':<36} {place:<14} {figures(answered)}")
        print(f"{'join, until the first packet':<36} {place:<14} {figures(media)}", flush=True)
        other.start()
        await asyncio.to_thread(regions.installation.wait_ready)
    for place, (url, node) in places.items():
        times = [await failover(regions, url, f"failover {place} {number}", node) for number in range(rounds)]
        print(f"{'node killed, until peerMoved':<36} {place:<14} {figures([told for told, _ in times])}")
        print(f"{'node killed, until media':<36} {place:<14} {figures([media for _, media in times])}", flush=True)


async def run(joins: int, rounds: int, round_trip: float) -> None:
    """Starts both regions and measures."""
    with TemporaryDirectory(prefix="hubbub-leaf-") as directory:
        async with two_regions(Path(directory), delay=round_trip / 2000, environment=ONE_ADDRESS) as regions:
            await measure(regions, joins, rounds)


if __name__ == "__main__":
    given = [float(each) for each in sys.argv[1:]]
    chosen = [*given, *(JOINS, ROUNDS, ROUND_TRIP)[len(given) :]]
    asyncio.run(run(int(chosen[0]), int(chosen[1]), chosen[2]))

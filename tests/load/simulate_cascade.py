"""A million viewers, in numbers: the tree that their media nodes form, and what a death in it changes.

    python tests/load/simulate_cascade.py [--fan-out 32] [--nodes 1057] [--viewers 1000] [--deaths 100]

The tree is that of `hubbub_media_node.domain.cascade`, which media nodes compute. Nothing is sent: rates are products
of the arguments with the measured figures of docs/scaling.md, which the constants repeat.
"""

from __future__ import annotations

import argparse
import random
import statistics
from collections import Counter
from itertools import pairwise

from hubbub_media_node.domain.cascade import levels, parent

ORIGIN = "node-0"
BITRATE = 2.5
"""Mbit/s of the speaker: three encodings of video and audio, as a node gets them."""
RECEIVED = 1.0
"""Mbit/s that a viewer gets."""
PACKETS = 170
"""Packets a second to a viewer, of a VP8 track of 1 Mbit/s and audio."""
PACKETS_PER_CORE = 130_000
"""Packets a second to clients that one core carries, with one speaker and 200 listeners (deployment guide)."""
HOP_MS = 20
"""Milliseconds from a node to the next one."""
JOIN_MS = 1.5
"""CPU of the registry for a join in a large room."""
EVENT_MS = 0.12
"""CPU of signaling to tell one client of one other, or the number of the audience."""
FOLLOW_MS = 0.36
"""CPU of a signaling instance that follows a room for a change of the audience at another one."""
NUMBER_PERIOD = 10
"""Seconds from one number to the next."""
CLIENTS = 5_000
"""Of a signaling instance: an assumption."""
RECORD_BYTES, HELD_BYTES = 612, 4_547
"""Of one in the audience: in the store, and in the memory of each instance that follows the room."""
ROOM_BYTES = 2 * 1024 * 1024
"""MAX_ROOM_BYTES."""
DETECTION_MS = 1_000
"""Until a dead node's peers are placed elsewhere: its children then compute another parent."""


def tree(nodes: set[str], fan_out: int) -> dict[str, str]:
    """The parent of each node."""
    by_level = levels(ORIGIN, nodes, fan_out)
    return {node: parent(node, by_level) for node in sorted(nodes - {ORIGIN})}


def level(node: str, parents: dict[str, str]) -> int:
    """Hops from the origin."""
    return 0 if node == ORIGIN else 1 + level(parents[node], parents)


def print_tree(parents: dict[str, str], viewers: int) -> None:
    """The levels, and what their nodes send."""
    children = Counter(parents.values())
    levels: dict[int, list[str]] = {}
    for node in [ORIGIN, *parents]:
        levels.setdefault(level(node, parents), []).append(node)
    watched = sum(map(len, levels.values())) * viewers
    print(f"{watched:,} viewers on {1 + len(parents):,} nodes; {BITRATE} Mbit/s to a node, {RECEIVED} to a viewer")
    print(
        "| level | nodes | nodes that one sends to (mean, most) | Mbit/s to nodes, at most | Mbit/s to viewers "
        "| cores | delay, ms |"
    )
    print("|---|---|---|---|---|---|---|")
    for depth, members in sorted(levels.items()):
        sent = [children[node] for node in members]
        cores = viewers * PACKETS / PACKETS_PER_CORE
        print(
            f"| {depth} | {len(members):,} | {statistics.mean(sent):.1f}, {max(sent)} | {max(sent) * BITRATE:,.0f} "
            f"| {viewers * RECEIVED:,.0f} | {cores:.1f} | {depth * HOP_MS} |"
        )


def print_deaths(nodes: set[str], fan_out: int, deaths: int, seed: int) -> None:
    """How many nodes get another parent when random nodes die, one after the other."""
    rng = random.Random(seed)
    alive, trees = set(nodes), [tree(nodes, fan_out)]
    behind: list[int] = []
    for number in range(deaths):
        # Every other one is a node that sends to others.
        among = {*trees[-1].values()} if number % 2 else alive
        gone = rng.choice(sorted(among - {ORIGIN}))
        behind.append(sum(1 for above in trees[-1].values() if above == gone))
        alive.discard(gone)
        trees.append(tree(alive, fan_out))
    moved = [sum(1 for node, above in after.items() if before[node] != above) for before, after in pairwise(trees)]
    inner = [(lost, change) for lost, change in zip(behind, moved, strict=True) if lost]
    print(f"\n{deaths} deaths (seed {seed}), of which {len(inner)} of a node that others were behind")
    print(
        f"nodes with another parent after a death: mean {statistics.mean(moved):.1f}, most {max(moved)}; "
        f"without media until then: mean {statistics.mean(behind):.1f}, most {max(behind)}"
    )
    print(
        f"these get media again after {DETECTION_MS} ms until the records say so and {2 * HOP_MS} ms to open the "
        "link; the others change without a gap"
    )


def print_control_plane(viewers: int) -> None:
    """What the million costs to be registered."""
    minutes = 10
    joins = viewers / (60 * minutes)
    print(f"\njoins within {minutes} minutes: {joins:,.0f} a second, {joins * JOIN_MS / 1_000:.1f} cores of registries")
    listed = viewers * (viewers - 1) * EVENT_MS / 1_000 / 3_600
    print(f"everybody listed to everybody: {listed:,.0f} hours of signaling CPU for `peerJoined` alone")
    told = viewers * EVENT_MS / 1_000 / NUMBER_PERIOD
    print(f"an audience, whose number each of them is told every {NUMBER_PERIOD} s: {told:,.0f} cores")
    instances = -(-viewers // CLIENTS)
    followed = joins * FOLLOW_MS / 1_000
    print(
        f"each of {instances:,} signaling instances follows all of them: {followed:.2f} cores during the joins, "
        f"{viewers * HELD_BYTES / 1e9:.1f} GB; {instances * followed:,.0f} cores for all"
    )
    print(
        f"their records: {viewers * RECORD_BYTES / 1e6:,.0f} MB in the store, of which a room may have "
        f"{ROOM_BYTES / 1e6:.1f}: an audience of {ROOM_BYTES // RECORD_BYTES:,}"
    )


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fan-out", type=int, default=32)
    parser.add_argument("--nodes", type=int, default=1 + 32 + 1_024)
    parser.add_argument("--viewers", type=int, default=1_000, help="on each node")
    parser.add_argument("--deaths", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    nodes = {f"node-{number}" for number in range(arguments.nodes)}
    print_tree(tree(nodes, arguments.fan_out), arguments.viewers)
    print_deaths(nodes, arguments.fan_out, arguments.deaths, arguments.seed)
    print_control_plane(arguments.nodes * arguments.viewers)


if __name__ == "__main__":
    main()

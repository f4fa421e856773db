"""The tree by which the producers of one node reach the other nodes of a room.

    origin                       level 0
    ├── fan-out nodes            level 1    get them from the origin
    │   └── fan-out² nodes       level 2    get them from nodes of level 1
    ...

Every node computes its own path from the room's records, which all of them have, so nobody has to agree on a tree.
While two nodes know different records, one may ask another that asks it in turn: `OpenPipe.via` ends that.

Rules
- A room of at most fan-out nodes besides the origin has one level: each node asks the producer's node.
- The nodes of a level are chosen by a hash of the origin and the node, so that each origin loads other nodes.
- A node's parent is the one of the level above with the highest hash of parent and child (rendezvous hashing). A node
  that appears or disappears changes the parents of few others: its own children, and those of the node that takes
  its place.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from hashlib import blake2b
from itertools import pairwise
from typing import Final

MAX_DEPTH: Final = 8
"""The last level, which has all remaining nodes: with a fan-out of 2, those after the first 254."""


def levels(origin: str, nodes: Collection[str], fan_out: int) -> list[list[str]]:
    """The nodes of a room by their distance from `origin`, which is the only one of the first level.

    Arguments:
        origin: the id of the node of the producers.
        nodes: the ids of the room's nodes.
        fan_out: how many nodes the origin sends to, at least 1. The others send to as many on average.
    """
    ordered = sorted({*nodes} - {origin}, key=lambda node: _hash(origin, node))
    found, start = [[origin]], 0
    while start < len(ordered):
        depth = len(found)
        size = fan_out**depth if depth < MAX_DEPTH else len(ordered)
        found.append(ordered[start : start + size])
        start += size
    return found


def parent(own: str, tree: Sequence[Sequence[str]]) -> str:
    """The node from which `own` gets the producers of the origin. `tree`: what `levels` returns for nodes with `own`.

    Raises ValueError if `own` is the origin or not among the nodes.
    """
    above = next((upper for upper, lower in pairwise(tree) if own in lower), None)
    if above is None:
        raise ValueError("the node is not below the origin")
    return max(above, key=lambda node: _hash(node, own))


class Cascade:
    """The trees of one room, as one of its nodes sees them."""

    def __init__(self, own: str, fan_out: int) -> None:
        """`own`: the id of this node. `fan_out`: see `levels`."""
        self._own = own
        self._fan_out = fan_out
        self._nodes: frozenset[str] = frozenset()
        self._paths: dict[str, tuple[str, ...]] = {}

    def path(self, origin: str, nodes: Collection[str]) -> tuple[str, ...]:
        """The nodes from which this one gets the producers of `origin`, which is the last one; the first one is asked.

        `nodes`: the ids of the room's nodes; this one need not be among them.
        """
        if len(nodes) <= self._fan_out:  # as in nearly every room
            return (origin,)
        if self._nodes != (now := frozenset(nodes) | {self._own}):
            self._nodes = now
            self._paths.clear()
        if origin not in self._paths:
            tree, found = levels(origin, now, self._fan_out), [self._own]
            while found[-1] != origin:
                found.append(parent(found[-1], tree))
            self._paths[origin] = tuple(found[1:])
        return self._paths[origin]


def _hash(one: str, other: str) -> bytes:
    # A separator that no node id contains.
    return blake2b(f"{one} {other}".encode(), digest_size=8).digest()

"""How a link goes by a third node while its own nodes do not reach each other.

The node that receives over the link decides, each time that the link changes and every half second:

| the link is         | and                                     | it asks                                       |
|---------------------|-----------------------------------------|-----------------------------------------------|
| connected directly  |                                         | nobody, and forgets the relay                 |
| connected by relay  | `RENEWAL` has passed                    | the same node again, to go on                 |
| lost                | it was connected before                 | the first of the others, in `relay_order`     |
| lost                | `ATTEMPT` has passed since the last one | the next one                                  |
| lost                | all were asked; `RENEWAL` has passed    | the first again                               |

The two nodes of the link never relay it, and a relay forwards between these two only: a packet crosses one other node
at most.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from hubbub_contracts.bus.records import Placement

ATTEMPT: Final = 1.0
"""Seconds that a relay has to connect a link. Until the first one has had them, nobody is told that it is lost."""
RENEWAL: Final = 3.0
"""Seconds between two requests to a relay that is in use, which would end after 10 s, and to nodes that were all asked
before."""

Way = Literal["direct", "relayed", "lost"]


def relay_order(link_id: str, nodes: Iterable[Placement]) -> list[Placement]:
    """The order in which nodes are asked to relay a link: another one for each link, else the first had them all."""
    return sorted(nodes, key=lambda node: (zlib.crc32(f"{link_id} {node.node_id}".encode()), node.node_id))


@dataclass(slots=True)
class Detour:
    """The way of a link by a third node."""

    node: Placement | None = None
    """The one that was asked last."""
    due: float = 0.0
    """When somebody is asked next, in seconds of a monotonic clock."""
    attempts: int = 0
    """The nodes that were asked since the link was connected last."""
    is_hopeful: bool = False
    """The first attempt is under way: the link may be connected in a moment."""
    hopeful_until: float = 0.0

    def next_node(self, way: Way, nodes: Sequence[Placement], now: float) -> Placement | None:
        """The node to ask now; None: nobody. `nodes` are the room's, without those of the link, in `relay_order`."""
        if way == "direct":
            self.node, self.attempts = None, 0
            return None
        if way == "relayed":
            return self._renewed(now)
        found = self._following(nodes, now)
        self.is_hopeful = self.attempts == 1 and now < self.hopeful_until
        return found

    def _renewed(self, now: float) -> Placement | None:
        if self.node is None or (self.attempts == 0 and now < self.due):
            return None
        self.attempts, self.due = 0, now + RENEWAL
        return self.node

    def _following(self, nodes: Sequence[Placement], now: float) -> Placement | None:
        if not nodes or (self.attempts > 0 and now < self.due):
            return None
        following = nodes.index(self.node) + 1 if self.attempts > 0 and self.node in nodes else 0
        self.node = nodes[following % len(nodes)]
        self.attempts += 1
        if self.attempts == 1:
            self.hopeful_until = now + ATTEMPT
        self.due = now + (ATTEMPT if self.attempts < len(nodes) else RENEWAL)
        return self.node

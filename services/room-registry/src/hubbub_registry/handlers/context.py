"""The context of the request handlers: their ports and limits."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from hubbub_contracts.bus.records import Placement

from ..domain.choice_rate import (
    NODE_CHOICES_PER_SECOND,
    PEER_CHOICES,
    PEER_CHOICES_PER_SECOND,
    ChoiceRate,
)
from ..domain.limits import Limits
from ..domain.nodes import Nodes
from ..domain.placement import Placer
from ..domain.ports import RegistryTelemetry, RevocationStore, RoomStore


@dataclass(frozen=True, slots=True)
class RegistryContext:
    """The first argument of every request handler."""

    store: RoomStore
    nodes: Nodes
    limits: Limits
    empty_room_ttl: float
    """Seconds."""
    reconnect_grace: float
    """Seconds."""
    revocations: RevocationStore
    revocation_ttl: float
    """Seconds for which a revocation is kept by default."""
    telemetry: RegistryTelemetry
    room_peers_per_node: int | None = None
    """As in `Placer`."""
    standby: bool = True
    """Whether peers may have a standby."""
    standbys_of_node: ChoiceRate[Placement] = field(
        default_factory=lambda: ChoiceRate(NODE_CHOICES_PER_SECOND, NODE_CHOICES_PER_SECOND)
    )
    """How often this replica chooses a node as a standby."""
    standbys_of_peer: ChoiceRate[tuple[str, str]] = field(
        default_factory=lambda: ChoiceRate(PEER_CHOICES, PEER_CHOICES_PER_SECOND)
    )
    """How often this replica chooses a standby of a peer, by the ids of its room and its own."""
    clock: Callable[[], float] = time.monotonic
    """The clock of `Room.idle_since`, and of the rates of choices."""

    def placer(self) -> Placer:
        """A placer for one request."""
        return Placer(self.nodes, self.store.rooms, self.room_peers_per_node)

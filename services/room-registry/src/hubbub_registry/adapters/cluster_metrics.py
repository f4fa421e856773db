"""The metrics that a replica derives from its copy of the records and from the nodes' liveness."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from hubbub_contracts.types import MediaKind
from hubbub_service.metrics import Reading, catalogue

from ..domain.incarnation import LivenessState
from ..domain.nodes import Nodes
from ..domain.rooms import Rooms

_KINDS: tuple[MediaKind, ...] = ("audio", "video")


def read_cluster(rooms: Rooms, nodes: Nodes, clock_skew: float) -> Iterator[Reading]:
    """Yields rooms and peers as `stats.get` counts them, producers by kind, nodes by liveness state, and the skew."""
    counts = rooms.counts()
    states = Counter(incarnation.state for incarnation in nodes.incarnations)
    yield Reading(catalogue.ROOMS, counts.rooms)
    yield Reading(catalogue.PEERS, counts.peers)
    for kind in _KINDS:
        yield Reading(catalogue.PRODUCERS, counts.producers[kind], (kind,))
    for state in LivenessState:
        if state is not LivenessState.ENDED:
            yield Reading(catalogue.NODES, states[state], (state.value,))
    yield Reading(catalogue.CLOCK_SKEW, clock_skew)

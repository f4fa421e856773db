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


def read_cluster(rooms: Rooms, nodes: Nodes) -> Iterator[Reading]:
    """Yields rooms and peers as `stats.get` counts them, producers by kind, and nodes by liveness state."""
    open_rooms = [room for _, room in rooms if room.settings is not None]
    peers = [peer.record for room in open_rooms for peer in room.peers.values()]
    kinds = Counter(producer.kind for peer in peers for producer in peer.producers)
    states = Counter(incarnation.state for incarnation in nodes.incarnations)
    yield Reading(catalogue.ROOMS, sum(1 for room in open_rooms if room.peers))
    yield Reading(catalogue.PEERS, len(peers))
    for kind in _KINDS:
        yield Reading(catalogue.PRODUCERS, kinds[kind], (kind,))
    for state in LivenessState:
        if state is not LivenessState.ENDED:
            yield Reading(catalogue.NODES, states[state], (state.value,))

"""What this replica knows of the cluster, as metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from hubbub_contracts.types import MediaKind
from hubbub_registry.domain.liveness import State
from hubbub_registry.domain.nodes import Nodes
from hubbub_registry.domain.room_state import Rooms
from hubbub_service.metrics import Reading, catalogue

_KINDS: tuple[MediaKind, ...] = ("audio", "video")


def read_cluster(rooms: Rooms, nodes: Nodes) -> Iterator[Reading]:
    """Rooms and peers as `stats.get` counts them, producers of each kind, nodes by what is believed of them."""
    open_rooms = [room for _, room in rooms if room.settings is not None]
    records = [peer.record for room in open_rooms for peer in room.peers.values()]
    kinds = Counter(producer.kind for record in records for producer in record.producers)
    states = Counter(life.state for life in nodes.lives)
    yield Reading(catalogue.ROOMS, sum(1 for room in open_rooms if room.peers))
    yield Reading(catalogue.PEERS, len(records))
    for kind in _KINDS:
        yield Reading(catalogue.PRODUCERS, kinds[kind], (kind,))
    for state in State:
        if state is not State.OVER:
            yield Reading(catalogue.NODES, states[state], (state.value,))

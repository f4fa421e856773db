"""What operators see of the media nodes: liveness and load by the heartbeats, rooms and peers by the records."""

from __future__ import annotations

from collections.abc import Mapping

from hubbub_contracts.bus.node_list import NodeInfo, NodeState
from hubbub_contracts.bus.records import Placement

from .incarnation import Incarnation, LivenessState
from .measured_load import measured_load
from .nodes import Nodes
from .rooms import Rooms

_STATES: Mapping[LivenessState, NodeState] = {
    LivenessState.PENDING: "starting",
    LivenessState.SUSPECT: "suspect",
    LivenessState.FENCING: "dead",
    LivenessState.ENDED: "dead",
}
"""Of the incarnations that are not alive."""


def list_nodes(nodes: Nodes, rooms: Rooms) -> list[NodeInfo]:
    """Returns the nodes by name: those that have not ended, and those that have died and not come back."""
    listed = {each.node_id: _info(each, rooms) for each in nodes.incarnations}
    for node_id, epoch in nodes.fenced.items():
        listed.setdefault(node_id, _info(Incarnation(node_id, epoch, last_heard=0.0, state=LivenessState.ENDED), rooms))
    return sorted(listed.values(), key=lambda info: info.node_id)


def _info(incarnation: Incarnation, rooms: Rooms) -> NodeInfo:
    placement = Placement(node_id=incarnation.node_id, epoch=incarnation.epoch)
    state = _state(incarnation)
    heartbeat = None if state == "dead" else incarnation.heartbeat
    return NodeInfo(
        node_id=incarnation.node_id,
        epoch=incarnation.epoch,
        state=state,
        rooms=rooms.count_hosted(placement),
        peers=rooms.peers_on.get(placement, 0),
        workers=[] if heartbeat is None else heartbeat.workers,
        load=None if heartbeat is None else measured_load(heartbeat),
        region=None if heartbeat is None else heartbeat.region,
        drain_deadline=incarnation.drain_deadline,
    )


def _state(incarnation: Incarnation) -> NodeState:
    if incarnation.state is not LivenessState.ALIVE:
        return _STATES[incarnation.state]
    if incarnation.can_take_rooms:
        return "accepting"
    heartbeat = incarnation.heartbeat
    return "draining" if heartbeat is not None and heartbeat.draining else "suspect"

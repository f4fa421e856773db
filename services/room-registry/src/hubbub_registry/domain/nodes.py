"""All media nodes: their leases and heartbeats, and which of them can take rooms.

An incarnation that is alive and has already timed out (the replica was busy or stopped) becomes suspect first: it is
probed at least once before it is fenced.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hubbub_contracts.bus.lease import LeaseRecord
from hubbub_contracts.bus.node import NodeHeartbeat
from hubbub_contracts.bus.records import Leaving, Placement

from .clusters import Clusters
from .incarnation import LIVE, Incarnation, LivenessEvent, LivenessState, Timeouts


class Nodes:
    """The newest known incarnation of each node, and the epoch up to which its incarnations have ended."""

    def __init__(self, timeouts: Timeouts, clusters: Clusters | None = None) -> None:
        """`clusters`: None if all nodes are in the replica's own."""
        self._timeouts = timeouts
        self._clusters = clusters or Clusters(lambda: None)
        self._newest: dict[str, Incarnation] = {}
        self._ended: dict[str, int] = {}
        self._fenced: dict[str, int] = {}

    @property
    def fenced(self) -> Mapping[str, int]:
        """Node id -> epoch of the nodes whose lease is a fence: they have died and not come back."""
        return self._fenced

    @property
    def incarnations(self) -> list[Incarnation]:
        """The incarnations that have not ended."""
        return [each for each in self._newest.values() if each.state is not LivenessState.ENDED]

    def find(self, placement: Placement) -> Incarnation | None:
        """Returns the incarnation that `placement` names, if it is known and has not ended."""
        incarnation = self._newest.get(placement.node_id)
        return incarnation if incarnation is not None and incarnation.epoch == placement.epoch else None

    def has_ended(self, placement: Placement) -> bool:
        """Returns whether the incarnation has ended, which is final: its rooms and peers need another placement."""
        return placement.epoch <= self._ended.get(placement.node_id, -1)

    def is_live(self, placement: Placement) -> bool:
        """Returns whether the incarnation is known and not considered dead."""
        incarnation = self.find(placement)
        return incarnation is not None and incarnation.state in LIVE

    def takes_peers(self, placement: Placement) -> bool:
        """Returns whether a peer of a room may be placed there."""
        incarnation = self.find(placement)
        return incarnation is not None and incarnation.takes_peers

    def has_standbys(self, placement: Placement) -> bool:
        """Returns whether the incarnation says that it can be a peer's standby."""
        incarnation = self.find(placement)
        return incarnation is not None and incarnation.heartbeat is not None and incarnation.heartbeat.has_standbys

    def drains(self, placement: Placement) -> bool:
        """Returns whether the incarnation says that it is about to end."""
        incarnation = self.find(placement)
        return incarnation is not None and incarnation.heartbeat is not None and incarnation.heartbeat.draining

    def lease_written(self, node_id: str, lease: LeaseRecord, now: float) -> bool:
        """Applies a lease or a fence from the store; returns whether a placement may be affected."""
        epoch = lease.epoch or 0
        if lease.fenced:
            self._fenced[node_id] = epoch
            return self._end(node_id, epoch)
        if epoch <= self._ended.get(node_id, -1):
            return False
        self._fenced.pop(node_id, None)
        changed = self._end(node_id, epoch - 1)
        incarnation = self._newest.get(node_id)
        self._clusters.expect(lease.cluster, now)
        if incarnation is None or incarnation.epoch < epoch:
            self._newest[node_id] = Incarnation(node_id, epoch, last_heard=now, cluster=lease.cluster)
            return True
        incarnation.cluster = lease.cluster
        changed = changed or incarnation.lease_expired_at is not None
        incarnation.lease_expired_at = None
        if incarnation.state is LivenessState.FENCING:
            # The renewal won against the fence. In any other state only heartbeats prove liveness.
            changed = incarnation.record_sign_of_life(now) or changed
        return changed

    def lease_removed(self, node_id: str, now: float, *, released: bool) -> bool:
        """Applies a lease that was released or has expired; returns whether a placement may be affected."""
        self._fenced.pop(node_id, None)
        incarnation = self._newest.get(node_id)
        if incarnation is None or incarnation.state is LivenessState.ENDED:
            return False
        if released:
            return self._end(node_id, incarnation.epoch)
        if incarnation.lease_expired_at is None:
            incarnation.lease_expired_at = now
        return True

    def expect(self, placement: Placement, now: float) -> None:
        """Registers an incarnation that only a room's record names. Without a heartbeat it times out and is fenced."""
        if self.has_ended(placement) or self.find(placement) is not None:
            return
        known = self._newest.get(placement.node_id)
        if known is None or known.epoch < placement.epoch:
            self._newest[placement.node_id] = Incarnation(
                placement.node_id, placement.epoch, last_heard=now, lease_expired_at=now
            )

    def heartbeat(self, heartbeat: NodeHeartbeat, now: float) -> bool:
        """Applies a heartbeat; returns whether the node's liveness or its ability to take rooms changed."""
        incarnation = self._newest.get(heartbeat.node_id)
        if incarnation is None or incarnation.epoch != heartbeat.epoch:
            return False
        before = incarnation.can_take_rooms, incarnation.drain_deadline
        incarnation.heartbeat = heartbeat
        changed = incarnation.record_sign_of_life(now)
        return changed or before != (incarnation.can_take_rooms, incarnation.drain_deadline)

    def candidates(self) -> list[Incarnation]:
        """Returns the incarnations that can take a room."""
        return [each for each in self._newest.values() if each.can_take_rooms]

    def draining(self, now: int) -> list[Leaving]:
        """Returns the incarnations that their peers can leave before they end; `now` is in Unix milliseconds."""
        return [
            Leaving(placement=Placement(node_id=each.node_id, epoch=each.epoch), deadline=each.drain_deadline)
            for each in self.incarnations
            if each.drain_deadline is not None and each.drain_deadline > now
        ]

    def heartbeats(self) -> list[NodeHeartbeat]:
        """Returns the last heartbeat of each incarnation that is alive."""
        return [
            each.heartbeat
            for each in self.incarnations
            if each.state is LivenessState.ALIVE and each.heartbeat is not None
        ]

    @property
    def awaits_first_heartbeat(self) -> bool:
        """Whether a node with a lease has not been heard yet."""
        return any(
            each.state is LivenessState.PENDING and each.lease_expired_at is None for each in self._newest.values()
        )

    def excuse(self, seconds: float, now: float) -> None:
        """Takes `seconds` off the silence of every incarnation: the replica did not run, so it could hear nobody."""
        for incarnation in self.incarnations:
            incarnation.last_heard = min(incarnation.last_heard + seconds, now)

    def evaluate(self, now: float) -> Iterable[Incarnation]:
        """Applies the timeouts. Yields the incarnations in state SUSPECT, to be probed, and FENCING, to be fenced."""
        for incarnation in self.incarnations:
            event = incarnation.overdue(now, self._timeouts, self._clusters.heard(incarnation.cluster))
            incarnation.cut_off = self._clusters.is_cut_off(incarnation.cluster, now)
            if event is LivenessEvent.TIMED_OUT and incarnation.state is LivenessState.ALIVE:
                event = LivenessEvent.HEARTBEAT_MISSED
            if event is not None:
                incarnation.apply(event)
            if incarnation.state in (LivenessState.SUSPECT, LivenessState.FENCING):
                yield incarnation

    def _end(self, node_id: str, epoch: int) -> bool:
        """Ends all incarnations up to `epoch`; returns whether this changed anything."""
        known = self._ended.get(node_id)
        if known is not None and known >= epoch:
            return False
        self._ended[node_id] = epoch
        incarnation = self._newest.get(node_id)
        if incarnation is not None and incarnation.epoch <= epoch:
            incarnation.apply(LivenessEvent.LEASE_ENDED)
            del self._newest[node_id]
            return True
        return known is None

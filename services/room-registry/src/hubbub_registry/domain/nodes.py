"""All media nodes: their leases, their beats, and whom that leaves to take a room.

An alive node that loses SILENT evidence passes through SUSPECT first: nobody is condemned unprobed.
"""

from __future__ import annotations

from collections.abc import Iterable

from hubbub_contracts.bus.lease import LeaseRecord
from hubbub_contracts.bus.node import NodeHeartbeat
from hubbub_contracts.bus.records import Placement
from hubbub_registry.domain.liveness import Evidence, Life, Patience, State

MAX_CLOCK_OFFSET_MS = 1_000
OFFSET_DECAY = 0.25
"""How fast the estimate follows a beat that seems later than those before: queueing looks like an offset."""
_LIVING = frozenset({State.AWAITED, State.ALIVE, State.SUSPECT})


class Nodes:
    """The newest life of each node, and which lives are over."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._lives: dict[str, Life] = {}
        self._over: dict[str, int] = {}

    @property
    def lives(self) -> list[Life]:
        """Those that are not over."""
        return [life for life in self._lives.values() if life.state is not State.OVER]

    def life(self, placement: Placement) -> Life | None:
        """That very life, unless nothing is known of it."""
        life = self._lives.get(placement.node_id)
        return life if life is not None and life.epoch == placement.epoch else None

    def is_over(self, placement: Placement) -> bool:
        """That life will never act again: what it had needs a new home."""
        return placement.epoch <= self._over.get(placement.node_id, -1)

    def is_home(self, placement: Placement) -> bool:
        """That life is there, as far as is known."""
        life = self.life(placement)
        return life is not None and life.state in _LIVING

    def lease_stored(self, node_id: str, lease: LeaseRecord, now: float) -> bool:
        """A lease, or a fence, stands; true when this changed what is known."""
        epoch = lease.epoch or 0
        if lease.fenced:
            return self._end(node_id, epoch)
        if epoch <= self._over.get(node_id, -1):
            return False
        changed = self._end(node_id, epoch - 1)
        life = self._lives.get(node_id)
        if life is None or life.epoch < epoch:
            self._lives[node_id] = Life(node_id, epoch, last_heard=now)
            return True
        changed = changed or life.lapsed_at is not None
        life.lapsed_at = None
        if life.state is State.CONDEMNED:
            # It was quicker than its fence, and so it lives; before that a renewal says less than a beat.
            changed = life.heard(now) or changed
        return changed

    def lease_gone(self, node_id: str, now: float, *, released: bool) -> bool:
        """The lease was given back, or expired; true when this changed what is known."""
        life = self._lives.get(node_id)
        if life is None or life.state is State.OVER:
            return False
        if released:
            return self._end(node_id, life.epoch)
        life.lapsed_at = life.lapsed_at if life.lapsed_at is not None else now
        return True

    def await_life(self, placement: Placement, now: float) -> None:
        """A room names a life that is not known: it is awaited for a while, then condemned."""
        if self.is_over(placement) or self.life(placement) is not None:
            return
        known = self._lives.get(placement.node_id)
        if known is None or known.epoch < placement.epoch:
            self._lives[placement.node_id] = Life(placement.node_id, placement.epoch, last_heard=now, lapsed_at=now)

    def beat(self, beat: NodeHeartbeat, now: float, unix_ms: int) -> bool:
        """A node was heard; true when this changed whether it is alive, or can take rooms."""
        life = self._lives.get(beat.node_id)
        if life is None or life.epoch != beat.epoch:
            return False
        offset = unix_ms - beat.sent_at
        if life.beat is not None and abs(offset) > abs(life.clock_offset_ms):
            offset = round(life.clock_offset_ms + (offset - life.clock_offset_ms) * OFFSET_DECAY)
        could = self._can_take(life)
        life.beat, life.clock_offset_ms = beat, offset
        changed = life.heard(now)
        return changed or could != self._can_take(life)

    def candidates(self) -> list[Life]:
        """Those that can take a room."""
        return [life for life in self._lives.values() if self._can_take(life)]

    def judge(self, now: float) -> Iterable[Life]:
        """Lets the clock speak; yields the lives that are suspects now, to be probed, or condemned, to be fenced."""
        for life in self.lives:
            evidence = life.overdue(now, self._patience)
            if evidence is Evidence.SILENT and life.state is State.ALIVE:
                evidence = Evidence.MISSED
            if evidence is not None:
                life.take(evidence)
            if life.state in (State.SUSPECT, State.CONDEMNED):
                yield life

    def _can_take(self, life: Life) -> bool:
        return (
            life.state is State.ALIVE
            and life.lapsed_at is None
            and life.beat is not None
            and life.beat.leased
            and not life.beat.draining
            and abs(life.clock_offset_ms) <= MAX_CLOCK_OFFSET_MS
        )

    def _end(self, node_id: str, epoch: int) -> bool:
        """All lives up to `epoch` are over."""
        known = self._over.get(node_id)
        if known is not None and known >= epoch:
            return False
        self._over[node_id] = epoch
        life = self._lives.get(node_id)
        if life is not None and life.epoch <= epoch:
            life.take(Evidence.ENDED)
            del self._lives[node_id]
            return True
        return known is None

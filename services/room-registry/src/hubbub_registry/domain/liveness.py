"""One life of one media node: is it alive? A transition table; time is an argument, in monotonic seconds.

Rules
- A node is heard by its beats. The first that is missed makes it a suspect, which is probed: nobody there is the end,
  and so is silence for long enough.
- Condemned is not yet over: between the two lies a fence, written by compare-and-set over the lease. A renewal that was
  quicker, or a beat, takes the judgement back. What stands in the store decides, not what a replica believes.
- Over is for ever: a node that comes back does so in a newer life.
- Nobody is judged by a replica whose own ears are in doubt (`may_judge`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hubbub_contracts.bus.node import NodeHeartbeat


class State(StrEnum):
    """What is believed of a life."""

    AWAITED = "awaited"
    """It has a lease, or a room, and was not heard yet."""
    ALIVE = "alive"
    SUSPECT = "suspect"
    """A beat is missing: it is being probed."""
    CONDEMNED = "condemned"
    """Taken for dead: it is being fenced."""
    OVER = "over"
    """Fenced, released, or replaced by a newer life."""


class Evidence(StrEnum):
    """What changes the belief."""

    HEARD = "heard"
    MISSED = "missed"
    NOBODY_THERE = "nobody_there"
    SILENT = "silent"
    LAPSED = "lapsed"
    """It beats, but could not renew its lease for too long."""
    ENDED = "ended"
    """The store says so: a fence, a release, a newer life."""


TRANSITIONS: dict[tuple[State, Evidence], State] = {
    (State.AWAITED, Evidence.HEARD): State.ALIVE,
    (State.AWAITED, Evidence.SILENT): State.CONDEMNED,
    (State.AWAITED, Evidence.ENDED): State.OVER,
    (State.ALIVE, Evidence.HEARD): State.ALIVE,
    (State.ALIVE, Evidence.MISSED): State.SUSPECT,
    (State.ALIVE, Evidence.LAPSED): State.CONDEMNED,
    (State.ALIVE, Evidence.ENDED): State.OVER,
    (State.SUSPECT, Evidence.HEARD): State.ALIVE,
    (State.SUSPECT, Evidence.NOBODY_THERE): State.CONDEMNED,
    (State.SUSPECT, Evidence.SILENT): State.CONDEMNED,
    (State.SUSPECT, Evidence.ENDED): State.OVER,
    (State.CONDEMNED, Evidence.HEARD): State.ALIVE,
    (State.CONDEMNED, Evidence.ENDED): State.OVER,
}
"""Evidence that is not listed for a state changes nothing."""


@dataclass(frozen=True, slots=True)
class Patience:
    """For how long a node may be silent, in seconds."""

    missed: float = 0.35
    """A beat is missing; beats are 0.2 apart."""
    silent: float = 0.6
    """It is dead."""
    awaited: float = 3.0
    """It is dead, when it was never heard."""
    lapsed: float = 10.0
    """It beats, but may own nothing any more."""


@dataclass(slots=True)
class Life:
    """One life."""

    node_id: str
    epoch: int
    last_heard: float
    """Or when it was first known of."""
    state: State = State.AWAITED
    beat: NodeHeartbeat | None = None
    clock_offset_ms: int = 0
    lapsed_at: float | None = None
    """Since when it has no lease; none while it has one."""

    def take(self, evidence: Evidence) -> bool:
        """True when this changed the state."""
        after = TRANSITIONS.get((self.state, evidence), self.state)
        changed, self.state = after is not self.state, after
        return changed

    def heard(self, now: float) -> bool:
        """It gave a sign of life; true when this changed the state."""
        self.last_heard = now
        return self.take(Evidence.HEARD)

    def overdue(self, now: float, patience: Patience) -> Evidence | None:
        """What the clock says against it, the gravest first."""
        silence = now - self.last_heard
        if silence >= (patience.awaited if self.state is State.AWAITED else patience.silent):
            return Evidence.SILENT
        if self.lapsed_at is not None and now - self.lapsed_at >= patience.lapsed:
            return Evidence.LAPSED
        return Evidence.MISSED if silence >= patience.missed else None

"""The liveness of one incarnation of a media node: a transition table. Time is an argument, in monotonic seconds.

Rules
- Heartbeats keep an incarnation alive. After the first missing one it is suspect and gets probed. It is fenced when the
  probe finds no responder twice, or when the silence lasts long enough.
- Fencing is a compare-and-set write over the lease, and it can lose to a renewal. Until the fence is stored, a renewal
  or a heartbeat makes the incarnation alive again: the store decides, not a replica's belief.
- Ended is final: a node that returns has a new incarnation.
- A replica evaluates nobody while its own connection is in doubt (`HeartbeatMonitor.can_detect_failures`).
- Silence proves nothing while nobody of the incarnation's NATS cluster is heard (`clusters.py`).
- Time in which the replica itself did not run is not silence of others: a host that stands still stops both.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hubbub_contracts.bus.node import NodeHeartbeat

from .clusters import ALWAYS, LOST_AFTER, Heard


class LivenessState(StrEnum):
    """A replica's conclusion about an incarnation. The values are labels of the metric `hubbub_nodes`."""

    PENDING = "pending"
    """A lease or a room names it, but no heartbeat has arrived yet."""
    ALIVE = "alive"
    SUSPECT = "suspect"
    """A heartbeat is missing: it is being probed."""
    FENCING = "fencing"
    """It is considered dead: its lease is being fenced."""
    ENDED = "ended"
    """Its lease was fenced, released, or acquired by a newer incarnation."""


LIVE: Final = frozenset({LivenessState.PENDING, LivenessState.ALIVE, LivenessState.SUSPECT})
"""The states of an incarnation that is not considered dead."""


class LivenessEvent(StrEnum):
    """An event that changes a liveness state."""

    HEARTBEAT = "heartbeat"
    """A heartbeat, an answer to a probe, or a renewal that came before the fence."""
    HEARTBEAT_MISSED = "heartbeat_missed"
    NO_RESPONDERS = "no_responders"
    """NATS knows no subscriber for the probe."""
    TIMED_OUT = "timed_out"
    """No heartbeat for `Timeouts.dead` (or `Timeouts.first_heartbeat`) seconds."""
    LEASE_EXPIRED = "lease_expired"
    """It sends heartbeats, but has had no lease for `Timeouts.without_lease` seconds."""
    LEASE_ENDED = "lease_ended"
    """The store has a fence, a release, or a newer incarnation."""


TRANSITIONS: dict[tuple[LivenessState, LivenessEvent], LivenessState] = {
    (LivenessState.PENDING, LivenessEvent.HEARTBEAT): LivenessState.ALIVE,
    (LivenessState.PENDING, LivenessEvent.TIMED_OUT): LivenessState.FENCING,
    (LivenessState.PENDING, LivenessEvent.LEASE_ENDED): LivenessState.ENDED,
    (LivenessState.ALIVE, LivenessEvent.HEARTBEAT): LivenessState.ALIVE,
    (LivenessState.ALIVE, LivenessEvent.HEARTBEAT_MISSED): LivenessState.SUSPECT,
    (LivenessState.ALIVE, LivenessEvent.LEASE_EXPIRED): LivenessState.FENCING,
    (LivenessState.ALIVE, LivenessEvent.LEASE_ENDED): LivenessState.ENDED,
    (LivenessState.SUSPECT, LivenessEvent.HEARTBEAT): LivenessState.ALIVE,
    (LivenessState.SUSPECT, LivenessEvent.NO_RESPONDERS): LivenessState.FENCING,
    (LivenessState.SUSPECT, LivenessEvent.TIMED_OUT): LivenessState.FENCING,
    (LivenessState.SUSPECT, LivenessEvent.LEASE_ENDED): LivenessState.ENDED,
    (LivenessState.FENCING, LivenessEvent.HEARTBEAT): LivenessState.ALIVE,
    (LivenessState.FENCING, LivenessEvent.LEASE_ENDED): LivenessState.ENDED,
}
"""An event that is not listed for a state changes nothing."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long an incarnation may be silent, in seconds."""

    suspect: float = 0.25
    """Until it is probed. Heartbeats are 0.2 s apart."""
    dead: float = 1.0
    """Until it is fenced."""
    first_heartbeat: float = 3.0
    """Until one is fenced that has never sent a heartbeat."""
    without_lease: float = 10.0
    """Until one is fenced that sends heartbeats but has no lease."""
    cut_off: float = LOST_AFTER
    """Until one is fenced whose NATS cluster is cut off."""


@dataclass(slots=True)
class Incarnation:
    """One run of a media node."""

    node_id: str
    epoch: int
    last_heard: float
    """When the last heartbeat or probe answer arrived, or when this replica learned of the incarnation."""
    state: LivenessState = LivenessState.PENDING
    heartbeat: NodeHeartbeat | None = None
    """The last one."""
    lease_expired_at: float | None = None
    """None while it has a lease."""
    cluster: str | None = None
    """Its NATS cluster, if it has one."""
    cut_off: bool = False
    """Nobody of its NATS cluster can be reached."""

    @property
    def can_take_rooms(self) -> bool:
        """Whether it is alive, holds its lease and does not drain."""
        return (
            self.state is LivenessState.ALIVE
            and self.lease_expired_at is None
            and self.heartbeat is not None
            and self.heartbeat.leased
            and not self.heartbeat.draining
        )

    @property
    def takes_peers(self) -> bool:
        """Whether a room that it hosts may get another peer here: unlike another room, also before its first heartbeat,
        and while one is missing."""
        leaves = self.heartbeat is not None and (self.heartbeat.draining or not self.heartbeat.leased)
        return self.state in LIVE and self.lease_expired_at is None and not leaves and not self.cut_off

    @property
    def drain_deadline(self) -> int | None:
        """When it ends at the latest, in Unix milliseconds, if its peers can make transports elsewhere before that."""
        if self.heartbeat is None or not self.heartbeat.draining or self.state not in LIVE:
            return None
        return self.heartbeat.drain_deadline

    @property
    def region(self) -> str | None:
        """Where it is; None also before its first heartbeat."""
        return None if self.heartbeat is None else self.heartbeat.region

    def apply(self, event: LivenessEvent) -> bool:
        """Makes the transition; returns whether the state changed."""
        after = TRANSITIONS.get((self.state, event), self.state)
        changed, self.state = after is not self.state, after
        return changed

    def record_sign_of_life(self, now: float) -> bool:
        """Restarts the timeouts; returns whether the state changed."""
        self.last_heard = now
        return self.apply(LivenessEvent.HEARTBEAT)

    def overdue(self, now: float, timeouts: Timeouts, heard: Heard = ALWAYS) -> LivenessEvent | None:
        """Returns the most severe timeout that has passed. `heard`: when anybody of its NATS cluster was heard."""
        silence = now - self.last_heard
        clock = min(now, heard.until)
        dead = timeouts.first_heartbeat if self.state is LivenessState.PENDING else timeouts.dead
        if clock - max(self.last_heard, heard.since) >= dead or silence >= max(dead, timeouts.cut_off):
            return LivenessEvent.TIMED_OUT
        expired = self.lease_expired_at
        if expired is not None and clock - max(expired, heard.since) >= timeouts.without_lease:
            return LivenessEvent.LEASE_EXPIRED
        return LivenessEvent.HEARTBEAT_MISSED if silence >= timeouts.suspect else None

"""Other NATS clusters, such as the leaf node of a region: when anybody there was heard.

Times are monotonic seconds and arguments.

Rules
- A registry asks the services of each other cluster, several times a second, whether they can be reached.
- Silence of a node proves something only while others of its cluster are heard: else the link may be cut. The time of a
  node's silence is therefore counted on the clock of its cluster, which stands still without answers.
- After a cut, that clock starts anew: what was on its way then is lost, not what comes now.
- After `LOST_AFTER` seconds without an answer, the cluster is given up, and its nodes time out as others do.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

LOST_AFTER = 60.0
"""Seconds without an answer after which nobody waits for a cluster any more."""
CUT_AFTER = 1.0
"""Seconds between two answered questions after which something may have been lost between them."""
RENEWAL = 10.0
"""Seconds after a cut in which holders of lapsed leases get them back. Their renewals repeat after at most 2.5 s."""


@dataclass(slots=True)
class Heard:
    """When a cluster was heard without a pause."""

    since: float
    until: float
    """When the last question that was answered was sent."""


ALWAYS = Heard(-math.inf, math.inf)
"""Of this replica's own cluster: its silence is that of a node."""
NEVER = Heard(-math.inf, -math.inf)


class Clusters:
    """All other clusters that a lease names."""

    def __init__(self, own: Callable[[], str | None]) -> None:
        """`own` returns the cluster of this replica; None: it has none."""
        self._own = own
        self._heard: dict[str, Heard] = {}
        self._known_since: dict[str, float] = {}

    def is_own(self, cluster: str | None) -> bool:
        """Whether nothing but NATS servers of one cluster is in between. Holders of older versions name no cluster."""
        return cluster is None or cluster == self._own()

    def expect(self, cluster: str | None, now: float) -> None:
        """A holder of a lease is in this cluster."""
        if cluster is not None and not self.is_own(cluster):
            self._known_since.setdefault(cluster, now)

    @property
    def others(self) -> list[str]:
        """The clusters to ask."""
        return [each for each in self._known_since if not self.is_own(each)]

    def answered(self, cluster: str, asked_at: float, now: float) -> bool:
        """Applies an answer to a question that was sent at `asked_at`; returns whether it is the first after a cut."""
        heard = self._heard.get(cluster)
        if heard is None:
            self._heard[cluster] = Heard(asked_at, asked_at)
            return False
        if asked_at <= heard.until:
            return False
        cut = asked_at - heard.until > CUT_AFTER
        if cut:
            heard.since = now
        heard.until = asked_at
        return cut

    def heard(self, cluster: str | None) -> Heard:
        """When anybody of the cluster was heard."""
        return ALWAYS if cluster is None or self.is_own(cluster) else self._heard.get(cluster, NEVER)

    def is_cut_off(self, cluster: str | None, now: float) -> bool:
        """Whether nobody of the cluster has answered lately."""
        if cluster is None or self.is_own(cluster):
            return False
        return now - max(self.heard(cluster).until, self._known_since.get(cluster, -math.inf)) > 2 * CUT_AFTER

    def excuses(self, cluster: str | None, now: float) -> bool:
        """Whether a lapsed lease of the cluster says nothing: nobody there could renew it until now."""
        if cluster is None or self.is_own(cluster):
            return False
        heard = self._heard.get(cluster)
        if heard is None:
            return now - self._known_since.get(cluster, -math.inf) < LOST_AFTER
        return now - heard.until < LOST_AFTER if self.is_cut_off(cluster, now) else now - heard.since < RENEWAL

"""NATS clusters other than the registry's, such as the leaf node of another region."""

from __future__ import annotations

from typing import ClassVar

from ..base import ClusterRequest, Done


class PingCluster(ClusterRequest[Done]):
    """Asks whether any service of this NATS cluster can be reached. While none can, nobody there is taken for dead."""

    verb: ClassVar[str] = "cluster.ping"

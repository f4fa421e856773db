"""Answers for the NATS cluster of this process.

A node there that is silent while others answer has ended; while nobody answers, a link may be cut.
"""

from __future__ import annotations

from typing import Any

import structlog

from hubbub_contracts import HubbubError, subjects
from hubbub_contracts.base import Done
from hubbub_contracts.bus.cluster import PingCluster
from hubbub_service import Tasks

from .bus import Bus
from .endpoint import Endpoint

_log = structlog.get_logger(__name__)


class ClusterPresence:
    """Answers from `start` to `stop`, also when the connection is re-established to a server of another cluster."""

    STOP_TIMEOUT = 5.0
    """Seconds that `stop` takes at most."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._tasks = Tasks()
        self._served: str | None = None
        self._endpoint: Endpoint[Any, Any] | None = None

    async def start(self) -> None:
        """Subscribes. Without a cluster, there is nothing to answer for."""
        self._bus.on_reconnect(self._on_reconnect)
        await self._follow()

    async def stop(self) -> None:
        """Unsubscribes."""
        await self._tasks.close()
        if self._endpoint is not None:
            await self._endpoint.stop()

    def _on_reconnect(self) -> None:
        self._tasks.spawn(self._follow(), "cluster-presence")

    async def _follow(self) -> None:
        cluster = self._bus.cluster
        if cluster == self._served:
            return
        former, self._endpoint, self._served = self._endpoint, None, cluster
        try:
            if former is not None:
                await former.stop()
            if cluster is not None:
                subject = subjects.cluster_ping(cluster)
                self._endpoint = await self._bus.serve(subject, PingCluster, _answer, queue=subjects.CLUSTER_QUEUE)
        except HubbubError as error:
            self._served = None  # the next reconnect tries again
            _log.warning("nobody is told that this cluster can be reached", error=error.message)


async def _answer(_request: PingCluster) -> Done:
    return Done()

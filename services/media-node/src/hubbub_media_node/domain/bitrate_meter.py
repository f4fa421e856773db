"""Bitrates of tenants, from the cumulative counters of transports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping


class BitrateMeter:
    """Converts periodic samples of all transports to the bitrate of each tenant."""

    def __init__(self) -> None:
        self._since = 0.0
        self._received: Mapping[int, int] = {}

    def rates(self, now: float, sample: Mapping[int, tuple[str | None, int]]) -> dict[str | None, int]:
        """Adds a sample, and returns the bit/s of each tenant since the last one. The first one has none.

        Arguments:
            now: seconds of a monotonic clock.
            sample: the tenant of each transport, and the bytes that it has received since it was created.
        """
        elapsed, before = now - self._since, self._received
        first = self._since == 0.0
        self._since, self._received = now, {transport: received for transport, (_, received) in sample.items()}
        if first or elapsed <= 0:
            return {}
        received = Counter[str | None]()
        for transport, (tenant, total) in sample.items():
            received[tenant] += total - before.get(transport, 0)
        return {tenant: round(8 * total / elapsed) for tenant, total in received.items()}

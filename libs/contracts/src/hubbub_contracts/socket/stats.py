"""Statistics."""

from __future__ import annotations

from typing import ClassVar

from ..rtc_stats import StatsReport
from ..types import Id
from .base import ClientRequest


class GetStats(ClientRequest[StatsReport]):
    """Reads the server's counters of one object of the client. Exactly one id is given."""

    event: ClassVar[str] = "getStats"
    transport_id: Id | None = None
    """A transport."""
    producer_id: Id | None = None
    """A producer."""
    consumer_id: Id | None = None
    """A consumer."""

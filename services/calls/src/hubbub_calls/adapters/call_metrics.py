"""The metrics that an instance derives from its copy of the live calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from hubbub_service.metrics import Reading, catalogue

from ..domain.live_calls import LiveCalls


def read_calls(calls: LiveCalls) -> Iterator[Reading]:
    """Yields the live calls by state."""
    states = Counter(call.record.state for call in calls)
    for state in ("ringing", "active"):
        yield Reading(catalogue.CALLS, states[state], (state,))

"""The context of the request handlers: their ports, timeouts and limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hubbub_bus import unix_ms

from ..domain.ports import CallHistory, CallStore, Directory
from ..domain.timeouts import Timeouts


@dataclass(frozen=True, slots=True)
class CallsContext:
    """The first argument of every handler."""

    store: CallStore
    history: CallHistory
    directory: Directory
    timeouts: Timeouts
    max_calls: int
    clock: Callable[[], int] = unix_ms
    """Unix milliseconds."""

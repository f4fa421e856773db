"""The state of a call, the generation of its connection, and the time in which it has to be connected."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from .call_events import Ended
from .call_state import TRANSITIONS, CallState, CallStateEvent, ReconnectCause
from .errors import CallError


class CallLifecycle:
    """Knows the state. The call decides what happens to it.

    Arguments:
        changed: called with the state and the one before.
        timed_out: called when a timeout has passed.
    """

    def __init__(self, changed: Callable[[CallState, CallState], None], timed_out: Callable[[CallError], None]) -> None:
        self._changed = changed
        self._timed_out = timed_out
        self.state: CallState = "idle"
        self.cause: ReconnectCause = "socket"
        """What was lost last."""
        self.ended: Ended | None = None
        self._generation = 0
        self._timeout: asyncio.TimerHandle | None = None

    def transition(self, event: CallStateEvent) -> bool:
        """Whether the transition table has a transition for `event`."""
        previous = self.state
        state = TRANSITIONS.get((previous, event))
        if state is None:
            return False
        self.state = state
        self._changed(state, previous)
        return True

    def start_generation(self) -> None:
        """Work of earlier generations is dropped."""
        self._generation += 1

    def present(self) -> Callable[[], bool]:
        """Tells later whether this generation is still the present one and the call has not ended."""
        generation = self._generation
        return lambda: generation == self._generation and self.state != "ended"

    def start_timeout(self, seconds: float) -> None:
        """Unless it is stopped before, the call times out."""
        self.stop_timeout()
        error = CallError("unreachable", "The server does not answer.", retryable=True)
        self._timeout = asyncio.get_running_loop().call_later(seconds, self._timed_out, error)

    def stop_timeout(self) -> None:
        """The call is connected, or has ended."""
        if self._timeout is not None:
            self._timeout.cancel()
            self._timeout = None

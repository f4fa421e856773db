"""The operation that the current task works for, and its deadline.

A context variable holds it, so that a request sent while another one is handled inherits that one's operation and does
not outlive its deadline. Tasks and subscriptions that a handler starts inherit it too. What of them goes on after the
handler has returned belongs to no operation any more.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from dataclasses import dataclass

from opentelemetry import propagate

from hubbub_contracts import ids

from . import headers


@dataclass(slots=True)
class Operation:
    """The request that is being handled."""

    operation_id: str
    deadline: float | None = None
    """Seconds of this process's monotonic clock; None when the caller set none."""
    ended: bool = False
    """The handler has returned."""

    @property
    def expired(self) -> bool:
        """The deadline has passed: the caller has stopped waiting."""
        return self.deadline is not None and time.monotonic() >= self.deadline


_current: ContextVar[Operation | None] = ContextVar("hubbub_operation", default=None)


def current_operation() -> Operation | None:
    """Returns the operation of this task, or None outside of a request."""
    operation = _current.get()
    return None if operation is None or operation.ended else operation


def enter_operation(operation: Operation) -> None:
    """Sets the operation for the rest of this task, until it has ended. Tasks that it starts inherit it."""
    _current.set(operation)


def operation_id() -> str:
    """Returns the id of this task's operation, or a new id outside of a request."""
    operation = current_operation()
    return ids.mint() if operation is None else operation.operation_id


def unix_ms() -> int:
    """Returns the current time in Unix milliseconds."""
    return time.time_ns() // 1_000_000


def outgoing_headers(operation: str) -> dict[str, str]:
    """Returns the headers of every message: the operation's id and the trace context."""
    carrier = {headers.OPERATION: operation}
    propagate.inject(carrier)
    return carrier

"""What a piece of work belongs to: the operation, and until when anybody waits for it.

It lies in a context variable, so that a request made while another is handled inherits the first one's operation and
does not outlive its deadline.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from dataclasses import dataclass

from opentelemetry import propagate

from hubbub_contracts import ids

from . import headers


@dataclass(frozen=True, slots=True)
class Operation:
    """The request that is being handled."""

    operation_id: str
    deadline: int | None = None
    """Unix milliseconds; none when the caller set none."""


_current: ContextVar[Operation | None] = ContextVar("hubbub_operation", default=None)


def current_operation() -> Operation | None:
    """The request that this task handles, if it does."""
    return _current.get()


def enter_operation(operation: Operation) -> None:
    """For the rest of this task; a task has a context of its own."""
    _current.set(operation)


def operation_id() -> str:
    """The id of the operation that this task belongs to, or a new one."""
    operation = _current.get()
    return ids.mint() if operation is None else operation.operation_id


def unix_ms() -> int:
    """Now, in Unix milliseconds."""
    return time.time_ns() // 1_000_000


def outgoing_headers(operation: str) -> dict[str, str]:
    """The headers that every message carries: the operation, and the trace that it belongs to."""
    carrier = {headers.OPERATION: operation}
    propagate.inject(carrier)
    return carrier

"""What is known of how an event is handled: its code, its lane, and whether it is a barrier."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hubbub_contracts import Model

from ..domain.holdings import Holdings

if TYPE_CHECKING:
    from .session import Session


def own_lane(_holdings: Holdings, call: Any) -> str | None:
    """Runs beside everything; only repetitions of one operation wait for each other."""
    operation_id: str | None = getattr(call, "operation_id", None)
    return f"operation {operation_id}" if operation_id else None


def transport_lane(_holdings: Holdings, call: Any) -> str | None:
    """One after another on one transport."""
    transport_id: str = call.transport_id
    return transport_id


def producer_lane(holdings: Holdings, call: Any) -> str | None:
    """In the lane of the producer's transport."""
    return holdings.producers.get(call.producer_id)


def consumer_lane(holdings: Holdings, call: Any) -> str | None:
    """In the lane of the consumer's transport."""
    held = holdings.consumers.get(call.consumer_id)
    return held.transport_id if held else None


@dataclass(frozen=True)
class Handler:
    """One event's handler."""

    run: Callable[[Session, Any], Awaitable[Model]]
    lane: Callable[[Holdings, Any], str | None] = own_lane
    barrier: bool = False
    cancels: bool = False
    """Whether the barrier cancels what is pending rather than wait for it."""

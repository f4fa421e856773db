"""The context of the request handlers: their ports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..domain.ports import Endpoints, EventQueues, Sender


@dataclass(frozen=True, slots=True)
class WebhooksContext:
    """The first argument of every handler."""

    endpoints: Endpoints
    queues: EventQueues
    sender: Sender
    wake: Callable[[str, str], None]
    """Called with the endpoint and the room of an event that was queued by a request."""

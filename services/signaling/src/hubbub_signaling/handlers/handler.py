"""A row of the catalogue: the handler of a client request and its conditions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from hubbub_contracts import Model

from ..domain.authorization import Grant
from ..domain.owned_resources import OwnedResources
from ..domain.session_state import SessionState
from .context import RequestContext
from .keyed_queue import Barrier

STANDBY = "standby"
QueueKey = Callable[[OwnedResources, Any], str | None]
"""The key of a request in the session's `KeyedQueue`; None: it waits for barriers only."""


def by_operation(_resources: OwnedResources, request: Any) -> str | None:
    """Requests run concurrently, except repetitions of the same operation."""
    operation_id: str | None = getattr(request, "operation_id", None)
    return f"operation {operation_id}" if operation_id else None


def by_home(resources: OwnedResources, request: Any) -> str | None:
    """The transports of a standby are created one after another, and all others as by `by_operation`."""
    return STANDBY if request.home == STANDBY else by_operation(resources, request)


def by_transport(_resources: OwnedResources, request: Any) -> str | None:
    """Requests for one transport run in order."""
    transport_id: str = request.transport_id
    return transport_id


def by_production(resources: OwnedResources, request: Any) -> str | None:
    """What replaces a producer runs in the order of the requests for that one, until it is replaced."""
    return resources.producers.get(request.replaces or "") or by_transport(resources, request)


def by_producer(resources: OwnedResources, request: Any) -> str | None:
    """Requests for a producer run in the order of its transport's requests."""
    return resources.producers.get(request.producer_id)


def by_consumer(resources: OwnedResources, request: Any) -> str | None:
    """Requests for a consumer run in the order of its transport's requests."""
    owned = resources.consumers.get(request.consumer_id)
    return owned.transport_id if owned else None


def by_moderation(_resources: OwnedResources, _request: Any) -> str:
    """What one client decides about its room, and its raised hand, take effect in the order of the requests."""
    return "moderation"


@dataclass(frozen=True)
class Handler:
    """One row."""

    handle: Callable[[RequestContext, Any], Awaitable[Model]]
    grant: Grant
    """What the client's access token must grant, where tokens are used."""
    states: frozenset[SessionState]
    """The session states in which the request is allowed; in any other it is answered `invalid_state`."""
    key: QueueKey = by_operation
    barrier: Barrier | None = None
    """Set: the request is a barrier, and `key` does not apply."""

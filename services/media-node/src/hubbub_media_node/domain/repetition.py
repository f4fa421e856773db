"""Recognizes a create request that repeats an earlier one of the same peer.

A client repeats a request that got no answer, possibly through another signaling instance. That instance does not know
the first attempt, so it sends another entity id, with the client's unchanged operation id.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from hubbub_contracts.bus.consumer import CreateConsumer
from hubbub_contracts.bus.producer import CreateProducer
from hubbub_contracts.bus.transport import CreateTransport
from hubbub_contracts.errors import ErrorCode, HubbubError

from .entities import Consumer, Producer, Transport
from .entity_store import EntityStore

EntityT = TypeVar("EntityT", bound=Transport | Producer | Consumer)


def find_repeated(
    entities: EntityStore,
    request: CreateTransport | CreateProducer | CreateConsumer,
    kind: type[EntityT],
    is_same: Callable[[EntityT], bool],
) -> EntityT | None:
    """Returns the object that the request's operation has created; None when there is none, or it is closed.

    Raises `conflict` when that has another kind, or when `is_same` is false for it.
    """
    if request.operation_id is None:
        return None
    found = entities.created_by(request.room_id, request.peer_id, request.operation_id)
    if found is None:
        return None
    if not isinstance(found, kind) or not is_same(found):
        raise HubbubError(ErrorCode.CONFLICT, "the operation id was used for another request")
    return found

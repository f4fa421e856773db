"""Applies the core's close events to the entities, and decides which owner gets an event.

The specification is docs/closures.md, rows 1 to 12. The core carries out every cascade and emits one event per object,
with a reason. It does not know who requested a close: that is in the object's `close_request`.

| closed object, the core's reason | reason in the event to the owner                     | cause                   |
|----------------------------------|------------------------------------------------------|-------------------------|
| any, `requested`                 | that of its `close_request`; no event if it has none | this node               |
| any, `transport_closed`          | the same; no event if the transport's is silent      | its own transport       |
| consumer, `producer_closed`      | the same                                             | another peer's producer |
|                                  | `internal`, if its pipe or link failed               | a fault in the core, or |
|                                  |                                                      | at another node         |
| any, another reason              | that reason                                          | the core                |
| producer, any                    | no event, if the room has it on another node then    | its peer moves          |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from hubbub_contracts.bus import media
from hubbub_contracts.bus.media import CloseReason, ClosureEvent, MediaEvent
from hubbub_media_core import events

from .close_request import CloseRequest
from .entities import Consumer, Producer, Router, Transport
from .entity_store import EntityStore

EventT = TypeVar("EventT", bound=MediaEvent)
EventT_co = TypeVar("EventT_co", bound=MediaEvent, covariant=True)
CloseEvent = events.TransportClosed | events.ProducerClosed | events.ConsumerClosed

_CORE_REASONS: Final[dict[events.CloseReason, CloseReason]] = {
    "producer_closed": "producer_closed",
    "router_closed": "room_closed",
    "handshake_timeout": "handshake_timeout",
    "ice_timeout": "ice_timeout",
    "internal": "internal",
}


@dataclass(frozen=True, slots=True)
class PeerEvent(Generic[EventT_co]):
    """A media event and the peer that it is addressed to."""

    room_id: str
    peer_id: str
    event: EventT_co


@dataclass(frozen=True, slots=True)
class Closure:
    """The consequences of a close event."""

    event: PeerEvent[ClosureEvent] | None = None
    """To be published; None when the owner need not know."""
    empty_routers: Sequence[Router] = ()
    """The routers that are not needed any more: they have to be closed."""


def apply_close_event(entities: EntityStore, event: CloseEvent) -> Closure:
    """Removes the closed object. An unknown object has no consequences."""
    if isinstance(event, events.ConsumerClosed):
        consumer = entities.consumer_by_core_id(event.consumer)
        return Closure() if consumer is None else _consumer_closed(entities, consumer, event.reason)
    if isinstance(event, events.ProducerClosed):
        producer = entities.producer_by_core_id(event.producer)
        return Closure() if producer is None else _producer_closed(entities, producer, event.reason)
    transport = entities.transport_by_core_id(event.transport)
    return Closure() if transport is None else _transport_closed(entities, transport, event.reason)


def _consumer_closed(entities: EntityStore, consumer: Consumer, core_reason: events.CloseReason) -> Closure:
    entities.remove_consumer(consumer)
    reason = _reason(core_reason, consumer.close_request, consumer.transport)
    if reason is None:
        return Closure()
    if core_reason == "producer_closed" and not entities.ended_with_owner(consumer.source):
        reason = "internal"
    event = media.ConsumerClosed(consumer_id=consumer.id, producer_id=consumer.producer_id, reason=reason)
    return Closure(event=to_owner(consumer, event))


def _producer_closed(entities: EntityStore, producer: Producer, core_reason: events.CloseReason) -> Closure:
    entities.remove_producer(producer)
    reason = _reason(core_reason, producer.close_request, producer.transport)
    if reason is None or producer.is_hidden:
        return Closure()
    event = media.ProducerClosed(producer_id=producer.id, reason=reason, transport_id=producer.transport.id)
    return Closure(event=to_owner(producer, event))


def _transport_closed(entities: EntityStore, transport: Transport, core_reason: events.CloseReason) -> Closure:
    empty_routers = entities.remove_transport(transport)
    reason = _reason(core_reason, transport.close_request, transport)
    if reason is None:
        return Closure(empty_routers=empty_routers)
    event = media.TransportClosed(transport_id=transport.id, reason=reason)
    return Closure(event=to_owner(transport, event), empty_routers=empty_routers)


def _reason(core_reason: events.CloseReason, request: CloseRequest | None, transport: Transport) -> CloseReason | None:
    """The reason to publish; None when the owner gets no event."""
    if core_reason == "transport_closed":
        is_silent = transport.close_request is not None and transport.close_request.reason is None
        return None if is_silent else "transport_closed"
    if core_reason == "requested":
        # `requested` without a request from this node would be a bug in the core.
        return request.reason if request is not None else "internal"
    return _CORE_REASONS[core_reason]


def to_owner(entity: Transport | Producer | Consumer, event: EventT) -> PeerEvent[EventT]:
    """An event to the peer that the entity belongs to."""
    return PeerEvent(entity.room_id, entity.peer_id, event)

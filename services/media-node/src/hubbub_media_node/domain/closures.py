"""What is forgotten, and who is told, when the core says that something is closed.

The specification is docs/closures.md, rows 1 to 12. The core carries out every cascade and announces each object
with the reason that concerns it; what it cannot know is who asked. That stands in an object's `closing`: a handler
writes it before it sends the command.

| closed, with the core's reason | the owner is told                                    | because               |
|--------------------------------|------------------------------------------------------|-----------------------|
| anything, `requested`          | what its `closing` says                              | this node commanded   |
| anything, `transport_closed`   | the same; nothing if its transport's `closing` is so | it fell with its own  |
| consumer, `producer_closed`    | the same                                             | another peer did it   |
| anything, another reason       | that reason                                          | the core did it       |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hubbub_contracts.bus import media
from hubbub_contracts.bus.media import CloseReason
from hubbub_media_core import events

from .tables import Closing, Consumer, Producer, Room, Tables, Transport

ASKED: Final = Closing(told=None)
"""The owner asked for it, or is gone: it is not told."""

Notice = media.TransportClosed | media.ProducerClosed | media.ConsumerClosed
Closed = events.TransportClosed | events.ProducerClosed | events.ConsumerClosed

_OWN_REASONS: Final[dict[events.CloseReason, CloseReason]] = {
    "producer_closed": "producer_closed",
    "router_closed": "room_closed",
    "handshake_timeout": "handshake_timeout",
    "ice_timeout": "ice_timeout",
    "internal": "internal",
}


@dataclass(frozen=True, slots=True)
class Told:
    """A notice for one peer."""

    room_id: str
    peer_id: str
    notice: Notice


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a closed event comes to."""

    told: Told | None = None
    emptied: Room | None = None
    """The room that this was the last transport of: its router can go."""


def closed(tables: Tables, event: Closed) -> Outcome:
    """Forgets what the event names and says whom to tell. An object that is not known comes to nothing."""
    if isinstance(event, events.ConsumerClosed):
        consumer = tables.consumer_of_core(event.consumer)
        return Outcome() if consumer is None else _consumer_closed(tables, consumer, event.reason)
    if isinstance(event, events.ProducerClosed):
        producer = tables.producer_of_core(event.producer)
        return Outcome() if producer is None else _producer_closed(tables, producer, event.reason)
    transport = tables.transport_of_core(event.transport)
    return Outcome() if transport is None else _transport_closed(tables, transport, event.reason)


def _consumer_closed(tables: Tables, consumer: Consumer, reason: events.CloseReason) -> Outcome:
    tables.forget_consumer(consumer)
    told = _reason(reason, consumer.closing, consumer.transport)
    if told is None:
        return Outcome()
    notice = media.ConsumerClosed(consumer_id=consumer.id, producer_id=consumer.producer_id, reason=told)
    return Outcome(told=_to_owner(consumer.transport, notice))


def _producer_closed(tables: Tables, producer: Producer, reason: events.CloseReason) -> Outcome:
    tables.forget_producer(producer)
    told = _reason(reason, producer.closing, producer.transport)
    if told is None:
        return Outcome()
    return Outcome(told=_to_owner(producer.transport, media.ProducerClosed(producer_id=producer.id, reason=told)))


def _transport_closed(tables: Tables, transport: Transport, reason: events.CloseReason) -> Outcome:
    emptied = tables.forget_transport(transport)
    told = _reason(reason, transport.closing, transport)
    if told is None:
        return Outcome(emptied=emptied)
    notice = media.TransportClosed(transport_id=transport.id, reason=told)
    return Outcome(told=_to_owner(transport, notice), emptied=emptied)


def _reason(reason: events.CloseReason, closing: Closing | None, transport: Transport) -> CloseReason | None:
    """What the owner is told; None when it is not told at all."""
    if reason == "transport_closed":
        silent = transport.closing is not None and transport.closing.told is None
        return None if silent else "transport_closed"
    if reason == "requested":
        # Without a mark nobody here asked; the core alone would then have to answer for it.
        return closing.told if closing is not None else "internal"
    return _OWN_REASONS[reason]


def _to_owner(transport: Transport, notice: Notice) -> Told:
    return Told(transport.room.id, transport.peer_id, notice)

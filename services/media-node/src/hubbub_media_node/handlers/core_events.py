"""Events of the media core."""

from __future__ import annotations

import structlog

from hubbub_media_core import events

from ..domain.closures import CloseEvent, apply_close_event
from .closing import close_room
from .context import NodeContext

_log = structlog.get_logger(__name__)


def handle(context: NodeContext, worker: int, event: events.Event) -> None:
    """Handles one event of one worker, synchronously: the order of events is kept."""
    match event:
        case events.DtlsReceived(transport, datagram):
            context.dtls.received(transport, datagram)
        case events.IceSelected(transport, state):
            if state == "connected":
                context.dtls.ice_selected(transport)
        case events.ProducerClosed() | events.ConsumerClosed():
            _handle_closed(context, event)
        case events.TransportClosed(transport):
            context.dtls.close(transport)
            _handle_closed(context, event)
        case events.Fault(message):
            _log.error("recovered from a fault in a worker", worker=worker, fault=message)
        case events.Reply():
            pass


def _handle_closed(context: NodeContext, event: CloseEvent) -> None:
    closure = apply_close_event(context.entities, event)
    if closure.event is not None:
        context.media_events.publish(closure.event)
        context.telemetry.object_closed(closure.event.event)
    if closure.empty_room is not None:
        close_room(context, closure.empty_room)

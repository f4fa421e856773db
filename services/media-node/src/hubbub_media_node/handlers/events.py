"""What the core tells."""

from __future__ import annotations

import logging

from hubbub_media_core import events

from ..domain.closures import closed
from .node import Node
from .transport import drop_room

log = logging.getLogger(__name__)


def handle(node: Node, worker: int, event: events.Event) -> None:
    """One event of one worker. Nothing here waits: events are handled in their order."""
    match event:
        case events.DtlsReceived(transport, datagram):
            node.dtls.received(transport, datagram)
        case events.IceSelected(transport, state):
            if state == "connected":
                node.dtls.ice_selected(transport)
        case events.ProducerClosed() | events.ConsumerClosed():
            _closed(node, event)
        case events.TransportClosed(transport):
            node.dtls.close(transport)
            _closed(node, event)
        case events.Fault(message):
            log.error("a fault in worker %d was contained: %s", worker, message)
        case events.Reply():
            pass


def _closed(node: Node, event: events.TransportClosed | events.ProducerClosed | events.ConsumerClosed) -> None:
    outcome = closed(node.tables, event)
    if outcome.told is not None:
        node.notices.tell(outcome.told)
        node.watcher.closed(outcome.told.notice)
    if outcome.emptied is not None:
        drop_room(node, outcome.emptied)

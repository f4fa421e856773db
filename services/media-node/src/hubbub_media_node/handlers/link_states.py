"""Reports links between nodes that are lost, and those that are back."""

from __future__ import annotations

import time

import structlog

from hubbub_media_core.events import IceSelected

from ..domain.incoming_links import IncomingLink
from ..domain.media_addresses import is_at
from .context import NodeContext
from .link_pauses import report_link_pauses
from .link_relays import seek_relay

_log = structlog.get_logger(__name__)


def report_link_state(context: NodeContext, event: IceSelected) -> bool:
    """Connectivity checks begin or cease to reach both ends of a link. False when the transport belongs to no link.

    What it carries stays: media flows again when the checks do, and the core requests the key frames.
    """
    entities = context.entities
    incoming = entities.incoming.by_transport(event.transport)
    link = incoming or entities.outgoing.by_transport(event.transport)
    if link is None:
        return False
    by_relay = link.relay is not None and event.state == "connected" and not is_at(link.theirs, event.remote)
    if (link.state, link.by_relay) == (event.state, by_relay):
        return True
    link.state, link.by_relay = event.state, by_relay
    log = _log.info if link.connected else _log.warning
    described = "lost" if not link.connected else "relayed" if by_relay else "connected"
    log("link to another node", state=described, node_id=link.node.node_id, room_id=link.router.room.id)
    if incoming is not None:
        _follow(context, incoming, time.monotonic())
    return True


def tend_lost_links(context: NodeContext, now: float) -> None:
    """Goes on with the ways by third nodes. Call it periodically; `now` is seconds of a monotonic clock."""
    for link in context.entities.incoming.links:
        if link.way != "direct":
            _follow(context, link, now)


def _follow(context: NodeContext, link: IncomingLink, now: float) -> None:
    """Seeks a way by a third node, and reports whether there is one."""
    seek_relay(context, link, now)
    for remote in link.carried:
        report_link_pauses(context, remote)

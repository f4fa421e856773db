"""Links that go by a third node of the room: what its receiving node asks for, and what that third node does."""

from __future__ import annotations

import structlog

from hubbub_contracts.bus.pipe import LinkEnd, MediaAddress, RelayedEnd, RelayLink
from hubbub_contracts.bus.records import Placement
from hubbub_contracts.errors import ErrorCode, HubbubError
from hubbub_media_core import commands
from hubbub_media_core.specs import RelayEnd

from ..domain.detour import relay_order
from ..domain.incoming_links import IncomingLink
from ..domain.media_addresses import is_at, socket_address
from .context import NodeContext
from .link_messages import tell_node
from .pipes import tell_core

_log = structlog.get_logger(__name__)


async def relay_link(context: NodeContext, request: RelayLink) -> MediaAddress:
    """Relays a link of two other nodes on a worker of the room here."""
    room = context.entities.rooms.get(request.room_id)
    if room is None:
        raise HubbubError(ErrorCode.NOT_FOUND, "this room is not on this node", retryable=True)
    worker = next(iter(room.routers.values())).worker
    own = [(context.link_ip(), port) for _, port in context.core.addresses]
    if any(is_at(end, address) for end in request.ends for address in own):
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, "ends: one of them is on this node")
    first, second = (RelayEnd(ufrag=end.username_fragment, remote=socket_address(end)) for end in request.ends)
    await context.call(worker, commands.RelayLink(ends=(first, second)))
    return MediaAddress(ip=context.link_ip(), port=context.core.addresses[worker][1])


def seek_relay(context: NodeContext, link: IncomingLink, now: float) -> None:
    """Asks a third node to relay a link, or to go on with that, if it is time (`domain.detour`)."""
    nodes = [node for node in link.router.room.view.other_nodes() if node.node_id != link.node.node_id]
    node = link.detour.next_node(link.way, relay_order(link.id, nodes), now)
    if node is not None:
        context.tasks.spawn(_ask(context, link, node), "relay-link")
    elif link.way == "direct":
        _use(context, link, None)


async def _ask(context: NodeContext, link: IncomingLink, node: Placement) -> None:
    request = RelayLink(room_id=link.router.room.id, ends=[_relayed(link.ours), _relayed(link.theirs)])
    try:
        address = await context.nodes.request(node, request)
    except HubbubError as error:
        _log.debug("a third node does not relay a link", node_id=node.node_id, error=error.message)
        return
    if link.detour.node == node:  # else the link is connected again, or another one was asked meanwhile
        _use(context, link, address)


def _use(context: NodeContext, link: IncomingLink, relay: MediaAddress | None) -> None:
    """Has both ends of a link go by this relay as well."""
    if link.relay == relay or link.closing:
        return
    context.entities.incoming.set_relay(link, relay)
    tell_core(context)
    link.due = 0.0
    tell_node(context, link)


def _relayed(end: LinkEnd) -> RelayedEnd:
    return RelayedEnd(ip=end.ip, port=end.port, username_fragment=end.username_fragment)

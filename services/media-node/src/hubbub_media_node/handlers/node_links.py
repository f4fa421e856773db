"""Makes this node's end of a link to or from another node."""

from __future__ import annotations

from typing import Any

from hubbub_contracts.errors import ErrorCode, HubbubError
from hubbub_media_core import commands

from ..domain.link_ends import OwnEnd, agree
from ..domain.node_links import LinkT, NodeLinkTable
from .context import NodeContext
from .pipes import create_end, tell_core


async def make_end(context: NodeContext, table: NodeLinkTable[LinkT, Any], link: LinkT, ours: OwnEnd) -> LinkT:
    """Adds a link to its table, and creates its transport with the keys that both ends derive.

    Raises a retryable `not_found` when its router is closed meanwhile, and what the core's refusals translate to.
    """
    transport, agreed = link.transport, agree(link.id, ours, link.theirs)
    command = commands.CreatePipeTransport(
        transport=transport.core_id, router=link.router.core_id, link=agreed.addresses
    )
    table.add_link(link)
    try:
        await create_end(context, transport, command)
        await context.call(transport.worker, agreed.srtp_keys(transport.core_id))
        if link.closing:
            raise HubbubError(ErrorCode.NOT_FOUND, "the room left this worker", retryable=True)
    except BaseException:
        table.close_link(link)
        tell_core(context)
        raise
    return link

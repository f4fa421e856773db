"""Tells other nodes which of their producers are wanted here, and learns from their answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

import structlog

from hubbub_contracts.bus.pipe import PipesWanted, WantPipes
from hubbub_contracts.errors import HubbubError

from ..domain.incoming_links import PAUSE, PERIOD, RETRY, IncomingLink, RemoteProducer
from .context import NodeContext
from .handover import tend_handovers
from .link_pauses import report_link_pauses
from .pipes import tell_core

_log = structlog.get_logger(__name__)


def tell_nodes(context: NodeContext, now: float) -> None:
    """Tells other nodes what has changed, or was not told for long. Call it periodically."""
    for link in context.entities.incoming.links:
        if link.due <= now and link.transport.exists:
            tell_node(context, link)
    for link in context.entities.incoming.take_dismissed():
        context.tasks.spawn(_dismiss(context, link), "dismiss-link")


def tell_node(context: NodeContext, link: IncomingLink) -> None:
    """Tells the other node what is wanted over a link, now or with the message that is under way."""
    if not link.telling:
        link.telling = True
        context.tasks.spawn(_tell(context, link), "want-pipes")


async def _tell(context: NodeContext, link: IncomingLink) -> None:
    try:
        while not link.closing and link.due <= time.monotonic():
            link.due = time.monotonic() + PERIOD
            named = link.open_producers()
            try:
                answer = await context.nodes.request(link.node, _message(link, named))
            except HubbubError as error:
                link.due = time.monotonic() + RETRY
                _log.debug("another node was not told what is wanted", node_id=link.node.node_id, error=error.message)
                return
            if _learn(context, named, answer):
                tend_handovers(context, link.router.room, time.monotonic())
            await asyncio.sleep(PAUSE)
    finally:
        link.telling = False


def _learn(context: NodeContext, named: Iterable[RemoteProducer], answer: PipesWanted) -> bool:
    """Takes over what an answer says of the producers that the message named. Returns whether some are had anew."""
    misplaced = False
    closed, missing = set(answer.closed), set(answer.missing)
    for remote in named:
        if remote.id in answer.scores:
            remote.score = answer.scores[remote.id]
        if remote.cut_off_above != (remote.id in answer.cut_off):
            remote.cut_off_above = remote.id in answer.cut_off
            report_link_pauses(context, remote)
        if remote.id in answer.replaced and not remote.is_misplaced:
            remote.is_misplaced = misplaced = True  # the node of the link may have the one that takes its place
        elif remote.handover is not None and remote.id in closed | missing:
            remote.handover.ended = True  # it is closed when its consumers have their successor
        elif remote.id in closed | missing and remote.link.node != remote.origin:
            remote.is_misplaced = misplaced = True  # the node of the link has lost it; its own node may have it
        elif not remote.closing and remote.id in closed | missing:
            remote.origin_closed = remote.id in closed
            context.entities.incoming.close(remote)
    tell_core(context)
    return misplaced


async def _dismiss(context: NodeContext, link: IncomingLink) -> None:
    """Says that nothing is wanted over a closed link. A node that does not hear it finds out by the checks."""
    try:
        await context.nodes.request(link.node, _message(link, []))
    except HubbubError as error:
        _log.debug("another node was not told of a closed link", node_id=link.node.node_id, error=error.message)


def _message(link: IncomingLink, producers: Iterable[RemoteProducer]) -> WantPipes:
    link.sequence += 1
    room = link.router.room
    wanted = {remote.id: [each and not room.is_idle for each in remote.wanted] for remote in producers}
    return WantPipes(
        room_id=room.id, link_id=link.id, sequence=link.sequence, wanted=wanted, relay=link.relay, idle=room.is_idle
    )

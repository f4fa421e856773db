"""Closing transports, producers and whole peers: by request, on a DTLS failure, and by reconciliation.

A close only commands the core. The core closes everything that depends on the object and emits an event for each;
`core_events` then removes the entities and publishes the events for their owners.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import structlog

from hubbub_contracts.errors import ErrorCode, HubbubError
from hubbub_media_core import CoreError, commands

from ..domain.close_request import SILENT, CloseRequest
from ..domain.entities import Producer, Router, Transport
from .context import NodeContext
from .pipes import tell_core

_log = structlog.get_logger(__name__)

ItemT = TypeVar("ItemT")


async def close_transport(context: NodeContext, transport: Transport, request: CloseRequest) -> None:
    """Closes a transport. Does nothing when it is closed or closing. Raises `unavailable`, and may be retried."""
    if transport.close_request is not None:
        return
    transport.close_request = request
    try:
        await context.core.call(transport.worker, commands.CloseTransport(transport=transport.core_id))
    except CoreError as error:
        if error.code == "not_found":
            if context.entities.transports.get(transport.id) is transport:
                discard_transport(context, transport)  # its creation was cancelled before the core refused it
        else:
            transport.close_request = None
            raise HubbubError(ErrorCode.UNAVAILABLE, f"close_transport: {error.code}", retryable=True) from error


async def close_when_left(context: NodeContext, transport: Transport) -> None:
    """Closes a transport silently. One of a peer that moves stays until those behind its former producers have
    switched, which `handover` bounds. Raises as `close_transport`."""
    if transport.is_needed:
        transport.close_when_left = True
    else:
        await close_transport(context, transport, SILENT)


async def close_producer(context: NodeContext, producer: Producer, request: CloseRequest) -> None:
    """Closes a producer, as `close_transport` does a transport."""
    if producer.close_request is not None:
        return
    producer.close_request = request
    try:
        await context.core.call(producer.transport.worker, commands.CloseProducer(producer=producer.core_id))
    except CoreError as error:
        if error.code != "not_found":
            producer.close_request = None
            raise HubbubError(ErrorCode.UNAVAILABLE, f"close_producer: {error.code}", retryable=True) from error


async def close_peer(context: NodeContext, room_id: str, peer_id: str, request: CloseRequest) -> None:
    """Closes all transports of a peer, and with them its producers and consumers."""
    async with context.locks.of(room_id, peer_id):
        await close_transports(context, room_id, peer_id, request)


async def close_transports(context: NodeContext, room_id: str, peer_id: str, request: CloseRequest) -> None:
    """As `close_peer`. The caller holds the peer's lock."""
    for transport in context.entities.transports_of(room_id, peer_id):
        await close_transport(context, transport, request)


async def close_departed(context: NodeContext, room_id: str, peer_ids: Iterable[str]) -> None:
    """Closes peers that were removed from the room or placed on another node. They get no event.

    One that is back by then stays: the node learns of both placements late, and may have its new transports already.
    Raises HubbubError after the last one, when some could not be closed.
    """

    async def leave(peer_id: str) -> None:
        async with context.locks.of(room_id, peer_id):
            room = context.entities.rooms.get(room_id)
            if room is None or room.view.hosts(peer_id):
                return
            for transport in context.entities.transports_of(room_id, peer_id):
                await close_when_left(context, transport)

    await _for_each(peer_ids, leave)


async def close_everything(context: NodeContext) -> None:
    """Closes all peers of all rooms, when this incarnation of the node has been fenced. Raises as `close_departed`."""
    peers = [(room.id, peer_id) for room in context.entities.rooms.values() for peer_id in room.peer_ids()]
    await _for_each(peers, lambda peer: close_peer(context, *peer, SILENT))


async def _for_each(items: Iterable[ItemT], close: Callable[[ItemT], Awaitable[None]]) -> None:
    failure: HubbubError | None = None
    for each in items:
        try:
            await close(each)
        except HubbubError as error:
            failure = error
    if failure is not None:
        raise failure


def discard_transport(context: NodeContext, transport: Transport) -> None:
    """Removes a transport that the core did not create."""
    context.dtls.close(transport.core_id)
    for router in context.entities.remove_transport(transport):
        close_router(context, router)


def close_router(context: NodeContext, router: Router) -> None:
    """Closes a router that nobody needs any more, its links, and with the last one the replica of its room."""
    entities = context.entities
    entities.pipes.close_links_of(router)
    entities.incoming.close_links_of(router)
    entities.outgoing.close_links_of(router)
    tell_core(context)
    if not router.room.routers:
        context.replicas.unfollow(router.room.id)
    try:
        context.core.send(router.worker, commands.CloseRouter(router=router.core_id))
    except CoreError as error:
        _log.warning("could not close an empty router", room_id=router.room.id, error=str(error))

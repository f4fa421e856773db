"""Requests of other nodes for producers here."""

from __future__ import annotations

import time
from typing import Any, cast

from hubbub_contracts.bus.pipe import OpenPipe, PipeOpened, PipesWanted, WantPipes
from hubbub_contracts.bus.records import Placement
from hubbub_contracts.errors import ErrorCode, HubbubError
from hubbub_media_core import commands

from ..domain.entities import Producer, Router
from ..domain.link_ends import new_end
from ..domain.outgoing_links import OutgoingLink, OutgoingPipe
from ..domain.pipe_specs import on_node_link, pipe_parameters, pipe_specs
from ..domain.pipes import CoreObject
from .context import NodeContext
from .node_links import make_end
from .pipes import create_end, tell_core


async def open_pipe(context: NodeContext, request: OpenPipe) -> PipeOpened:
    """Makes a producer ready to be sent, over one of the links that the request names."""
    router = _producer(context, request.room_id, request.producer_id).router
    async with context.pipe_locks.of(request.node_id, request.epoch, router.core_id):
        producer = _producer(context, request.room_id, request.producer_id)  # it may have been closed meanwhile
        link = context.entities.outgoing.choose([request.link_id, *request.links], router)
        if link is None:
            link = await _accept(context, router, request)
        pipe = link.find(producer.id)
        if pipe is None:
            opened: PipeOpened | None = await _open(context, producer, link)
        else:
            pipe.named_at = time.monotonic()  # it may not have been wanted for a while
            opened = pipe.opened
        if opened is None:
            raise HubbubError(ErrorCode.UNAVAILABLE, "the pipe is being closed", retryable=True)
        end = link.ours if link.id == request.link_id else None
        return opened.model_copy(update={"end": end, "paused": producer.paused})


async def want_pipes(context: NodeContext, request: WantPipes) -> PipesWanted:
    """Sends what another node wants. Answers what cannot be sent."""
    entities = context.entities
    link = entities.outgoing.find_link(request.link_id)
    if link is not None and link.router.room.id == request.room_id:
        entities.outgoing.want(link, request.wanted, request.sequence, time.monotonic(), request.relay)
        tell_core(context)
    sent = set() if link is None else {pipe.origin.id for pipe in link.carried if not pipe.closing}
    wanted = {producer_id: _find(context, request.room_id, producer_id) for producer_id in request.wanted}
    return PipesWanted(
        closed=[producer_id for producer_id, producer in wanted.items() if producer is None],
        missing=[
            producer_id for producer_id, producer in wanted.items() if producer is not None and producer_id not in sent
        ],
        scores={
            producer_id: producer.score
            for producer_id, producer in wanted.items()
            if producer is not None and producer.score is not None
        },
    )


def _find(context: NodeContext, room_id: str, producer_id: str) -> Producer | None:
    producer = context.entities.producers.get(producer_id)
    if producer is None or producer.room_id != room_id or producer.is_closing:
        return None
    return producer


def _producer(context: NodeContext, room_id: str, producer_id: str) -> Producer:
    """A producer of a peer here. Raises a retryable `not_found`: it may be about to move here, or was just closed."""
    producer = _find(context, room_id, producer_id)
    if producer is None:
        raise HubbubError(ErrorCode.NOT_FOUND, "this room has no such producer on this node", retryable=True)
    return producer


async def _accept(context: NodeContext, router: Router, request: OpenPipe) -> OutgoingLink:
    """Makes our end of the link that another node offers."""
    outgoing = context.entities.outgoing
    if outgoing.find_link(request.link_id) is not None:
        raise HubbubError(ErrorCode.CONFLICT, "the link id is already in use")
    ours = new_end(context.link_ip(), context.core.addresses[router.worker][1])
    link = OutgoingLink(
        id=request.link_id,
        router=router,
        node=Placement(node_id=request.node_id, epoch=request.epoch),
        transport=CoreObject(router.worker, context.entities.next_core_id()),
        ours=ours.described,
        theirs=request.offer,
        heard_at=time.monotonic(),
    )
    return await make_end(context, outgoing, link, ours)


async def _open(context: NodeContext, producer: Producer, link: OutgoingLink) -> PipeOpened:
    outgoing = context.entities.outgoing
    parameters = pipe_parameters(producer.spec, producer.consumable, link.ssrcs.block)
    specs = pipe_specs(producer.kind, parameters, paused=producer.paused, is_microphone=producer.spec.is_microphone)
    nothing = (False,) * len(producer.spec.encodings)
    pipe = OutgoingPipe(
        origin=producer,
        link=link,
        end=CoreObject(link.router.worker, context.entities.next_core_id()),
        wanted=nothing,
        told=nothing,
        named_at=time.monotonic(),
    )
    outgoing.add(link, pipe)
    command = commands.CreatePipeConsumer(
        consumer=pipe.end.core_id,
        transport=link.transport.core_id,
        producer=producer.core_id,
        spec=on_node_link(specs, producer.consumable).consumer,
    )
    try:
        await create_end(context, pipe.end, command)
        if pipe.closing:
            raise HubbubError(ErrorCode.NOT_FOUND, "the producer was closed", retryable=True)
    except BaseException as error:
        outgoing.close(pipe)
        tell_core(context)
        if isinstance(error, HubbubError) and error.code is ErrorCode.QUOTA_EXCEEDED:
            link.is_full = True  # the other node makes another link when it repeats this
            raise HubbubError(ErrorCode.UNAVAILABLE, "the link has no SSRCs left", retryable=True) from error
        raise
    pipe.opened = PipeOpened(
        link_id=link.id,
        kind=producer.kind,
        type=producer.type,
        paused=producer.paused,
        is_microphone=producer.spec.is_microphone,
        rtp_parameters=cast("dict[str, Any]", parameters),
        consumable_rtp_parameters=cast("dict[str, Any]", producer.consumable),
    )
    outgoing.changed(pipe)  # a microphone is sent at once
    tell_core(context)
    return pipe.opened

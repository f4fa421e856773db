"""Carries producers to the other routers of their room on this node (ADR 44).

Opening waits for the core. Everything else is told to it without waiting: what it could not take is repeated by
`tend_pipes`, which `reconciliation` calls. That holds for links to other nodes as well (`link_messages`).
"""

from __future__ import annotations

import structlog

from hubbub_contracts.errors import ErrorCode, HubbubError
from hubbub_media_core import CoreError, commands
from hubbub_media_core.commands import Command
from hubbub_media_core.specs import WorkerLink

from ..domain.entities import AnyProducer, Producer, Router
from ..domain.pipe_specs import pipe_parameters, pipe_specs
from ..domain.pipes import ChangedObjects, ChangedT, CoreObject, Link, Pipe
from .context import NodeContext

_log = structlog.get_logger(__name__)


async def producer_on(context: NodeContext, producer: AnyProducer, router: Router) -> int:
    """The core's id of a producer on a router of its room: its own, or that of a pipe's end. Opens a missing pipe.

    Raises a retryable `not_found` when the producer is closed meanwhile, and what the core's refusals translate to.
    """
    source = producer.core_id
    if producer.router is not router:
        async with context.pipe_locks.of(producer.core_id, router.core_id):
            pipe = context.entities.pipes.find(producer, router) or await _open(context, producer, router)
            source = pipe.producer.core_id
    if producer.is_closing:  # the core closes its pipes a moment later
        raise HubbubError(ErrorCode.NOT_FOUND, "the producer is being closed", retryable=True)
    return source


async def set_paused(context: NodeContext, producer: Producer, *, paused: bool) -> None:
    """Pauses or resumes a producer of a peer, and its pipes. The caller holds the peer's lock. Raises HubbubError."""
    command = commands.PauseProducer if paused else commands.ResumeProducer
    await context.call(producer.transport.worker, command(producer=producer.core_id))
    producer.paused = paused
    context.entities.pipes.origin_changed(producer)
    tell_core(context)


def tell_core(context: NodeContext) -> None:
    """Tells the core what has changed about links and pipes."""
    _tell_core(context, context.entities.pipes)
    _tell_core(context, context.entities.incoming)
    _tell_core(context, context.entities.outgoing)


def _tell_core(context: NodeContext, table: ChangedObjects[ChangedT]) -> None:
    refused: list[ChangedT] = []
    for changed in table.take_due():
        try:
            for worker, command in changed.outstanding():
                context.core.send(worker, command)
        except CoreError as error:
            _log.warning("could not change a pipe, repeating it later", error=str(error))
            refused.append(changed)
        else:
            changed.was_told()
    for changed in refused:
        table.put_back(changed)


def tend_pipes(context: NodeContext, now: float) -> None:
    """Closes what is unused and repeats what failed. `now` is seconds of a monotonic clock."""
    entities = context.entities
    entities.pipes.tend(now, entities.is_needed)
    entities.incoming.tend(now, entities.is_used)
    entities.outgoing.tend(now)
    tell_core(context)


async def _open(context: NodeContext, producer: AnyProducer, router: Router) -> Pipe:
    entities = context.entities
    link = await _link_between(context, producer.router, router)
    parameters = pipe_parameters(producer.spec, producer.consumable, link.ssrcs.block)
    specs = pipe_specs(producer.kind, parameters, paused=producer.paused, is_microphone=producer.spec.is_microphone)
    pipe = entities.pipes.add(producer, router, link, entities.next_core_id)
    origin, far = link.transport_on(producer.router), link.transport_on(router)
    try:
        await create_end(
            context,
            pipe.producer,
            commands.CreateProducer(producer=pipe.producer.core_id, transport=far.core_id, spec=specs.producer),
        )
        await create_end(
            context,
            pipe.consumer,
            commands.CreatePipeConsumer(
                consumer=pipe.consumer.core_id,
                transport=origin.core_id,
                producer=producer.core_id,
                spec=specs.consumer,
            ),
        )
        if pipe.closing:
            raise HubbubError(ErrorCode.NOT_FOUND, "the producer was closed", retryable=True)
        entities.pipes.origin_changed(producer)  # a microphone is wanted; it may have been paused meanwhile
    except BaseException:
        entities.pipes.close(pipe)
        raise
    finally:
        tell_core(context)
    return pipe


async def _link_between(context: NodeContext, origin: Router, router: Router) -> Link:
    """The link between two routers, opened if there is none."""
    pipes = context.entities.pipes
    async with context.pipe_locks.of(*sorted((origin.core_id, router.core_id))):
        link = pipes.find_link(origin, router)
        if link is not None:
            return link
        link = pipes.add_link(origin, router, context.entities.next_core_id)
        try:
            for near, far in ((0, 1), (1, 0)):
                end = link.transports[near]
                command = commands.CreatePipeTransport(
                    transport=end.core_id,
                    router=link.routers[near].core_id,
                    link=WorkerLink(worker=link.routers[far].worker, pair=link.pair),
                )
                await create_end(context, end, command)
            if link.closing:
                raise HubbubError(ErrorCode.NOT_FOUND, "the room left this worker", retryable=True)
        except BaseException:
            pipes.close_link(link)
            tell_core(context)
            raise
        return link


async def create_end(context: NodeContext, end: CoreObject, command: Command) -> None:
    """Creates one end of a link or of what it carries. Raises HubbubError."""
    end.exists = True
    try:
        await context.call(end.worker, command)
    except HubbubError:
        end.exists = False
        raise

"""What the server closes: a new token or role does not allow it, or a moderator stopped it."""

from __future__ import annotations

import contextlib

from hubbub_contracts import HubbubError
from hubbub_contracts.bus import consumer, producer
from hubbub_contracts.socket.consumer import ConsumerClosed
from hubbub_contracts.socket.producer import ProducerClosed

from ..domain.authorization import may_publish
from .context import RequestContext
from .standby_producer import close_copy

NO_GRANT = "not_allowed"
"""The reason of `producerClosed` and `consumerClosed` for a track that the client may not send or receive any more."""
STOPPED = "stopped_by_moderator"
"""The reason for a track that a moderator stopped."""


async def close_forbidden(context: RequestContext) -> None:
    """Closes what the client may not send or receive any more."""
    membership = context.membership
    if not context.access.identity.grants.may_subscribe:
        await _close_consumers(context)
    for listed in list(membership.record.producers):
        allowed = may_publish(context.access.identity, listed.kind, listed.app_data, listed.shows)
        if listed.producer_id in context.resources.producers and not allowed:
            context.outbox.enqueue(
                producer.RemoveProducers(
                    room_id=membership.room_id, peer_id=membership.peer_id, producer_ids=[listed.producer_id]
                )
            )
            await close_removed(context, listed.producer_id, NO_GRANT)


async def _close_consumers(context: RequestContext) -> None:
    """A node that does not answer closes them with the transport, when the peer leaves.

    Those of a standby precede the others: it may take over while the first node does not answer, because it is dead.
    """
    membership, resources = context.membership, context.resources
    closed, resources.consumers = resources.consumers, {}
    for consumer_id, owned in sorted(
        closed.items(), key=lambda each: not resources.is_on_standby(each[1].transport_id)
    ):
        context.session.push(ConsumerClosed(consumer_id=consumer_id, producer_id=owned.producer_id, reason=NO_GRANT))
        with contextlib.suppress(HubbubError):
            await context.close_on_node(
                context.resources.require_transport(owned.transport_id),
                consumer.CloseConsumer(room_id=membership.room_id, peer_id=membership.peer_id, consumer_id=consumer_id),
            )


async def close_removed(context: RequestContext, producer_id: str, reason: str) -> None:
    """Tells the client that its producer is closed, and closes it on the node.

    A node that does not answer closes what the room does not list. The standby closes its copy.
    """
    membership = context.membership
    close_copy(context, producer_id)
    transport_id = context.resources.producers.pop(producer_id, None)
    if transport_id is None:
        return
    context.session.push(
        ProducerClosed(
            producer_id=producer_id,
            peer_id=membership.peer_id,
            reason=reason,
            revision=membership.hub.view.revision,
        )
    )
    with contextlib.suppress(HubbubError):
        await context.close_on_node(
            context.resources.require_transport(transport_id),
            producer.CloseProducer(room_id=membership.room_id, peer_id=membership.peer_id, producer_id=producer_id),
        )

"""The handler that replaces a client's access token."""

from __future__ import annotations

from hubbub_contracts.socket import producer as producers
from hubbub_contracts.socket.access import RefreshToken, TokenRefreshed

from ..domain.authorization import may_publish, require_room_id
from ..domain.identity import Identity
from .context import RequestContext
from .producer import close_producer

NO_GRANT = "not_allowed"
"""The reason of `producerClosed` for a track that a new token does not allow."""


async def refresh_token(context: RequestContext, request: RefreshToken) -> TokenRefreshed:
    """Replaces the token. Closes the producers that the new one does not allow."""
    identity = context.access.verify(request.token)
    if context.current_membership is not None:
        require_room_id(identity, context.current_membership.room_id)
    context.access.replace(identity)
    if context.current_membership is not None:
        await _close_forbidden(context, identity)
    return TokenRefreshed.of(identity.expires_at)


async def _close_forbidden(context: RequestContext, identity: Identity) -> None:
    membership = context.membership
    for listed in list(membership.record.producers):
        if listed.producer_id not in context.resources.producers:
            continue
        if not may_publish(identity, listed.kind, listed.app_data):
            await close_producer(context, producers.CloseProducer(producer_id=listed.producer_id))
            context.session.push(
                producers.ProducerClosed(
                    producer_id=listed.producer_id,
                    peer_id=membership.peer_id,
                    reason=NO_GRANT,
                    revision=membership.hub.view.revision,
                )
            )

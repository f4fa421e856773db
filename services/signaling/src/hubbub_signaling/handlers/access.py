"""The handler that replaces a client's access token."""

from __future__ import annotations

from hubbub_contracts.bus.moderation import SetGrantedRole
from hubbub_contracts.socket.access import RefreshToken, TokenRefreshed

from ..domain.authorization import require_room_id
from .context import RequestContext
from .forced_close import close_forbidden


async def refresh_token(context: RequestContext, request: RefreshToken) -> TokenRefreshed:
    """Replaces the token. Closes the producers and consumers that the new one does not allow."""
    identity = context.access.verify(request.token)
    membership = context.current_membership
    if membership is not None:
        require_room_id(identity, membership.room_id)
    context.access.replace(identity)
    if membership is not None:
        await close_forbidden(context)
        role = context.access.granted_role
        if membership.record.room_role != role:
            context.outbox.enqueue(SetGrantedRole(room_id=membership.room_id, peer_id=membership.peer_id, role=role))
    return TokenRefreshed.of(identity.expires_at)

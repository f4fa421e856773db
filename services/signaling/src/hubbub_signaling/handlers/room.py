"""Handlers for creating, joining, resuming and leaving a room, and for the end of a move to another media node."""

from __future__ import annotations

import asyncio

from hubbub_contracts import Done, HubbubError, ids, resume_secret
from hubbub_contracts.bus import node, peer, room
from hubbub_contracts.bus.producer import RemoveProducers
from hubbub_contracts.bus.records import Placement
from hubbub_contracts.socket import room as socket

from ..domain.authorization import require_room, require_room_id
from ..domain.claim import Claim
from ..domain.client_kind import SOCKET, joining_role
from ..domain.owned_resources import OwnedConsumer, OwnedTransport, pauses_of
from ..domain.peer_nodes import confirmed, joined, nodes_of
from ..domain.pushes import Audience, moderation_state, peer_infos, producer_info
from ..domain.resume_token import ResumeToken
from .context import RequestContext
from .entering import room_joined, still_waiting
from .membership import RoomMembership
from .uncertain_outcome import may_have_taken_effect

DESCRIBE_TIMEOUT = 4.0
"""Seconds in which a resume asks a node that does not answer. A dead node's peers are placed elsewhere after one."""
DESCRIBE_PAUSE = 0.1


async def create_room(context: RequestContext, request: socket.CreateRoom) -> socket.RoomReady:
    """Creates the room, or finds the existing one."""
    require_room(context.access.identity, request.call_id)
    message = room.CreateRoom(call_id=request.call_id, tenant=context.access.identity.tenant)
    created = await context.backend.registry(message)
    return socket.RoomReady(call_id=created.call_id, rtp_capabilities=created.rtp_capabilities)


async def join_room(context: RequestContext, request: socket.JoinRoom) -> socket.RoomJoined:
    """Enters the room as a new peer. Removes the peer after an error with an unknown outcome.

    The user is the one that the access token names.
    """
    identity = context.access.identity
    require_room(identity, request.call_id)
    user_id = request.user_id if identity.user_id is None else identity.user_id
    display_name = request.display_name if identity.display_name is None else identity.display_name
    room_id, peer_id = ids.room_id(request.call_id, identity.tenant), ids.mint()
    claim = Claim(context.settings.signaling_id, ids.mint())
    secret = resume_secret.mint() if request.resumable else None
    join = peer.JoinRoom(
        room_id=room_id,
        peer_id=peer_id,
        user_id=user_id,
        display_name=user_id if display_name is None else display_name,
        app_data=request.app_data,
        role=joining_role(context.client_kind, identity.grants, audience=request.audience),
        whip=context.client_kind.whip,
        signaling_id=claim.signaling_id,
        signaling_epoch=context.settings.signaling_epoch,
        claim_id=claim.claim_id,
        resume_digest=resume_secret.digest(secret) if secret else None,
        room_role=context.access.granted_role,
        exempt=identity.verified and identity.grants.may_moderate,
        may_wait=context.client_kind is SOCKET,
        region=request.region or context.settings.region,
        make_before_break=socket.MAKE_BEFORE_BREAK in request.features,
    )
    token = str(ResumeToken(room_id, peer_id, secret)) if secret else None
    try:
        async with context.session.enter_room(
            join, claim, rtp_capabilities=request.rtp_capabilities, resume_secret=secret
        ) as membership:
            pass
    except BaseException as error:
        if may_have_taken_effect(error):
            context.outbox.enqueue_departure(room_id, peer_id, claim.claim_id, "left")
        raise
    if membership.record.waiting and socket.LOBBY not in request.features:
        await context.session.admission()
    audience = Audience(peer_id, moderator=context.access.identity.grants.may_moderate)
    return room_joined(membership, audience, context.ice_servers(peer_id), resume_token=token)


async def leave_room(context: RequestContext, _request: socket.LeaveRoom) -> Done:
    """Leaves the room without waiting for the registry."""
    await context.session.leave_room()
    return Done()


async def move_done(context: RequestContext, _request: socket.MoveDone) -> Done:
    """Ends the peer's move. What the client still has on the former node is its own no more, whatever happens next."""
    membership = context.membership
    if membership.record.leaving is None:
        return Done()
    context.resources.retain([membership.placement])
    return await context.backend.registry(
        peer.EndMove(room_id=membership.room_id, peer_id=membership.peer_id, claim_id=membership.claim.claim_id)
    )


async def resume(context: RequestContext, request: socket.Resume) -> socket.SessionResumed:
    """Resumes a peer whose former socket may be on another instance.

    The peer's standby ends: the client makes another one (ADR 51).
    The token is replaced, except that of a WHIP session, which is part of its URL. A failure after the claim is handled
    like a lost socket: the former token works until the peer's grace period ends.
    """
    token = ResumeToken.parse(request.resume_token)
    identity = context.access.identity
    require_room_id(identity, token.room_id)
    claim = Claim(context.settings.signaling_id, ids.mint())
    secret = token.secret if context.client_kind.whip else resume_secret.successor(token.secret)
    former = context.sessions.find(token.peer_id)
    remembered = former.rtp_capabilities if former else None
    message = peer.ClaimPeer(
        room_id=token.room_id,
        peer_id=token.peer_id,
        signaling_id=claim.signaling_id,
        signaling_epoch=context.settings.signaling_epoch,
        claim_id=claim.claim_id,
        resume_secret=token.secret,
        resume_digest=resume_secret.digest(secret) if secret != token.secret else None,
        user_id=identity.user_id,
    )
    claimed = False
    try:
        async with context.session.enter_room(
            message, claim, rtp_capabilities=remembered or request.rtp_capabilities, resume_secret=secret
        ) as membership:
            claimed = True
            described = await _describe(context, membership)
    except BaseException as error:
        if claimed or may_have_taken_effect(error):
            context.sessions.reconcile(token.room_id, token.peer_id, claim)
        raise
    record = membership.record
    present = {
        placement: confirmed(description, placement, record)
        for placement, description in described.items()
        if placement in nodes_of(record)  # else it is a node that the peer has left
    }
    description = joined(list(present.values()))
    membership.rtp_capabilities = membership.rtp_capabilities or description.rtp_capabilities
    resources = context.resources
    resources.transports = {
        one.transport_id: OwnedTransport(one.direction, placement)
        for placement, part in present.items()
        for one in part.transports
    }
    resources.producers = {one.producer_id: one.transport_id for one in description.producers}
    resources.consumers = {
        one.consumer_id: OwnedConsumer(
            one.transport_id, one.producer_id, frozenset(reason for reason, paused in pauses_of(one).items() if paused)
        )
        for one in description.consumers
    }
    if any(one.established for one in description.transports):
        context.session.media_connected()
    recorded = record.producers
    existing = {*resources.producers, *description.plain_producers}
    if closed := [one.producer_id for one in recorded if one.producer_id not in existing]:
        context.outbox.enqueue(RemoveProducers(room_id=token.room_id, peer_id=token.peer_id, producer_ids=closed))
    if membership.record.waiting:
        return still_waiting(membership, str(ResumeToken(token.room_id, token.peer_id, secret)))
    context.session.enforce_role()
    view = membership.hub.view
    producers = {one.producer_id: one for one in description.producers}
    return socket.SessionResumed(
        peer_id=token.peer_id,
        peers=peer_infos(view, token.peer_id),
        revision=view.revision,
        ice_servers=context.ice_servers(token.peer_id),
        captions=membership.hub.captions_status,
        recordings=view.recordings,
        resume_token=str(ResumeToken(token.room_id, token.peer_id, secret)),
        transports=[socket.ResumedTransport(transport_id=i, direction=d) for i, d in resources.directions.items()],
        producers=[
            socket.ResumedProducer(
                **producer_info(one).model_dump(),
                encodings_wanted=producers[one.producer_id].encodings_wanted,
                score=producers[one.producer_id].score,
            )
            for one in recorded
            if one.producer_id in producers
        ],
        consumers=[
            socket.ResumedConsumer(
                consumer_id=one.consumer_id,
                producer_id=one.producer_id,
                paused=one.paused,
                layers=one.layers,
                paused_by_bandwidth=one.paused_by_bandwidth,
                paused_by_link=one.paused_by_link,
                score=one.score,
            )
            for one in description.consumers
        ],
        moderation=moderation_state(
            view, Audience(token.peer_id, moderator=context.access.identity.grants.may_moderate)
        ),
        audience=view.audience,
    )


async def _describe(context: RequestContext, membership: RoomMembership) -> dict[Placement, node.PeerDescription]:
    """The peer's resources on its node, or on both while it moves.

    A node that does not answer may only have lost the bus for a moment. It is asked again until it answers or the
    registry places the peer elsewhere, for DESCRIBE_TIMEOUT. Raises HubbubError.
    """
    loop = asyncio.get_running_loop()
    ends = loop.time() + DESCRIBE_TIMEOUT
    describe = node.DescribePeer(room_id=membership.room_id, peer_id=membership.peer_id)
    while placements := nodes_of(membership.record):
        try:
            return {placement: await context.backend.node(placement, describe) for placement in placements}
        except HubbubError as error:
            if not error.retryable or loop.time() >= ends:
                raise
        await asyncio.sleep(DESCRIBE_PAUSE)
    return {}

"""Handlers for captions.

A room has captions while a hidden peer of the captions service is in it. The service is asked to enter and to leave;
everybody in the room sees it in the room's records.
"""

from __future__ import annotations

import asyncio

from hubbub_bus import NoResponders
from hubbub_contracts import Done, ErrorCode, HubbubError
from hubbub_contracts.bus import captions, peer
from hubbub_contracts.bus.records import PeerRecord
from hubbub_contracts.socket import captions as socket

from .context import RequestContext


async def start_captions(context: RequestContext, _request: socket.StartCaptions) -> Done:
    """Starts captions in the client's room."""
    _require_captions(context)
    return await context.backend.captions(captions.StartCaptions(room_id=context.membership.room_id))


async def stop_captions(context: RequestContext, _request: socket.StopCaptions) -> Done:
    """Stops captions in the client's room."""
    _require_captions(context)
    peers = [each for each in context.membership.hub.view.peers.values() if each.role == "captions"]
    await asyncio.gather(*(_stop(context, each) for each in peers))
    return Done()


def _require_captions(context: RequestContext) -> None:
    if not context.settings.captions:
        raise HubbubError(ErrorCode.NOT_ALLOWED, "captions: switched off by the operator")


async def _stop(context: RequestContext, hidden: PeerRecord) -> None:
    try:
        await context.backend.captions(captions.StopCaptions(room_id=hidden.room_id), hidden.signaling_id)
    except NoResponders:
        # The instance has died, and its peer would stay until its lease has ended.
        leave = peer.LeaveRoom(
            room_id=hidden.room_id, peer_id=hidden.peer_id, reason="removed", claim_id=hidden.claim_id
        )
        await context.backend.registry(leave)

"""The answers to a client that enters a room: what it may know of the room."""

from __future__ import annotations

from collections.abc import Sequence

from hubbub_contracts.socket import room as socket
from hubbub_contracts.socket.base import IceServer

from ..domain.pushes import Audience, moderation_state, peer_infos
from .membership import RoomMembership


def room_joined(
    membership: RoomMembership,
    audience: Audience,
    ice_servers: Sequence[IceServer],
    *,
    resume_token: str | None = None,
) -> socket.RoomJoined:
    """The room, or only that the client waits in its lobby."""
    view = membership.hub.view
    if membership.record.waiting:
        return socket.RoomJoined(
            peer_id=membership.peer_id,
            peers=[],
            revision=view.revision,
            ice_servers=[],
            resume_token=resume_token,
            waiting=True,
        )
    return socket.RoomJoined(
        peer_id=membership.peer_id,
        peers=peer_infos(view, membership.peer_id),
        revision=view.revision,
        ice_servers=list(ice_servers),
        captions=membership.hub.captions_status,
        recordings=view.recordings,
        moderation=moderation_state(view, audience),
        resume_token=resume_token,
        audience=view.audience,
    )


def still_waiting(membership: RoomMembership, resume_token: str) -> socket.SessionResumed:
    """The answer to a client that resumes in the lobby."""
    return socket.SessionResumed(
        peer_id=membership.peer_id,
        peers=[],
        revision=membership.hub.view.revision,
        ice_servers=[],
        resume_token=resume_token,
        transports=[],
        producers=[],
        consumers=[],
        waiting=True,
    )

"""What users do with calls, over the socket or HTTP. Every function raises HubbubError."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace

from hubbub_contracts import ErrorCode, HubbubError, ids
from hubbub_contracts.bus.call import (
    AcceptCall,
    CallReply,
    EndCall,
    GetCall,
    LeaveCall,
    ListCalls,
    StartCall,
)
from hubbub_contracts.bus.call_records import CallRecord
from hubbub_contracts.bus.peer import LeaveRoom
from hubbub_contracts.bus.records import PeerRecord
from hubbub_contracts.bus.room import CreateRoom, GetRoom
from hubbub_contracts.call import CallInfo, UserPresence
from hubbub_contracts.rest.calls import CallList, JoinedCall, RoomParticipants, StartCallBody
from hubbub_contracts.rest.rooms import RoomParticipant

from ...domain.calls.participant import participant
from ...domain.calls.ports import CallsBackend
from ...domain.calls.presence import combine
from ...domain.identity import Identity


async def start(backend: CallsBackend, identity: Identity, body: StartCallBody) -> CallInfo:
    """Starts a call, or enters the live one of the same users or group."""
    user_id = identity.require_user()
    reply = await backend.calls(
        StartCall(
            tenant=identity.tenant,
            caller_id=user_id,
            caller_name=body.display_name or user_id,
            participants=body.participants,
            group_id=body.group_id,
            video=body.video,
            app_data=body.app_data,
        )
    )
    return reply.call.info()


async def list_calls(backend: CallsBackend, request: ListCalls) -> CallList:
    """Returns a page of the user's calls."""
    page = await backend.calls(request)
    return CallList(calls=[record.info() for record in page.calls], next=page.next)


async def get(backend: CallsBackend, identity: Identity, call_id: str) -> CallInfo:
    """Returns the call."""
    return (await _find(backend, identity, call_id)).call.info()


async def join(backend: CallsBackend, identity: Identity, call_id: str, device_id: str | None = None) -> JoinedCall:
    """Answers or enters the call. `device_id` is the device that answers a ring; None enters in any case."""
    user_id, tenant = identity.require_user(), identity.tenant
    await _find(backend, replace(identity, operator=False), call_id)
    # First: an answer that cannot lead into a room should not stop the ring. An unused room expires.
    room = await backend.registry(CreateRoom(call_id=call_id, tenant=tenant))
    accept = AcceptCall(tenant=tenant, call_id=call_id, user_id=user_id, device_id=device_id)
    reply = await backend.calls(accept)
    return JoinedCall(call_id=call_id, user_id=user_id, rtp_capabilities=room.rtp_capabilities, call=reply.call.info())


async def leave(backend: CallsBackend, identity: Identity, call_id: str) -> CallInfo:
    """Leaves the call, and removes the user's peers from its room."""
    user_id = identity.require_user()
    reply = await backend.calls(LeaveCall(tenant=identity.tenant, call_id=call_id, user_id=user_id))
    await _remove_peers(backend, ids.room_id(call_id, identity.tenant), user_id)
    return reply.call.info()


async def end(backend: CallsBackend, identity: Identity, call_id: str) -> CallInfo:
    """Ends the call, and removes all peers from its room."""
    user_id = None if identity.operator else identity.require_user()
    reply = await backend.calls(EndCall(tenant=identity.tenant, call_id=call_id, user_id=user_id))
    await _remove_peers(backend, ids.room_id(call_id, identity.tenant))
    return reply.call.info()


async def participants(backend: CallsBackend, identity: Identity, call_id: str) -> RoomParticipants:
    """Returns the peers in the call's room."""
    await _find(backend, identity, call_id)
    peers = sorted(await _peers(backend, ids.room_id(call_id, identity.tenant)), key=lambda peer: peer.joined_at)
    return RoomParticipants(
        call_id=call_id,
        participants=[
            RoomParticipant(
                peer_id=peer.peer_id,
                user_id=peer.user_id,
                display_name=peer.display_name,
                joined_at=peer.joined_at,
                connection_state=peer.connection_state,
            )
            for peer in peers
        ],
    )


async def presence(backend: CallsBackend, tenant: str | None, user_ids: Sequence[str]) -> list[UserPresence]:
    """Returns the presence of each user of a tenant."""
    return combine(user_ids, await backend.find_devices(tenant, user_ids))


async def _find(backend: CallsBackend, identity: Identity, call_id: str) -> CallReply:
    """The call, if it concerns this client. Otherwise it does not exist."""
    reply = await backend.calls(GetCall(tenant=identity.tenant, call_id=call_id))
    if not _concerns(identity, reply.call):
        raise HubbubError(ErrorCode.NOT_FOUND, "no such call")
    return reply


def _concerns(identity: Identity, record: CallRecord) -> bool:
    """Hubbub does not know a group's members: to whom its live call is named, may see it."""
    if identity.operator:
        return True
    own = identity.user_id is not None and participant(record, identity.user_id) is not None
    return own or (record.group_id is not None and record.state != "ended")


async def _peers(backend: CallsBackend, room_id: str) -> list[PeerRecord]:
    """The participants in a call's room."""
    try:
        room = await backend.registry(GetRoom(room_id=room_id))
    except HubbubError as error:
        if error.code is not ErrorCode.ROOM_NOT_FOUND:
            raise
        return []
    return [peer for peer in room.peers if not peer.hidden]


async def _remove_peers(backend: CallsBackend, room_id: str, user_id: str | None = None) -> None:
    """Removes a user's peers from the room, or all. The call has changed in any case: a failure is not reported."""
    with contextlib.suppress(HubbubError):
        for peer in await _peers(backend, room_id):
            if user_id in (None, peer.user_id):
                await backend.registry(LeaveRoom(room_id=peer.room_id, peer_id=peer.peer_id, reason="removed"))

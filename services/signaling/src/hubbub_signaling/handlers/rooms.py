"""What servers ask about rooms over HTTP. The registry knows and decides."""

from __future__ import annotations

import asyncio
from typing import Any

from hubbub_contracts import Done, HubbubError, ids
from hubbub_contracts.bus import moderation, room
from hubbub_contracts.bus.records import PeerRecord, Placement, RoomRecord
from hubbub_contracts.bus.rtc_stats import ReadRoomTransports
from hubbub_contracts.rest.rooms import (
    AnnounceBody,
    CreateRoomBody,
    MuteBody,
    RoomInfo,
    RoomList,
    RoomPeer,
    RoomPeers,
    RoomProducer,
    RoomProducers,
    StopSourceBody,
    UpdateRoomBody,
)
from hubbub_contracts.room_options import RoomChanges, RoomOptions
from hubbub_contracts.rtc_stats import RoomTransports

from ..domain.peer_nodes import nodes_of
from ..domain.ports import Backend
from ..domain.reported_pipes import join_reports


async def create(backend: Backend, tenant: str | None, body: CreateRoomBody) -> RoomInfo:
    """Creates a room of the tenant, or returns the existing one."""
    options = RoomOptions(**{name: getattr(body, name) for name in RoomOptions.model_fields})
    created = await backend.registry(room.CreateRoom(call_id=body.call_id, tenant=tenant, options=options))
    return await get(backend, created.room_id)


async def list_rooms(backend: Backend, tenant: str | None, after: str | None, limit: int) -> RoomList:
    """A page of the open rooms of the tenant."""
    page = await backend.registry(room.ListRooms(tenant=tenant, after=after, limit=limit))
    return RoomList(
        rooms=[
            _show(
                each.room,
                each.participants,
                each.waiting,
                each.audience,
                each.nodes or room.room_nodes(each.room.placement, ()),
            )
            for each in page.rooms
        ],
        next=page.next,
    )


async def get(backend: Backend, room_id: str) -> RoomInfo:
    """A room. Raises `room_not_found`."""
    return _show_snapshot(await backend.registry(room.GetRoom(room_id=room_id)))


async def update(backend: Backend, room_id: str, body: UpdateRoomBody) -> RoomInfo:
    """Changes a room. Raises `room_not_found` and `quota_exceeded`."""
    if body.locked is not None or body.lobby is not None:
        await backend.registry(moderation.SetRoomAccess(room_id=room_id, locked=body.locked, lobby=body.lobby))
    changes = RoomChanges(**{name: getattr(body, name) for name in RoomChanges.model_fields})
    return _show_snapshot(await backend.registry(room.UpdateRoom(room_id=room_id, changes=changes)))


async def close(backend: Backend, room_id: str) -> Done:
    """Ends a room. Succeeds when there is none."""
    return await backend.registry(moderation.CloseRoom(room_id=room_id))


async def list_peers(backend: Backend, room_id: str) -> RoomPeers:
    """The participants. Raises `room_not_found`."""
    snapshot = await backend.registry(room.GetRoom(room_id=room_id))
    return RoomPeers(peers=[_peer(snapshot.room, peer) for peer in snapshot.peers if not peer.hidden])


async def list_producers(backend: Backend, room_id: str) -> RoomProducers:
    """The tracks. Raises `room_not_found`."""
    snapshot = await backend.registry(room.GetRoom(room_id=room_id))
    return RoomProducers(producers=[each for peer in snapshot.peers for each in _producers(peer)])


async def list_transports(backend: Backend, room_id: str) -> RoomTransports:
    """The participants' transports and their tracks' pipes, of all nodes that answer. Raises `room_not_found`."""
    snapshot = await backend.registry(room.GetRoom(room_id=room_id))
    shown = {peer.peer_id: nodes_of(peer) for peer in snapshot.peers if not peer.hidden}
    tracks = {track.producer_id for peer in snapshot.peers if not peer.hidden for track in peer.producers}
    placements = {placement for peer in snapshot.peers for placement in nodes_of(peer)}

    async def ask(placement: Placement) -> RoomTransports:
        try:
            answer = await backend.node(placement, ReadRoomTransports(room_id=room_id))
        except HubbubError:
            return RoomTransports(transports=[])  # it is dead, or of a version without this request
        transports = [each for each in answer.transports if placement in shown.get(each.peer_id, ())]
        return answer.model_copy(update={"transports": transports})

    answers = await asyncio.gather(*map(ask, placements))
    return RoomTransports(
        transports=[each for answer in answers for each in answer.transports],
        pipes=join_reports(pipe for answer in answers for pipe in answer.pipes if pipe.producer_id in tracks),
        pipes_left_out=sum(answer.pipes_left_out for answer in answers),
    )


async def remove_peer(backend: Backend, room_id: str, peer_id: str, *, ban: bool) -> Done:
    """Removes a participant, and bans its user. Raises `room_not_found`, `not_found` and `quota_exceeded`."""
    await backend.registry(moderation.RemovePeer(room_id=room_id, peer_id=peer_id, ban=ban))
    return Done()


async def lift_ban(backend: Backend, room_id: str, user_id: str) -> Done:
    """Lets a banned user join again. Raises `room_not_found`."""
    await backend.registry(moderation.LiftBan(room_id=room_id, user_id=user_id))
    return Done()


async def mute_peer(backend: Backend, room_id: str, peer_id: str, body: MuteBody) -> Done:
    """Mutes a source, or lifts that. Raises `room_not_found`, `not_found` and `quota_exceeded`."""
    request = moderation.MuteSource if body.muted else moderation.UnmuteSource
    await backend.registry(request(room_id=room_id, peer_id=peer_id, source=body.source))
    return Done()


async def stop_source(backend: Backend, room_id: str, peer_id: str, body: StopSourceBody) -> Done:
    """Closes a participant's tracks of one source. Raises `room_not_found` and `not_found`."""
    await backend.registry(moderation.StopSource(room_id=room_id, peer_id=peer_id, source=body.source))
    return Done()


async def announce(backend: Backend, room_id: str, body: AnnounceBody) -> Done:
    """Tells everybody in a room something. Raises `room_not_found`."""
    await backend.registry(room.GetRoom(room_id=room_id))
    await backend.announce(room_id, room.RoomAnnounced(data=body.data))
    return Done()


def _show_snapshot(snapshot: room.RoomSnapshot) -> RoomInfo:
    participants = sum(not peer.hidden for peer in snapshot.peers)
    waiting, audience = (sum(peer.waiting for peer in snapshot.peers), sum(peer.watches for peer in snapshot.peers))
    nodes = room.room_nodes(snapshot.room.placement, (peer.placement for peer in snapshot.peers))
    return _show(snapshot.room, participants, waiting, audience, nodes)


def _show(record: RoomRecord, participants: int, waiting: int, audience: int, nodes: list[str]) -> RoomInfo:
    options: dict[str, Any] = {name: getattr(record.chosen, name) for name in RoomOptions.model_fields}
    return RoomInfo(
        **options,
        call_id=ids.call_id(record.room_id),
        created_at=record.created_at,
        participants=participants,
        waiting=waiting,
        audience=audience,
        locked=record.rules.locked,
        lobby=record.rules.lobby,
        banned=record.rules.banned,
        placement=record.placement,
        nodes=nodes,
    )


def _peer(record: RoomRecord, peer: PeerRecord) -> RoomPeer:
    return RoomPeer(
        peer_id=peer.peer_id,
        user_id=peer.user_id,
        display_name=peer.display_name,
        joined_at=peer.joined_at,
        connection_state=peer.connection_state,
        app_data=peer.app_data,
        muted=record.rules.muted_sources(peer.user_id),
        hand_raised_at=peer.hand_raised_at,
        placement=peer.placement,
        producers=_producers(peer),
    )


def _producers(peer: PeerRecord) -> list[RoomProducer]:
    return [
        RoomProducer(
            producer_id=each.producer_id,
            peer_id=peer.peer_id,
            kind=each.kind,
            source=each.shows,
            paused=each.paused,
            app_data=each.app_data,
        )
        for each in peer.producers
    ]

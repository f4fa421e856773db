"""Every request that the registry answers, and its handler."""

from __future__ import annotations

from typing import Final

from hubbub_bus import RequestTable
from hubbub_contracts.bus.moderation import (
    AdmitPeer,
    CloseRoom,
    LiftBan,
    MuteSource,
    RefusePeer,
    RemovePeer,
    SetGrantedRole,
    SetHand,
    SetRole,
    SetRoomAccess,
    StopSource,
    UnmuteSource,
)
from hubbub_contracts.bus.node_list import ListNodes
from hubbub_contracts.bus.peer import (
    ChooseStandby,
    ClaimPeer,
    EndMove,
    EndStandby,
    JoinRoom,
    LeaveRoom,
    RestorePeer,
    SetConnectionState,
)
from hubbub_contracts.bus.producer import (
    AddProducer,
    AddStandbyProducer,
    RemoveProducers,
    ReplaceProducer,
    SetProducerPaused,
)
from hubbub_contracts.bus.revocation import Revoke
from hubbub_contracts.bus.room import CreateRoom, GetRoom, ListRooms, UpdateRoom
from hubbub_contracts.bus.stats import GetStats
from hubbub_contracts.bus.store import ConfirmStore

from . import (
    close_room,
    join,
    lobby,
    moderation,
    node,
    peer,
    producer,
    restore,
    revocation,
    room,
    standby,
    stats,
    store,
)
from .context import RegistryContext

HANDLERS: Final[RequestTable[RegistryContext]] = {
    ConfirmStore: store.confirm,
    CreateRoom: room.create,
    GetRoom: room.get,
    UpdateRoom: room.update,
    ListRooms: room.list_rooms,
    JoinRoom: join.join,
    LeaveRoom: peer.leave,
    ClaimPeer: peer.claim,
    RestorePeer: restore.restore,
    AddProducer: producer.add,
    ReplaceProducer: producer.replace,
    EndMove: peer.end_move,
    ChooseStandby: standby.choose,
    AddStandbyProducer: standby.add_producer,
    EndStandby: standby.end,
    SetConnectionState: peer.set_connection_state,
    SetProducerPaused: producer.set_paused,
    RemoveProducers: producer.remove,
    GetStats: stats.get,
    ListNodes: node.list_nodes,
    MuteSource: moderation.mute,
    UnmuteSource: moderation.unmute,
    StopSource: moderation.stop_source,
    RemovePeer: moderation.remove,
    LiftBan: moderation.lift_ban,
    SetRole: moderation.set_role,
    SetGrantedRole: moderation.set_granted_role,
    SetHand: moderation.set_hand,
    SetRoomAccess: lobby.set_access,
    AdmitPeer: lobby.admit,
    RefusePeer: lobby.refuse,
    CloseRoom: close_room.close_room,
    Revoke: revocation.revoke,
}

"""`peer.choose-standby`, `producer.add-standby` and `peer.end-standby`.

Each change is one write of the peer's record.
"""

from __future__ import annotations

from hubbub_contracts import Done, ErrorCode, HubbubError
from hubbub_contracts.bus.peer import ChooseStandby, EndStandby, StandbyChosen
from hubbub_contracts.bus.producer import AddStandbyProducer, Registered
from hubbub_contracts.bus.records import PeerRecord, Placement, Standby

from ..domain.standby import add_copy, end_standby, present_standby
from .context import RegistryContext
from .room_bytes import require_standby_bytes
from .update_peer import update_peer


async def choose(context: RegistryContext, request: ChooseStandby) -> StandbyChosen:
    """Gives the peer a standby unless it has one, and returns it.

    Raises `room_not_found`, `not_found`, `invalid_state` for a peer that cannot have one now, and `unavailable`: not
    retryable where no peer has one, by `STANDBY` or `ROOM_PEERS_PER_NODE`.
    """
    if not context.standby or context.room_peers_per_node is None:
        raise HubbubError(ErrorCode.UNAVAILABLE, "no peer has a standby in this installation")
    chosen: list[Placement] = []
    """By each attempt: the last one holds."""

    def change(peer: PeerRecord) -> PeerRecord | None:
        present = present_standby(peer, context.nodes)
        chosen.append(present or _place(context, peer, request.avoid, chosen))
        if present is not None:
            return None
        standby = Standby(placement=chosen[-1])
        _require_bytes(context, peer, standby)
        return peer.model_copy(update={"standby": standby})

    revision = await update_peer(context.store, request.room_id, request.peer_id, change)
    return StandbyChosen(placement=chosen[-1], revision=revision)


async def add_producer(context: RegistryContext, request: AddStandbyProducer) -> Registered:
    """Records a copy of a producer on the standby; repeating the request changes nothing.

    Raises `room_not_found`, `not_found`, `invalid_state` when the standby is not where the copy is, and `unavailable`
    when the room is nearly full.
    """

    def change(peer: PeerRecord) -> PeerRecord | None:
        changed = add_copy(peer, request)
        if changed is not None:
            _require_bytes(context, peer, Standby(placement=request.placement, producers=[request.producer_id]))
        return changed

    return Registered(revision=await update_peer(context.store, request.room_id, request.peer_id, change))


async def end(context: RegistryContext, request: EndStandby) -> Done:
    """Ends the peer's standby if it is the one that the request names. Raises `room_not_found` and `not_found`."""

    def change(peer: PeerRecord) -> PeerRecord | None:
        return end_standby(peer, request.placement)

    await update_peer(context.store, request.room_id, request.peer_id, change)
    return Done()


def _place(context: RegistryContext, peer: PeerRecord, avoid: Placement | None, before: list[Placement]) -> Placement:
    """Chooses the best node that was not chosen too often lately, and `avoid` only when there is no other.

    One of `before`, which an attempt of this request has chosen, does not count again. Raises `unavailable`.
    """
    room, now, key = context.store.rooms.get(peer.room_id), context.clock(), (peer.room_id, peer.peer_id)
    nodes = list[Placement]()
    if room is not None and peer.placement is not None:
        nodes = context.placer().rank_standbys(room, peer.placement, peer.region)
        nodes.sort(key=lambda node: node == avoid)
    if not nodes:
        raise HubbubError(ErrorCode.UNAVAILABLE, "no other media node can host this peer now", retryable=True)
    if not before and not context.standbys_of_peer.allows(key, now):
        raise HubbubError(ErrorCode.UNAVAILABLE, "too many standbys were chosen for this peer", retryable=True)
    chosen = next((each for each in nodes if each in before or context.standbys_of_node.allows(each, now)), None)
    if chosen is None:
        raise HubbubError(ErrorCode.UNAVAILABLE, "too many standbys were chosen on these media nodes", retryable=True)
    if not before:
        context.standbys_of_peer.take(key, now)
    if chosen not in before:
        context.standbys_of_node.take(chosen, now)
    return chosen


def _require_bytes(context: RegistryContext, peer: PeerRecord, added: Standby) -> None:
    room = context.store.rooms.get(peer.room_id)
    if room is not None:
        require_standby_bytes(context, room, added)

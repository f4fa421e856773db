"""A peer's standby: the media node that hosts it at once when its own ends (ADR 51).

| what happens                               | the peer's record                                                     |
|--------------------------------------------|-----------------------------------------------------------------------|
| its client asks for one                    | `standby`: a node that the placer chooses, without copies             |
| its client has made a copy there           | the producer's id is in `standby.producers`                           |
| a producer is removed                      | its id is not in there any more                                       |
| its node ends, and the standby can host it | `placement` is the standby; the producers with a copy are left        |
| its node ends, and the standby cannot      | placed anywhere, without producers and without a standby              |
| the standby ends, or drains                | without a standby; signaling tells the client, which asks again later |
| it begins to move, or its client ends it   | without a standby                                                     |

A standby is never replaced by another one: it ends first.

Each function that changes a record returns the new one, or None when nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterator

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.producer import AddStandbyProducer
from hubbub_contracts.bus.records import PeerRecord, Placement, ProducerRecord

from .nodes import Nodes
from .rooms import Rooms
from .stored_record import StoredPeer


def present_standby(peer: PeerRecord, nodes: Nodes) -> Placement | None:
    """The peer's standby; None: it may get one.

    Raises `invalid_state` for a peer that cannot have one now, and `unavailable` while the present one ends.
    """
    if peer.waiting:
        raise HubbubError(ErrorCode.INVALID_STATE, "a peer in the lobby has no media")
    if peer.leaving is not None:
        raise HubbubError(ErrorCode.INVALID_STATE, "the peer moves to another media node", retryable=True)
    if peer.placement is None or nodes.has_ended(peer.placement):
        raise HubbubError(ErrorCode.INVALID_STATE, "the peer is on no media node", retryable=True)
    if peer.standby is None:
        return None
    if _has_to_end(peer.standby.placement, nodes):
        raise HubbubError(ErrorCode.UNAVAILABLE, "the standby is ending", retryable=True)
    return peer.standby.placement


def add_copy(peer: PeerRecord, request: AddStandbyProducer) -> PeerRecord | None:
    """The standby has a copy of a producer from now on.

    Raises `not_found` when the peer has no such producer, and `invalid_state` when its standby is not on that node.
    """
    standby = peer.standby
    if standby is None or standby.placement != request.placement:
        raise HubbubError(ErrorCode.INVALID_STATE, "the peer has no standby on that media node")
    if all(each.producer_id != request.producer_id for each in peer.producers):
        raise HubbubError(ErrorCode.NOT_FOUND, "no such producer")
    if request.producer_id in standby.producers:
        return None
    copies = [*standby.producers, request.producer_id]
    return peer.model_copy(update={"standby": standby.model_copy(update={"producers": copies})})


def end_standby(peer: PeerRecord, placement: Placement) -> PeerRecord | None:
    """Ends the peer's standby if it is `placement`."""
    if peer.standby is None or peer.standby.placement != placement:
        return None
    return peer.model_copy(update={"standby": None})


def with_producers(peer: PeerRecord, producers: list[ProducerRecord]) -> PeerRecord:
    """Replaces the peer's producers. Copies of those that it has no longer do not count any more."""
    update: dict[str, object] = {"producers": producers}
    if peer.standby is not None:
        left = {each.producer_id for each in producers}
        copies = [each for each in peer.standby.producers if each in left]
        update["standby"] = peer.standby.model_copy(update={"producers": copies})
    return peer.model_copy(update=update)


def promote(peer: PeerRecord, operation_id: str) -> PeerRecord | None:
    """Places the peer on its standby, with the producers of which there is a copy."""
    if peer.standby is None:
        return None
    copies = set(peer.standby.producers)
    producers = [each.model_copy(update={"placement": None}) for each in peer.producers if each.producer_id in copies]
    update = {"placement": peer.standby.placement, "standby": None, "leaving": None, "producers": producers}
    return peer.model_copy(update={**update, "operation_id": operation_id})


def promotions(rooms: Rooms, nodes: Nodes) -> Iterator[StoredPeer]:
    """Yields the peers whose node has ended and whose standby can host them.

    They need not wait for their room's home, which may have ended as well.
    """
    for former in rooms.peer_placements:
        if former is None or not nodes.has_ended(former):
            continue
        for _, room in rooms.hosted_on(former):
            for peer in room.peers.values():
                if peer.placement == former and promotable(peer, nodes) is not None:
                    yield peer


def promotable(peer: StoredPeer, nodes: Nodes) -> Placement | None:
    """The standby of a peer whose node has ended, if it can host the peer; None: it is placed anywhere else."""
    if peer.standby is None or peer.placement is None or not nodes.has_ended(peer.placement):
        return None
    return peer.standby if nodes.takes_peers(peer.standby) else None


def lost_standbys(rooms: Rooms, nodes: Nodes) -> Iterator[StoredPeer]:
    """Yields the peers whose standby has ended or drains. Those whose own node has ended are placed again instead."""
    for placement in rooms.standby_placements:
        if not _has_to_end(placement, nodes):
            continue
        for peer in rooms.prepared_on(placement):
            if peer.placement is None or not nodes.has_ended(peer.placement):
                yield peer


def _has_to_end(standby: Placement, nodes: Nodes) -> bool:
    return nodes.has_ended(standby) or nodes.drains(standby)

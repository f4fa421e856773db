"""The media nodes of a peer: one, or two while it moves from one to another (ADR 48). And its standby (ADR 51)."""

from __future__ import annotations

from collections.abc import Sequence

from hubbub_contracts.bus.node import PeerDescription
from hubbub_contracts.bus.records import PeerRecord, Placement


def nodes_of(peer: PeerRecord) -> list[Placement]:
    """The nodes that host something of the peer, the one for new transports first. Empty: none can host it."""
    if peer.placement is None:
        return []
    return [peer.placement] if peer.leaving is None else [peer.placement, peer.leaving.placement]


def producers_at(placement: Placement, peer: PeerRecord) -> set[str]:
    """The ids of the peer's producers that its record has on a node."""
    return {each.producer_id for each in peer.producers if peer.placement_of(each) == placement}


def all_nodes_of(peer: PeerRecord) -> list[Placement]:
    """The same, and then the standby."""
    return nodes_of(peer) if peer.standby is None else [*nodes_of(peer), peer.standby.placement]


def standby_of(peer: PeerRecord) -> Placement | None:
    """The node that hosts the peer when its own dies."""
    return None if peer.standby is None else peer.standby.placement


def confirmed(description: PeerDescription, placement: Placement, peer: PeerRecord) -> PeerDescription:
    """What a node describes, without the producers that the peer's record says are on another one.

    A producer that changes its node is on both for a while.
    """
    elsewhere = {each.producer_id for each in peer.producers if peer.placement_of(each) != placement}
    here = [each for each in description.producers if each.producer_id not in elsewhere]
    return description.model_copy(update={"producers": here})


def joined(descriptions: Sequence[PeerDescription]) -> PeerDescription:
    """What several nodes have of one peer."""
    return PeerDescription(
        rtp_capabilities=next((each.rtp_capabilities for each in descriptions if each.rtp_capabilities), None),
        transports=[one for each in descriptions for one in each.transports],
        producers=[one for each in descriptions for one in each.producers],
        consumers=[one for each in descriptions for one in each.consumers],
        plain_producers=[one for each in descriptions for one in each.plain_producers],
        packets_received=sum(each.packets_received for each in descriptions),
    )

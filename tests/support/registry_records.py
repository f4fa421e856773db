"""Builders of records, rooms and nodes for the registry's unit tests."""

from __future__ import annotations

from collections.abc import Mapping

from hubbub_contracts import Model
from hubbub_contracts.bus.lease import LeaseRecord
from hubbub_contracts.bus.node import NodeHeartbeat, WorkerLoad
from hubbub_contracts.bus.records import PeerRecord, Placement, ProducerRecord, RoomRecord
from hubbub_contracts.encoded import encode
from hubbub_contracts.types import PeerRole
from hubbub_registry.domain.incarnation import Timeouts
from hubbub_registry.domain.nodes import Nodes
from hubbub_registry.domain.rooms import Rooms

A, B = Placement(node_id="a", epoch=1), Placement(node_id="b", epoch=2)
"""The placements on two media nodes."""


def room_record(room_id: str = "r", placement: Placement | None = A, *, closing: bool = False) -> RoomRecord:
    """A room's settings."""
    return RoomRecord(
        room_id=room_id, call_id="c", codec_profile="v1", created_at=0, placement=placement, closing=closing
    )


def peer_record(
    peer_id: str,
    room_id: str = "r",
    placement: Placement | None = A,
    signaling_id: str = "s",
    producers: int = 0,
    resume_digest: str | None = None,
    signaling_epoch: int | None = None,
    claim_id: str | None = None,
    role: PeerRole = "participant",
    region: str | None = None,
    *,
    make_before_break: bool = False,
) -> PeerRecord:
    """A peer with `producers` audio producers: p0, p1, ..."""
    return PeerRecord(
        room_id=room_id,
        peer_id=peer_id,
        user_id="u",
        display_name="U",
        app_data={},
        role=role,
        joined_at=0,
        signaling_id=signaling_id,
        signaling_epoch=signaling_epoch,
        claim_id=claim_id,
        placement=placement,
        resume_digest=resume_digest,
        region=region,
        make_before_break=make_before_break,
        producers=[
            ProducerRecord(producer_id=f"p{n}", kind="audio", app_data={}, paused=False) for n in range(producers)
        ],
    )


def encoded(record: Model) -> bytes:
    """The record as the store holds it."""
    return encode(record)


def rooms_with(*peers: PeerRecord, settings: RoomRecord | None = None) -> Rooms:
    """One room at revision 1, and its peers at the revisions after it."""
    rooms = Rooms()
    rooms.apply_settings("r", encoded(settings or room_record()), 1, 0.0)
    for revision, record in enumerate(peers, 2):
        rooms.apply_peer(record.room_id, record.peer_id, encoded(record), revision, 0.0)
    return rooms


def nodes_with(
    *placements: Placement, cpu: Mapping[str, float] | None = None, regions: Mapping[str, str] | None = None
) -> Nodes:
    """Live nodes with a lease and one worker each; `cpu` is node id -> load, `regions` node id -> region."""
    nodes = Nodes(Timeouts())
    for placement in placements:
        lease = LeaseRecord(holder=placement.node_id, instance="i", epoch=placement.epoch)
        nodes.lease_written(placement.node_id, lease, 0.0)
        load, region = (cpu or {}).get(placement.node_id, 0.0), (regions or {}).get(placement.node_id)
        nodes.heartbeat(heartbeat(placement, load, region), 0.0)
    return nodes


MAX_BITRATE, MAX_PACKETS = 1_000_000_000, 1_000_000
"""What the nodes of heartbeats can carry in a second."""


def worker_load(
    index: int = 0, cpu: float = 0.0, packets: float = 0.0, received: float = 0.0, sent: float = 0.0
) -> WorkerLoad:
    """Of a worker without rooms that carries this in a second: packets, and bits in each direction."""
    return WorkerLoad(
        index=index,
        cpu=cpu,
        packets_per_second=packets,
        rooms=0,
        peers=0,
        transports=0,
        producers=0,
        consumers=0,
        bits_received_per_second=received,
        bits_sent_per_second=sent,
    )


def heartbeat(
    placement: Placement,
    cpu: float = 0.0,
    region: str | None = None,
    drain_deadline: int | None = None,
    sent_bitrate: float = 0.0,
    packets: float = 0.0,
) -> NodeHeartbeat:
    """Of a node with one worker; it drains with a deadline."""
    return NodeHeartbeat(
        node_id=placement.node_id,
        epoch=placement.epoch,
        sent_at=0,
        draining=drain_deadline is not None,
        leased=True,
        workers=[worker_load(cpu=cpu, packets=packets, sent=sent_bitrate)],
        region=region,
        drain_deadline=drain_deadline,
        has_standbys=True,
        max_bits_per_second=MAX_BITRATE,
        max_packets_per_second=MAX_PACKETS,
    )

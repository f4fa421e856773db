"""A session of signaling whose client moves to another media node."""

from __future__ import annotations

from hubbub_contracts.bus.records import Leaving, PeerRecord
from hubbub_signaling.domain.owned_resources import OwnedConsumer, OwnedTransport
from support.signaling_fakes import (
    NODE,
    OTHER_NODE,
    RECEIVES,
    SENDS,
    FakeClient,
    SignalingRig,
    peer_record,
)

LEAVING = Leaving(placement=NODE, deadline=2_000_000_000_000)
MOVED = ("peerMoved", {"nodeId": "other", "deadline": LEAVING.deadline, "makeBeforeBreak": True, "standby": False})
NEXT = OwnedTransport("send", OTHER_NODE)
REPLACE = {"transportId": "next", "kind": "audio", "rtpParameters": {}, "replaces": "camera"}


def two_node_rig() -> SignalingRig:
    """A rig with the media node that clients are on, and another one."""
    rig = SignalingRig()
    rig.backend.nodes[OTHER_NODE] = {}
    return rig


def leaving(record: PeerRecord) -> PeerRecord:
    """The record once its move has begun."""
    producers = [each.model_copy(update={"placement": NODE}) for each in record.producers]
    return record.model_copy(update={"placement": OTHER_NODE, "leaving": LEAVING, "producers": producers})


async def sending(rig: SignalingRig) -> FakeClient:
    """A client with a producer and a consumer on its node."""
    client = await rig.joined()
    resources = client.session.resources
    resources.transports.update(up=SENDS, down=RECEIVES)
    resources.producers["camera"] = "up"
    resources.consumers["remote"] = OwnedConsumer("down", "p")
    produces = peer_record("any", "camera").producers
    rig.backend.update_peer(client.peer_id, producers=produces)
    return client


async def moving(rig: SignalingRig) -> FakeClient:
    """The same while it moves, with a send transport on the new node."""
    client = await sending(rig)
    begin(rig, client)
    client.session.resources.transports["next"] = NEXT
    client.socket.sent.clear()
    return client


def begin(rig: SignalingRig, client: FakeClient) -> None:
    rig.backend.change_peer(client.peer_id, leaving(rig.backend.peers[client.peer_id]))


def replaced(rig: SignalingRig, client: FakeClient) -> None:
    """The registry has written the replacement."""
    record = rig.backend.peers[client.peer_id]
    here = [each.model_copy(update={"placement": None}) for each in record.producers]
    rig.backend.update_peer(client.peer_id, producers=here)


def end(rig: SignalingRig, client: FakeClient) -> None:
    """The move ends: what was not replaced is gone."""
    kept = [each for each in rig.backend.peers[client.peer_id].producers if each.placement is None]
    rig.backend.update_peer(client.peer_id, leaving=None, producers=kept)


def asked(rig: SignalingRig) -> list[tuple[str, str]]:
    """The requests to nodes, with the node's name."""
    requests = zip(rig.backend.node_requests, rig.backend.asked, strict=True)
    return [(type(request).__name__, node.node_id) for request, node in requests]

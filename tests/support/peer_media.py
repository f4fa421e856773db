"""The resources of a peer as its session knows them, and as its media node describes them."""

from __future__ import annotations

from hubbub_contracts.bus.node import (
    ConsumerDescription,
    PeerDescription,
    ProducerDescription,
    TransportDescription,
)
from hubbub_signaling.domain.owned_resources import OwnedConsumer, OwnedResources

from .signaling_fakes import RECEIVES, SENDS, FakeClient, SignalingRig, peer_record


def owned() -> OwnedResources:
    """A camera that is sent, and a remote track that is received."""
    return OwnedResources({"up": SENDS, "down": RECEIVES}, {"camera": "up"}, {"remote": OwnedConsumer("down", "p")})


def described(resources: OwnedResources) -> PeerDescription:
    """The description by a node that has exactly these."""
    return PeerDescription(
        transports=[
            TransportDescription(transport_id=each, direction=direction, connected=True)
            for each, direction in resources.directions.items()
        ],
        producers=[
            ProducerDescription(producer_id=each, transport_id=transport_id, kind="video", paused=False)
            for each, transport_id in resources.producers.items()
        ],
        consumers=[
            ConsumerDescription(
                consumer_id=each,
                producer_id=consumer.producer_id,
                transport_id=consumer.transport_id,
                kind="video",
                type="simple",
                paused=False,
            )
            for each, consumer in resources.consumers.items()
        ],
    )


async def client_with_media(rig: SignalingRig) -> FakeClient:
    """A client that owns `owned()`, whose camera is listed in the room."""
    client = await rig.joined()
    client.session.resources.transports.update(owned().transports)
    client.session.resources.producers.update(owned().producers)
    client.session.resources.consumers.update(owned().consumers)
    claim_id = rig.backend.peers[client.peer_id].claim_id
    rig.backend.change_peer(client.peer_id, peer_record(client.peer_id, "camera", claim_id=claim_id))
    return client

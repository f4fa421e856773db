"""All messages of the bus, grouped by who answers or publishes them."""

from __future__ import annotations

from typing import Any

from ..base import Event, Request
from . import consumer, media, node, peer, producer, room, stats, transport

REGISTRY_REQUESTS: tuple[type[Request[Any]], ...] = (
    room.CreateRoom, room.GetRoom,
    peer.JoinRoom, peer.LeaveRoom, peer.ClaimPeer,
    producer.AddProducer, producer.SetProducerPaused, producer.RemoveProducers,
    stats.GetStats,
)  # fmt: skip
"""The registry answers these on `hubbub.v1.registry.<verb>`."""

NODE_REQUESTS: tuple[type[Request[Any]], ...] = (
    transport.CreateTransport, transport.ConnectTransport, transport.RestartIce, transport.CloseTransport,
    producer.CreateProducer, producer.PauseProducer, producer.ResumeProducer, producer.CloseProducer,
    consumer.CreateConsumer, consumer.PauseConsumer, consumer.ResumeConsumer, consumer.CloseConsumer,
    node.DescribePeer, node.ClosePeer, node.ProbeNode,
)  # fmt: skip
"""A media node answers these on `hubbub.v1.node.<nodeId>.<epoch>.<verb>`."""

EVENTS: tuple[type[Event], ...] = (
    node.NodeHeartbeat, room.RoomRevisions, media.TransportClosed, media.ProducerClosed, media.ConsumerClosed,
)  # fmt: skip
"""Published without a reply. Room changes are not listed: JetStream republishes the stored records."""

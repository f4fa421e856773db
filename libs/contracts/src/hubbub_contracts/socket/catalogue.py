"""All events of the socket, by name."""

from __future__ import annotations

from typing import Any

from . import consumer, producer, room, transport
from .base import ClientRequest, Push

CLIENT_REQUESTS: dict[str, type[ClientRequest[Any]]] = {
    request.event: request
    for request in (
        room.CreateRoom, room.JoinRoom, room.LeaveRoom, room.Resume,
        transport.CreateTransport, transport.ConnectTransport, transport.RestartIce, transport.CloseTransport,
        producer.Produce, producer.CloseProducer, producer.PauseProducer, producer.ResumeProducer,
        producer.GetProducers,
        consumer.Consume, consumer.ResumeConsumer, consumer.PauseConsumer, consumer.CloseConsumer,
    )
}  # fmt: skip
"""The events that a client may send."""

PUSHES: dict[str, type[Push]] = {
    push.event: push
    for push in (
        room.PeerJoined, room.PeerLeft, room.PeerMoved, room.RoomClosed,
        transport.TransportClosed,
        producer.NewProducer, producer.ProducerClosed, producer.ProducerPaused, producer.ProducerResumed,
        consumer.ConsumerClosed,
    )
}  # fmt: skip
"""The events that the server may send."""

"""Every event of a client with its handler."""

from __future__ import annotations

from . import consumer, producer, room, transport
from .handler import Handler, consumer_lane, producer_lane, transport_lane

HANDLERS: dict[str, Handler] = {
    "createRoom": Handler(room.create_room),
    "joinRoom": Handler(room.join_room, barrier=True),
    "resume": Handler(room.resume, barrier=True),
    "leaveRoom": Handler(room.leave_room, barrier=True, cancels=True),
    "createTransport": Handler(transport.create_transport),
    "connectTransport": Handler(transport.connect_transport, transport_lane),
    "restartIce": Handler(transport.restart_ice, transport_lane),
    "closeTransport": Handler(transport.close_transport, transport_lane),
    "produce": Handler(producer.produce, transport_lane),
    "closeProducer": Handler(producer.close_producer, producer_lane),
    "pauseProducer": Handler(producer.pause_producer, producer_lane),
    "resumeProducer": Handler(producer.resume_producer, producer_lane),
    "getProducers": Handler(producer.get_producers),
    "consume": Handler(consumer.consume, transport_lane),
    "resumeConsumer": Handler(consumer.resume_consumer, consumer_lane),
    "pauseConsumer": Handler(consumer.pause_consumer, consumer_lane),
    "closeConsumer": Handler(consumer.close_consumer, consumer_lane),
}
"""Barriers: a join waits for what was asked before it; leaving cancels it."""

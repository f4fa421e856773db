"""Every client request with its handler, the session states that allow it and its place in the session's queue."""

from __future__ import annotations

from ..domain.session_state import IN_ROOM, NOT_CLOSED, OUTSIDE_ROOM
from . import consumer, producer, room, stats, transport
from .handler import Handler, by_consumer, by_producer, by_transport
from .keyed_queue import Barrier

HANDLERS: dict[str, Handler] = {
    "createRoom": Handler(room.create_room, NOT_CLOSED),
    "joinRoom": Handler(room.join_room, OUTSIDE_ROOM, barrier=Barrier.DRAIN),
    "resume": Handler(room.resume, OUTSIDE_ROOM, barrier=Barrier.DRAIN),
    "leaveRoom": Handler(room.leave_room, IN_ROOM, barrier=Barrier.CANCEL),
    "createTransport": Handler(transport.create_transport, IN_ROOM),
    "connectTransport": Handler(transport.connect_transport, IN_ROOM, by_transport),
    "restartIce": Handler(transport.restart_ice, IN_ROOM, by_transport),
    "setMaxIncomingBitrate": Handler(transport.set_max_incoming_bitrate, IN_ROOM, by_transport),
    "closeTransport": Handler(transport.close_transport, IN_ROOM, by_transport),
    "produce": Handler(producer.produce, IN_ROOM, by_transport),
    "closeProducer": Handler(producer.close_producer, IN_ROOM, by_producer),
    "pauseProducer": Handler(producer.pause_producer, IN_ROOM, by_producer),
    "resumeProducer": Handler(producer.resume_producer, IN_ROOM, by_producer),
    "getProducers": Handler(producer.get_producers, IN_ROOM),
    "consume": Handler(consumer.consume, IN_ROOM, by_transport),
    "resumeConsumer": Handler(consumer.resume_consumer, IN_ROOM, by_consumer),
    "pauseConsumer": Handler(consumer.pause_consumer, IN_ROOM, by_consumer),
    "setPreferredLayers": Handler(consumer.set_preferred_layers, IN_ROOM, by_consumer),
    "setConsumerPriority": Handler(consumer.set_consumer_priority, IN_ROOM, by_consumer),
    "requestKeyFrame": Handler(consumer.request_key_frame, IN_ROOM, by_consumer),
    "closeConsumer": Handler(consumer.close_consumer, IN_ROOM, by_consumer),
    "getStats": Handler(stats.get_stats, IN_ROOM),
}

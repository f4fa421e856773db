"""Every client request with its handler, the grant and the session states that it needs, and its place in the queue."""

from __future__ import annotations

from ..domain.authorization import Grant
from ..domain.session_state import ENTERED, IN_ROOM, NOT_CLOSED, OUTSIDE_ROOM
from . import access, captions, consumer, moderation, producer, recording, room, stats, transport
from .handler import Handler, by_consumer, by_home, by_moderation, by_producer, by_production, by_transport
from .keyed_queue import Barrier

HANDLERS: dict[str, Handler] = {
    "createRoom": Handler(room.create_room, Grant.JOIN, NOT_CLOSED),
    "joinRoom": Handler(room.join_room, Grant.JOIN, OUTSIDE_ROOM, barrier=Barrier.DRAIN),
    "resume": Handler(room.resume, Grant.JOIN, OUTSIDE_ROOM, barrier=Barrier.DRAIN),
    "leaveRoom": Handler(room.leave_room, Grant.ADMITTED, ENTERED, barrier=Barrier.CANCEL),
    "createTransport": Handler(transport.create_transport, Grant.ADMITTED, IN_ROOM, by_home),
    "connectTransport": Handler(transport.connect_transport, Grant.ADMITTED, IN_ROOM, by_transport),
    "restartIce": Handler(transport.restart_ice, Grant.ADMITTED, IN_ROOM, by_transport),
    "setMaxIncomingBitrate": Handler(transport.set_max_incoming_bitrate, Grant.ADMITTED, IN_ROOM, by_transport),
    "closeTransport": Handler(transport.close_transport, Grant.ADMITTED, IN_ROOM, by_transport),
    "produce": Handler(producer.produce, Grant.PUBLISH, IN_ROOM, by_production),
    "closeProducer": Handler(producer.close_producer, Grant.ADMITTED, IN_ROOM, by_producer),
    "pauseProducer": Handler(producer.pause_producer, Grant.ADMITTED, IN_ROOM, by_producer),
    "resumeProducer": Handler(producer.resume_producer, Grant.PUBLISH, IN_ROOM, by_producer),
    "moveDone": Handler(room.move_done, Grant.ADMITTED, IN_ROOM),
    "getProducers": Handler(producer.get_producers, Grant.ADMITTED, IN_ROOM),
    "consume": Handler(consumer.consume, Grant.SUBSCRIBE, IN_ROOM, by_transport),
    "resumeConsumer": Handler(consumer.resume_consumer, Grant.SUBSCRIBE, IN_ROOM, by_consumer),
    "pauseConsumer": Handler(consumer.pause_consumer, Grant.ADMITTED, IN_ROOM, by_consumer),
    "setPreferredLayers": Handler(consumer.set_preferred_layers, Grant.SUBSCRIBE, IN_ROOM, by_consumer),
    "setConsumerPriority": Handler(consumer.set_consumer_priority, Grant.SUBSCRIBE, IN_ROOM, by_consumer),
    "requestKeyFrame": Handler(consumer.request_key_frame, Grant.SUBSCRIBE, IN_ROOM, by_consumer),
    "closeConsumer": Handler(consumer.close_consumer, Grant.ADMITTED, IN_ROOM, by_consumer),
    "startCaptions": Handler(captions.start_captions, Grant.SUBSCRIBE, IN_ROOM),
    "stopCaptions": Handler(captions.stop_captions, Grant.SUBSCRIBE, IN_ROOM),
    "refreshToken": Handler(access.refresh_token, Grant.ADMITTED, NOT_CLOSED, barrier=Barrier.DRAIN),
    "startRecording": Handler(recording.start_recording, Grant.RECORD, IN_ROOM),
    "stopRecording": Handler(recording.stop_recording, Grant.RECORD, IN_ROOM),
    "mutePeer": Handler(moderation.mute_peer, Grant.MODERATE, IN_ROOM, by_moderation),
    "unmutePeer": Handler(moderation.unmute_peer, Grant.MODERATE, IN_ROOM, by_moderation),
    "stopPeerSource": Handler(moderation.stop_peer_source, Grant.MODERATE, IN_ROOM, by_moderation),
    "removePeer": Handler(moderation.remove_peer, Grant.MODERATE, IN_ROOM, by_moderation),
    "lockRoom": Handler(moderation.lock_room, Grant.MODERATE, IN_ROOM, by_moderation),
    "setLobby": Handler(moderation.set_lobby, Grant.MODERATE, IN_ROOM, by_moderation),
    "admitPeer": Handler(moderation.admit_peer, Grant.MODERATE, IN_ROOM, by_moderation),
    "refusePeer": Handler(moderation.refuse_peer, Grant.MODERATE, IN_ROOM, by_moderation),
    "setRole": Handler(moderation.set_role, Grant.MODERATE, IN_ROOM, by_moderation),
    "closeRoom": Handler(moderation.close_room, Grant.MODERATE, IN_ROOM, by_moderation),
    "raiseHand": Handler(moderation.raise_hand, Grant.ADMITTED, IN_ROOM, by_moderation),
    "lowerHand": Handler(moderation.lower_hand, Grant.ADMITTED, IN_ROOM, by_moderation),
    "getStats": Handler(stats.get_stats, Grant.ADMITTED, IN_ROOM),
}

"""Requests about consumers, answered by the media node that hosts the peer."""

from __future__ import annotations

from typing import ClassVar

from ..base import Done, Model, NodeRequest
from ..types import ConsumerType, Id, OpenMediaKind, RoomId, RtpCapabilities, RtpParameters


class ConsumerCreated(Model):
    """The created consumer, which is paused."""

    kind: OpenMediaKind
    rtp_parameters: RtpParameters
    type: ConsumerType
    producer_paused: bool


class CreateConsumer(NodeRequest[ConsumerCreated]):
    """Creates a consumer.

    Errors: `unsupported` when the client cannot receive the codec, `not_found` when there is no such producer.
    """

    verb: ClassVar[str] = "consumer.create"
    room_id: RoomId
    peer_id: Id
    transport_id: Id
    producer_id: Id
    consumer_id: Id
    rtp_capabilities: RtpCapabilities


class PauseConsumer(NodeRequest[Done]):
    """Stops sending to the peer."""

    verb: ClassVar[str] = "consumer.pause"
    room_id: RoomId
    peer_id: Id
    consumer_id: Id


class ResumeConsumer(NodeRequest[Done]):
    """Starts sending to the peer. Video starts with a key frame."""

    verb: ClassVar[str] = "consumer.resume"
    room_id: RoomId
    peer_id: Id
    consumer_id: Id


class CloseConsumer(NodeRequest[Done]):
    """Closes a consumer."""

    verb: ClassVar[str] = "consumer.close"
    room_id: RoomId
    peer_id: Id
    consumer_id: Id

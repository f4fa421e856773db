"""Requests about consumers, answered by the media node that hosts the peer."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ..base import Done, Model, NodeRequest
from ..layers import PreferredLayers
from ..types import ConsumerType, Id, OpenMediaKind, OperationId, Priority, RoomId, RtpCapabilities, RtpParameters
from .records import Placement


class ConsumerCreated(Model):
    """The created consumer."""

    kind: OpenMediaKind
    rtp_parameters: RtpParameters
    type: ConsumerType
    producer_paused: bool
    consumer_id: Id | None = None
    """The consumer's id, another than the requested one when the operation is repeated. Absent in older versions."""
    paused: bool = True
    """Whether it was created paused. Older versions create every consumer paused, and do not report it."""


class CreateConsumer(NodeRequest[ConsumerCreated]):
    """Creates a consumer.

    Errors: `unsupported` when the client cannot receive the codec, `not_found` when there is no such producer,
    `conflict` when the operation id created something else.
    """

    verb: ClassVar[str] = "consumer.create"
    room_id: RoomId
    peer_id: Id
    transport_id: Id
    producer_id: Id
    consumer_id: Id
    rtp_capabilities: RtpCapabilities
    preferred_layers: PreferredLayers | None = None
    """As in `SetPreferredLayers`. Older versions ignore it."""
    paused: bool = True
    """Whether to create it paused. Older versions ignore it."""
    priority: Priority = 1
    """As in `SetConsumerPriority`. Older versions ignore it."""
    operation_id: OperationId | None = None
    """The client's. A request with the id of an earlier one of this peer returns what that one created."""
    answer_mid: str | None = Field(None, pattern=r"^[!-~]{1,16}$")
    """Of a client with an SDP offer: the MID of the media section that receives the track. The consumer then has the
    payload types and header extension ids of `rtp_capabilities`, instead of the router's. Older versions ignore it."""
    origin: Placement | None = None
    """Where the producer's peer is. Absent from older versions: the node looks into its copy of the room."""


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


class LayersPreferred(Model):
    """The effective preference."""

    preferred_layers: PreferredLayers | None = None
    """Limited to the layers of the producer. Absent when its consumers have no layers: the request has no effect."""


class SetPreferredLayers(NodeRequest[LayersPreferred]):
    """Limits the layers that are sent to the peer."""

    verb: ClassVar[str] = "consumer.set-preferred-layers"
    room_id: RoomId
    peer_id: Id
    consumer_id: Id
    preferred_layers: PreferredLayers


class SetConsumerPriority(NodeRequest[Done]):
    """Sets which videos the peer receives first when its bandwidth is scarce."""

    verb: ClassVar[str] = "consumer.set-priority"
    room_id: RoomId
    peer_id: Id
    consumer_id: Id
    priority: Priority


class RequestKeyFrame(NodeRequest[Done]):
    """Requests a key frame from the sender, within the bounds of all such requests. No effect on audio, and while the
    consumer is paused."""

    verb: ClassVar[str] = "consumer.request-key-frame"
    room_id: RoomId
    peer_id: Id
    consumer_id: Id


class CloseConsumer(NodeRequest[Done]):
    """Closes a consumer."""

    verb: ClassVar[str] = "consumer.close"
    room_id: RoomId
    peer_id: Id
    consumer_id: Id

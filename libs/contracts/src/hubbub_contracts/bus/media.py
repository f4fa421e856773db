"""What a media node tells a peer: closures that the peer's own requests did not ask for."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, TypeAdapter

from ..base import Event
from ..types import Id

CloseReason = Literal[
    "transport_closed", "producer_closed", "room_closed", "handshake_timeout", "ice_timeout", "dtls_failed",
    "peer_closed", "unconfirmed", "node_draining", "internal",
]  # fmt: skip
"""Why a node closed something."""


class TransportClosed(Event):
    """The transport is gone, and what hung on it: that is told by events of its own, before this one."""

    verb: ClassVar[str] = "media.transport-closed"
    type: Literal["hubbub.v1.media.transport-closed"] = "hubbub.v1.media.transport-closed"
    transport_id: Id
    reason: CloseReason


class ProducerClosed(Event):
    """The peer's own producer is gone."""

    verb: ClassVar[str] = "media.producer-closed"
    type: Literal["hubbub.v1.media.producer-closed"] = "hubbub.v1.media.producer-closed"
    producer_id: Id
    reason: CloseReason


class ConsumerClosed(Event):
    """The peer's consumer is gone."""

    verb: ClassVar[str] = "media.consumer-closed"
    type: Literal["hubbub.v1.media.consumer-closed"] = "hubbub.v1.media.consumer-closed"
    consumer_id: Id
    producer_id: Id
    reason: CloseReason


MediaEvent = Annotated[TransportClosed | ProducerClosed | ConsumerClosed, Field(discriminator="type")]
MEDIA_EVENT: TypeAdapter[TransportClosed | ProducerClosed | ConsumerClosed] = TypeAdapter(MediaEvent)
"""Reads any notice by its `type`."""

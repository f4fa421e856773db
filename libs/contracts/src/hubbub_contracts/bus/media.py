"""Events from a media node to a peer's session: its transports, the layers it sends and receives, closures it did not
request."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, TypeAdapter

from ..base import Event
from ..layers import ConsumerLayers
from ..open_enum import OpenEnum
from ..scores import ConsumerScores, EncodingScore
from ..types import Id

CloseReason = Annotated[
    Literal[
        "transport_closed", "producer_closed", "room_closed", "handshake_timeout", "ice_timeout", "dtls_failed",
        "peer_closed", "unconfirmed", "node_draining", "internal", "other",
    ],
    OpenEnum(),
]  # fmt: skip
"""Why a node closed a transport, producer or consumer (docs/closures.md). `other`: signaling does not know why."""


PauseReason = Annotated[Literal["bandwidth", "link", "other"], OpenEnum()]
"""Why a consumer receives nothing. `bandwidth`: not even the lowest layer fits into what the client can receive.
`link`: the producer is on another node, and nothing arrives from there. Each reason is told by itself, and several may
hold at once."""


class TransportConnected(Event):
    """The DTLS handshake of a transport succeeded, or its client is no longer silent: media can flow."""

    verb: ClassVar[str] = "media.transport-connected"
    type: Literal["hubbub.v1.media.transport-connected"] = "hubbub.v1.media.transport-connected"
    transport_id: Id


class TransportDisconnected(Event):
    """The node has received nothing from the client of a connected transport for 8 s. The transport stays open."""

    verb: ClassVar[str] = "media.transport-disconnected"
    type: Literal["hubbub.v1.media.transport-disconnected"] = "hubbub.v1.media.transport-disconnected"
    transport_id: Id


class ProducerLayersWanted(Event):
    """The peer is to send other encodings of a simulcast producer than before: those that somebody receives."""

    verb: ClassVar[str] = "media.producer-layers-wanted"
    type: Literal["hubbub.v1.media.producer-layers-wanted"] = "hubbub.v1.media.producer-layers-wanted"
    producer_id: Id
    encodings: list[bool]
    """Each encoding, in the order of the producer's RTP parameters."""
    transport_id: Id | None = None
    """As in `ProducerClosed`."""


class ConsumerLayersChanged(Event):
    """A consumer of the peer receives other layers than before."""

    verb: ClassVar[str] = "media.consumer-layers-changed"
    type: Literal["hubbub.v1.media.consumer-layers-changed"] = "hubbub.v1.media.consumer-layers-changed"
    consumer_id: Id
    layers: ConsumerLayers | None = None
    """Absent: it receives nothing."""


class ProducerScoreChanged(Event):
    """Streams of a producer of the peer arrive better or worse than before."""

    verb: ClassVar[str] = "media.producer-score-changed"
    type: Literal["hubbub.v1.media.producer-score-changed"] = "hubbub.v1.media.producer-score-changed"
    producer_id: Id
    score: list[EncodingScore]
    transport_id: Id | None = None
    """As in `ProducerClosed`."""


class ConsumerScoreChanged(Event):
    """A consumer of the peer arrives better or worse than before."""

    verb: ClassVar[str] = "media.consumer-score-changed"
    type: Literal["hubbub.v1.media.consumer-score-changed"] = "hubbub.v1.media.consumer-score-changed"
    consumer_id: Id
    score: ConsumerScores


class ConsumerPaused(Event):
    """A consumer of the peer receives nothing any more, and the peer did not ask for that."""

    verb: ClassVar[str] = "media.consumer-paused"
    type: Literal["hubbub.v1.media.consumer-paused"] = "hubbub.v1.media.consumer-paused"
    consumer_id: Id
    reason: PauseReason


class ConsumerResumed(Event):
    """A pause that the node announced has ended."""

    verb: ClassVar[str] = "media.consumer-resumed"
    type: Literal["hubbub.v1.media.consumer-resumed"] = "hubbub.v1.media.consumer-resumed"
    consumer_id: Id
    reason: PauseReason


class TransportClosed(Event):
    """The node closed a transport. Events for its producers and consumers precede this one."""

    verb: ClassVar[str] = "media.transport-closed"
    type: Literal["hubbub.v1.media.transport-closed"] = "hubbub.v1.media.transport-closed"
    transport_id: Id
    reason: CloseReason


class ProducerClosed(Event):
    """The node closed a producer of the peer."""

    verb: ClassVar[str] = "media.producer-closed"
    type: Literal["hubbub.v1.media.producer-closed"] = "hubbub.v1.media.producer-closed"
    producer_id: Id
    reason: CloseReason
    transport_id: Id | None = None
    """The transport that it was on: a replaced producer has the same id on another one. Absent: by an older node."""


class ConsumerClosed(Event):
    """The node closed a consumer of the peer."""

    verb: ClassVar[str] = "media.consumer-closed"
    type: Literal["hubbub.v1.media.consumer-closed"] = "hubbub.v1.media.consumer-closed"
    consumer_id: Id
    producer_id: Id
    reason: CloseReason


ClosureEvent = TransportClosed | ProducerClosed | ConsumerClosed
ScoreEvent = ProducerScoreChanged | ConsumerScoreChanged
StreamEvent = ProducerLayersWanted | ConsumerLayersChanged | ConsumerPaused | ConsumerResumed | ScoreEvent
MediaEvent = Annotated[
    TransportConnected | TransportDisconnected | StreamEvent | ClosureEvent, Field(discriminator="type")
]
MEDIA_EVENT: TypeAdapter[TransportConnected | TransportDisconnected | StreamEvent | ClosureEvent]
MEDIA_EVENT = TypeAdapter(MediaEvent)
"""Validates any media event, by its `type`."""

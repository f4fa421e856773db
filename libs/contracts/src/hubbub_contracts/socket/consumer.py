"""Consumers."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ..base import Done, Model
from ..layers import ConsumerLayers, PreferredLayers
from ..scores import ConsumerScores
from ..types import AppData, ConsumerType, Id, Layer, OpenMediaKind, Priority, RtpCapabilities, RtpParameters
from .base import ClientRequest, Mutation, Push


class Consumed(Model):
    """The created consumer, with the options for `transport.consume()`."""

    id: Id
    """The consumer's id."""
    producer_id: Id
    """The producer that it receives."""
    kind: OpenMediaKind
    """The kind of the track."""
    rtp_parameters: RtpParameters
    """The RTP parameters of the stream that the server sends."""
    type: ConsumerType
    """Whether the server forwards one stream, one of several simulcast streams, or layers of an SVC stream."""
    producer_paused: bool
    """Whether the producer is paused."""
    app_data: AppData
    """The `appData` of the producer."""


class Consume(Mutation[Consumed]):
    """Creates a consumer: the client receives another peer's track."""

    event: ClassVar[str] = "consume"
    transport_id: Id
    """The client's receive transport."""
    producer_id: Id
    """The producer to receive."""
    rtp_capabilities: RtpCapabilities | None = None
    """`device.rtpCapabilities`, at most 64 KiB of JSON; those of `joinRoom` by default."""
    preferred_layers: PreferredLayers | None = None
    """The highest layers to receive, as in `setPreferredLayers`; all by default. A `simple` consumer ignores them."""
    priority: Priority = 1
    """As in `setConsumerPriority`."""
    paused: bool = True
    """Whether the consumer starts paused, until `resumeConsumer`. A browser drops packets that arrive before
    `transport.consume()` has finished, the first key frame of a video among them."""
    answer_mid: str | None = Field(None, pattern=r"^[!-~]{1,16}$")
    """Of a client with an SDP offer: the MID of the media section that receives the track. The consumer then has the
    payload types and header extension ids of `rtpCapabilities`, which are those of the offer."""


class ResumeConsumer(Mutation[Done]):
    """Resumes a consumer: the server starts to send. Video starts with a key frame."""

    event: ClassVar[str] = "resumeConsumer"
    consumer_id: Id
    """The client's consumer to resume."""


class PauseConsumer(Mutation[Done]):
    """Pauses a consumer: the server stops sending."""

    event: ClassVar[str] = "pauseConsumer"
    consumer_id: Id
    """The client's consumer to pause."""


class LayersPreferred(Model):
    """The effective preference."""

    preferred_layers: PreferredLayers | None = None
    """Limited to the layers of the producer. Absent for consumers of type `simple`: the request has no effect."""


class SetPreferredLayers(Mutation[LayersPreferred]):
    """Limits the layers of a `simulcast` or `svc` consumer, until the next such request. Unlimited, a consumer receives
    the highest layers."""

    event: ClassVar[str] = "setPreferredLayers"
    consumer_id: Id
    """The client's consumer."""
    spatial_layer: Layer
    """The highest spatial layer to receive, or encoding of simulcast, from 0, the lowest, to 255."""
    temporal_layer: Layer | None = None
    """The highest temporal layer to receive, from 0, the lowest, to 255; absent: all."""


class SetConsumerPriority(Mutation[Done]):
    """Sets which videos the client receives first when its bandwidth is scarce. No effect on audio, which always comes
    first."""

    event: ClassVar[str] = "setConsumerPriority"
    consumer_id: Id
    """The client's consumer."""
    priority: Priority
    """1, the default, to 255; a higher one is served first."""


class RequestKeyFrame(ClientRequest[Done]):
    """Requests a key frame from the sender of a video, at most one in 300 ms for all its receivers. No effect while the
    consumer is paused. Browsers request the key frames that they need by themselves."""

    event: ClassVar[str] = "requestKeyFrame"
    consumer_id: Id
    """The client's consumer."""


class CloseConsumer(Mutation[Done]):
    """Closes a consumer."""

    event: ClassVar[str] = "closeConsumer"
    consumer_id: Id
    """The client's consumer to close."""


class ConsumerClosed(Push):
    """The server closed a consumer of this client."""

    event: ClassVar[str] = "consumerClosed"
    consumer_id: Id
    """The closed consumer."""
    producer_id: Id
    """The producer that it received."""
    reason: str
    """`producer_closed` when the producer ended, `transport_closed` when the transport failed, `not_allowed` when the
    client may not receive any more. More reasons may follow."""


class ConsumerLayersChanged(Push):
    """A `simulcast` or `svc` consumer of this client receives other layers than before."""

    event: ClassVar[str] = "consumerLayersChanged"
    consumer_id: Id
    """The consumer."""
    layers: ConsumerLayers | None = None
    """What it receives now; absent: nothing, because it is paused."""


class ConsumerPaused(Push):
    """The server sends nothing to a consumer of this client any more, and the client did not ask for that. Each reason
    is told by itself, and several may hold at once."""

    event: ClassVar[str] = "consumerPaused"
    consumer_id: Id
    """The consumer."""
    reason: str
    """`bandwidth`: not even the lowest layer fits into what the client can receive. `link`: the sender is connected to
    another part of the server, which cannot be reached at the moment. More reasons may follow. There is none for a
    sender that pauses its producer: `producerPaused` tells that to everybody else in the room."""


class ConsumerResumed(Push):
    """A reason for which the server sent nothing to a consumer has ended, after `consumerPaused`."""

    event: ClassVar[str] = "consumerResumed"
    consumer_id: Id
    """The consumer."""
    reason: str
    """That of the pause."""


class ConsumerScore(Push):
    """A consumer of this client arrives better or worse than before; at most once a second. Scores are 10 before the
    first such event."""

    event: ClassVar[str] = "consumerScore"
    consumer_id: Id
    """The consumer."""
    score: ConsumerScores
    """At the client, and on the way from the sender to the server."""

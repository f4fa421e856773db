"""Consumers."""

from __future__ import annotations

from typing import ClassVar

from ..base import Done, Model
from ..types import AppData, ConsumerType, Id, MediaKind, RtpCapabilities, RtpParameters
from .base import Mutation, Push


class Consumed(Model):
    """What `transport.consume()` takes, and more. The consumer is paused."""

    id: Id
    producer_id: Id
    kind: MediaKind
    rtp_parameters: RtpParameters
    type: ConsumerType
    producer_paused: bool
    app_data: AppData


class Consume(Mutation[Consumed]):
    """Receives a track, paused at first."""

    event: ClassVar[str] = "consume"
    transport_id: Id
    producer_id: Id
    rtp_capabilities: RtpCapabilities | None = None
    """Those of the join when absent."""


class ResumeConsumer(Mutation[Done]):
    """Media flows, video beginning with a key frame."""

    event: ClassVar[str] = "resumeConsumer"
    consumer_id: Id


class PauseConsumer(Mutation[Done]):
    """Media stops."""

    event: ClassVar[str] = "pauseConsumer"
    consumer_id: Id


class CloseConsumer(Mutation[Done]):
    """Receives the track no longer."""

    event: ClassVar[str] = "closeConsumer"
    consumer_id: Id


class ConsumerClosed(Push):
    """A consumer of this client is gone, without its having asked."""

    event: ClassVar[str] = "consumerClosed"
    consumer_id: Id
    producer_id: Id
    reason: str

"""Producers."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ..base import Done, Model
from ..types import AppData, Id, MediaKind, Revision, RtpParameters, UserId
from .base import ClientRequest, Mutation, Push


class Produced(Model):
    """The producer's id."""

    id: Id


class Produce(Mutation[Produced]):
    """Sends a track; others get `newProducer`."""

    event: ClassVar[str] = "produce"
    transport_id: Id
    kind: MediaKind
    rtp_parameters: RtpParameters
    app_data: AppData = Field(default_factory=dict)
    paused: bool = False


class CloseProducer(Mutation[Done]):
    """Ends a track; others get `producerClosed`."""

    event: ClassVar[str] = "closeProducer"
    producer_id: Id


class PauseProducer(Mutation[Done]):
    """Mutes a track; others get `producerPaused`."""

    event: ClassVar[str] = "pauseProducer"
    producer_id: Id


class ResumeProducer(Mutation[Done]):
    """Unmutes a track; others get `producerResumed`."""

    event: ClassVar[str] = "resumeProducer"
    producer_id: Id


class ListedProducer(Model):
    """Another peer's producer."""

    producer_id: Id
    peer_id: Id
    user_id: UserId
    kind: MediaKind
    app_data: AppData
    paused: bool


class Producers(Model):
    """All producers of the room but one's own."""

    producers: list[ListedProducer]


class GetProducers(ClientRequest[Producers]):
    """Asks for them."""

    event: ClassVar[str] = "getProducers"


class NewProducer(Push):
    """Somebody sends a track."""

    event: ClassVar[str] = "newProducer"
    producer_id: Id
    peer_id: Id
    user_id: UserId
    kind: MediaKind
    app_data: AppData
    paused: bool
    revision: Revision


class ProducerClosed(Push):
    """A track ended; this client's own, too, when its end was not asked for."""

    event: ClassVar[str] = "producerClosed"
    producer_id: Id
    peer_id: Id
    reason: str | None = None
    revision: Revision


class ProducerPaused(Push):
    """Somebody muted a track."""

    event: ClassVar[str] = "producerPaused"
    producer_id: Id
    peer_id: Id
    revision: Revision


class ProducerResumed(Push):
    """Somebody unmuted a track."""

    event: ClassVar[str] = "producerResumed"
    producer_id: Id
    peer_id: Id
    revision: Revision

"""Producers."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from ..base import Done, Model
from ..scores import EncodingScore
from ..track_source import SOURCES_OF
from ..types import (
    AppData,
    Id,
    MediaKind,
    OpenMediaKind,
    OpenTrackSource,
    Revision,
    RtpParameters,
    TrackSource,
    UserId,
)
from .base import ClientRequest, Mutation, Push


class Produced(Model):
    """The created producer."""

    id: Id
    """The producer's id."""
    paused: bool | None = None
    """True: the producer is paused although it was to run, because a moderator muted its source."""


class Produce(Mutation[Produced]):
    """Creates a producer: the client sends a track. The other peers receive `newProducer`."""

    event: ClassVar[str] = "produce"
    transport_id: Id
    """The client's send transport."""
    kind: MediaKind
    """The kind of the track."""
    rtp_parameters: RtpParameters
    """The RTP parameters from the transport's `produce` event; at most 64 KiB of JSON."""
    app_data: AppData = Field(default_factory=dict)
    """The application's data for the other peers, at most 8 KiB of JSON; `{}` by default. The server reads one
    field of it: without `source`, the `source` in it counts."""
    paused: bool = False
    """Whether the producer starts paused."""
    source: TrackSource | None = None
    """What the track shows: `microphone` or `screen-audio` for audio, `camera` or `screen` for video. By default the
    `source` in `appData`, else `microphone` or `camera`. The sound of a shared screen is always forwarded, and never
    the active speaker. Moderators mute by source."""
    replaces: Id | None = None
    """The client's producer of the same kind that this one replaces, while the client moves to another media node:
    `transportId` is there. The producer keeps that id, its `appData` and `source`; the others hear of no change. With
    a transport of the standby it replaces that producer when the client's node dies, and nobody receives it before;
    the client sends nothing over it until then."""

    @model_validator(mode="after")
    def _source_fits(self) -> Produce:
        if self.source is not None and self.source not in SOURCES_OF[self.kind]:
            raise ValueError(f"source: {self.kind} cannot show {self.source}")
        return self


class CloseProducer(Mutation[Done]):
    """Closes a producer. The other peers receive `producerClosed`."""

    event: ClassVar[str] = "closeProducer"
    producer_id: Id
    """The client's producer to close."""


class PauseProducer(Mutation[Done]):
    """Pauses a producer: the server forwards nothing of it. The other peers receive `producerPaused`."""

    event: ClassVar[str] = "pauseProducer"
    producer_id: Id
    """The client's producer to pause."""


class ResumeProducer(Mutation[Done]):
    """Resumes a paused producer. The other peers receive `producerResumed`. The error is `muted` while a moderator
    mutes its source."""

    event: ClassVar[str] = "resumeProducer"
    producer_id: Id
    """The client's producer to resume."""


class ListedProducer(Model):
    """Another peer's producer."""

    producer_id: Id
    """The producer's id, which `consume` takes."""
    peer_id: Id
    """The peer that sends it."""
    user_id: UserId
    """That peer's `userId`."""
    kind: OpenMediaKind
    """The kind of its track."""
    app_data: AppData
    """The `appData` of its `produce`."""
    paused: bool
    """Whether it is paused."""
    source: OpenTrackSource | None = None
    """What the track shows."""


class Producers(Model):
    """The producers of the other peers."""

    producers: list[ListedProducer]
    """All producers of the room except the client's own."""


class GetProducers(ClientRequest[Producers]):
    """Lists the producers of the other peers."""

    event: ClassVar[str] = "getProducers"


class NewProducer(Push):
    """Another peer sends a new track."""

    event: ClassVar[str] = "newProducer"
    producer_id: Id
    """The producer's id, which `consume` takes."""
    peer_id: Id
    """The peer that sends it."""
    user_id: UserId
    """That peer's `userId`."""
    kind: OpenMediaKind
    """The kind of its track."""
    app_data: AppData
    """The `appData` of its `produce`."""
    paused: bool
    """Whether it starts paused."""
    source: OpenTrackSource | None = None
    """What the track shows."""
    revision: Revision
    """The room's revision that includes this change."""


class ProducerClosed(Push):
    """A producer of another peer ended, or the server closed one of the client's own."""

    event: ClassVar[str] = "producerClosed"
    producer_id: Id
    """The closed producer."""
    peer_id: Id
    """The peer that sent it; the client's own `peerId` when the server closed the client's producer."""
    reason: str | None = None
    """Why the server closed the client's own producer, such as `transport_closed` or `stopped_by_moderator`; absent for
    others' producers."""
    revision: Revision
    """The room's revision that includes this change."""


class ProducerPaused(Push):
    """Another peer paused a producer."""

    event: ClassVar[str] = "producerPaused"
    producer_id: Id
    """The paused producer."""
    peer_id: Id
    """The peer that sends it."""
    revision: Revision
    """The room's revision that includes this change."""


class ProducerResumed(Push):
    """Another peer resumed a producer."""

    event: ClassVar[str] = "producerResumed"
    producer_id: Id
    """The resumed producer."""
    peer_id: Id
    """The peer that sends it."""
    revision: Revision
    """The room's revision that includes this change."""


class ProducerLayersWanted(Push):
    """The encodings of a simulcast producer of this client that the server needs from now on: those that somebody
    receives, or will as soon as they arrive, and the lowest. Before the first such event it needs all. A client saves
    bandwidth and CPU time by not sending the others (`encodings[].active` of `RTCRtpSender.setParameters`); it may
    ignore the event."""

    event: ClassVar[str] = "producerLayersWanted"
    producer_id: Id
    """The client's producer."""
    encodings: list[bool]
    """Each encoding, in the order of the producer's `rtpParameters.encodings`."""


class ProducerScore(Push):
    """Streams of a producer of this client arrive at the server better or worse than before; at most once a second.
    Scores are 10 before the first such event."""

    event: ClassVar[str] = "producerScore"
    producer_id: Id
    """The client's producer."""
    score: list[EncodingScore]
    """Of each stream that arrived and is wanted."""

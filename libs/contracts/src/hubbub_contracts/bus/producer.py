"""Requests about producers. The registry records them, the media node runs them."""

from __future__ import annotations

from typing import ClassVar

from ..base import Done, Model, NodeRequest, RegistryRequest
from ..types import AppData, Id, MediaKind, OperationId, Revision, RoomId, RtpParameters, TrackSource
from .records import Placement


class Registered(Model):
    """The peer's record was written."""

    revision: Revision
    """The revision of the write."""
    paused: bool = False
    """Of a producer that was to run: a moderator muted its source, so it is paused."""


class AddProducer(RegistryRequest[Registered]):
    """To the registry: adds a producer to the peer's record."""

    verb: ClassVar[str] = "producer.add"
    room_id: RoomId
    peer_id: Id
    producer_id: Id
    kind: MediaKind
    app_data: AppData
    paused: bool
    placement: Placement | None = None
    """Where the producer was created. `invalid_state` when the peer has moved since. Not checked when absent."""
    source: TrackSource | None = None
    """What the track shows; absent: by its `appData`, else by its kind."""


class ReplaceProducer(RegistryRequest[Registered]):
    """To the registry: a producer of a peer that moves is on its new node from now on. It keeps its id, and the others
    of the room hear nothing. Repeating the request has no effect.

    Errors: `not_found` when the peer has no such producer, `invalid_state` when the peer has moved since, or the move
    has ended.
    """

    verb: ClassVar[str] = "producer.replace"
    room_id: RoomId
    peer_id: Id
    producer_id: Id
    paused: bool
    placement: Placement
    """Where it was created: the peer's placement."""


class AddStandbyProducer(RegistryRequest[Registered]):
    """To the registry: the peer's standby has a copy of a producer. Repeating the request has no effect.

    Errors: `not_found` when the peer has no such producer, `invalid_state` when `placement` is not its standby,
    `unavailable` (retryable) in a room of nearly `MAX_ROOM_BYTES`.
    """

    verb: ClassVar[str] = "producer.add-standby"
    room_id: RoomId
    peer_id: Id
    producer_id: Id
    placement: Placement
    """Where the copy was created."""


class SetProducerPaused(RegistryRequest[Registered]):
    """To the registry: records that a producer paused or resumed.

    Errors: `muted` when it is to resume and a moderator muted its source.
    """

    verb: ClassVar[str] = "producer.set-paused"
    room_id: RoomId
    peer_id: Id
    producer_id: Id
    paused: bool


class RemoveProducers(RegistryRequest[Registered]):
    """To the registry: removes producers from the peer's record. Unknown ids are ignored."""

    verb: ClassVar[str] = "producer.remove"
    room_id: RoomId
    peer_id: Id
    producer_ids: list[Id]


class ProducerCreated(Model):
    """The created producer."""

    producer_id: Id | None = None
    """The producer's id, another than the requested one when the operation is repeated. Absent in older versions."""
    paused: bool = False
    """Of a producer that was to run: a moderator muted its source, so it is paused."""


class CreateProducer(NodeRequest[ProducerCreated]):
    """To the node: creates a producer on a send transport. Repeating the same id and parameters has no effect.

    Errors: `conflict` when the operation id created something else.
    """

    verb: ClassVar[str] = "producer.create"
    room_id: RoomId
    peer_id: Id
    transport_id: Id
    producer_id: Id
    kind: MediaKind
    rtp_parameters: RtpParameters
    paused: bool
    is_microphone: bool = True
    """Of audio: somebody speaks, so speaker detection and last-N audio apply. Older versions ignore it."""
    operation_id: OperationId | None = None
    """The client's. A request with the id of an earlier one of this peer returns what that one created."""
    source: TrackSource | None = None
    """What the track shows; absent in requests of older versions."""


class PauseProducer(NodeRequest[Done]):
    """To the node: stops forwarding."""

    verb: ClassVar[str] = "producer.pause"
    room_id: RoomId
    peer_id: Id
    producer_id: Id


class ResumeProducer(NodeRequest[Done]):
    """To the node: forwards again. Errors: `muted` when a moderator muted the source."""

    verb: ClassVar[str] = "producer.resume"
    room_id: RoomId
    peer_id: Id
    producer_id: Id


class CloseProducer(NodeRequest[Done]):
    """To the node: closes a producer and its consumers. `not_found` when there is no such producer."""

    verb: ClassVar[str] = "producer.close"
    room_id: RoomId
    peer_id: Id
    producer_id: Id

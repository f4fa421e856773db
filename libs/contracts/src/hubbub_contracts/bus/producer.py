"""Producers: registered with the registry, made on the media node."""

from __future__ import annotations

from typing import ClassVar

from ..base import Done, Model, Request
from ..types import AppData, Id, MediaKind, Revision, RoomId, RtpParameters
from .records import Placement


class Registered(Model):
    """The peer's record was written."""

    revision: Revision


class AddProducer(Request[Registered]):
    """Registry: tells the room of a producer."""

    verb: ClassVar[str] = "producer.add"
    room_id: RoomId
    peer_id: Id
    producer_id: Id
    kind: MediaKind
    app_data: AppData
    paused: bool
    placement: Placement | None = None
    """Where it was made: `invalid_state` when the peer lives elsewhere by now. Not checked when absent."""


class SetProducerPaused(Request[Registered]):
    """Registry: tells the room that a producer paused or resumed."""

    verb: ClassVar[str] = "producer.set-paused"
    room_id: RoomId
    peer_id: Id
    producer_id: Id
    paused: bool


class RemoveProducers(Request[Registered]):
    """Registry: tells the room that producers are gone; those that it does not know are passed over."""

    verb: ClassVar[str] = "producer.remove"
    room_id: RoomId
    peer_id: Id
    producer_ids: list[Id]


class CreateProducer(Request[Done]):
    """Node: makes a producer on a send transport. The same id again with the same parameters has the effect of once."""

    verb: ClassVar[str] = "producer.create"
    room_id: RoomId
    peer_id: Id
    transport_id: Id
    producer_id: Id
    kind: MediaKind
    rtp_parameters: RtpParameters
    paused: bool


class PauseProducer(Request[Done]):
    """Node: stops forwarding."""

    verb: ClassVar[str] = "producer.pause"
    room_id: RoomId
    peer_id: Id
    producer_id: Id


class ResumeProducer(Request[Done]):
    """Node: forwards again."""

    verb: ClassVar[str] = "producer.resume"
    room_id: RoomId
    peer_id: Id
    producer_id: Id


class CloseProducer(Request[Done]):
    """Node: closes a producer and its consumers; `not_found` when there is none."""

    verb: ClassVar[str] = "producer.close"
    room_id: RoomId
    peer_id: Id
    producer_id: Id

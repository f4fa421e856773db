"""The tracks that this client receives. Reconciles them with those that the application wants to receive."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from hubbub_contracts.layers import ConsumerLayers, PreferredLayers
from hubbub_contracts.socket.consumer import (
    CloseConsumer,
    Consume,
    ResumeConsumer,
    SetPreferredLayers,
)
from hubbub_contracts.socket.room import ResumedConsumer
from hubbub_rtp.errors import InvalidRtpParameters, UnsupportedCodec
from hubbub_rtp.receiver import Receiver, StreamParameters

from .closes import Closes
from .coalesced_task import CoalescedTask
from .errors import CallError
from .media_context import MediaContext
from .publication import RemotePublication
from .roster import RemoteTrack, Roster
from .transport.rtp_transport import RtpTransport
from .transports import Transports


class ReceivingListener(Protocol):
    """What receiving reports to."""

    def media_stable(self) -> None:
        """A reconciliation finished."""
        ...

    def consume_failed(self, error: CallError) -> None:
        """A remote track cannot be received."""
        ...


@dataclass(slots=True)
class _Received:
    consumer_id: str
    track: RemoteTrack
    receiver: Receiver
    preferred_layers: PreferredLayers | None
    """On the server."""
    paused: bool = True
    """Whether the server has not confirmed yet that it sends: it may send already."""


class Receiving:
    """The receivers of one call."""

    def __init__(
        self, context: MediaContext, transports: Transports, roster: Roster, listener: ReceivingListener
    ) -> None:
        self._context = context
        self._transports = transports
        self._roster = roster
        self._listener = listener
        self._received: dict[str, _Received] = {}
        self._closes = Closes(lambda one: context.signaling.request(CloseConsumer(consumer_id=one)))
        self._cut_off: set[str] = set()
        """Consumers that nothing arrives for at the server. The report may precede the answer that introduces one."""
        self._refused: set[str] = set()
        """Producers that the server refused to let this client consume over its present transport."""
        self.task = CoalescedTask(self._receive, listener.media_stable)
        """Reconciles."""

    @property
    def receivers(self) -> Mapping[str, Receiver]:
        """By producer id."""
        return {producer_id: one.receiver for producer_id, one in self._received.items()}

    def consumer_id(self, publication: RemotePublication) -> str | None:
        """The server's id of a track; None while it is not received."""
        return next((one.consumer_id for one in self._received.values() if one.track.publication is publication), None)

    def apply_snapshot(self, known: Iterable[ResumedConsumer]) -> None:
        """After `resume`: drops what the server no longer has. The next run closes there what is not known here."""
        consumers = {one.consumer_id: one for one in known}
        for producer_id, received in list(self._received.items()):
            consumer = consumers.pop(received.consumer_id, None)
            if consumer is None:
                self._drop(producer_id)
            else:
                received.paused = consumer.paused
                received.track.publication.set_current_layers(consumer.layers)
                received.track.publication.set_paused_by_bandwidth(consumer.paused_by_bandwidth)
                self.paused_by_server(consumer.consumer_id, "link", paused=consumer.paused_by_link)
        self._closes.add(*consumers)

    def closed(self, consumer_id: str) -> None:
        """The server has closed a consumer."""
        received = self._received_by(consumer_id)
        if received is not None:
            self._drop(received.track.producer_id)

    def layers_changed(self, consumer_id: str, layers: ConsumerLayers | None) -> None:
        """The server reports the layers that it sends to a consumer."""
        received = self._received_by(consumer_id)
        if received is not None:
            received.track.publication.set_current_layers(layers)

    def paused_by_server(self, consumer_id: str, reason: str, *, paused: bool) -> None:
        """A reason for which the server sends nothing to a consumer holds from now on, or has ended.

        Reasons of newer servers have no effect.
        """
        received = self._received_by(consumer_id)
        if reason == "bandwidth" and received is not None:
            received.track.publication.set_paused_by_bandwidth(paused)
        if reason == "link":
            (self._cut_off.add if paused else self._cut_off.discard)(consumer_id)
            if received is not None:
                received.track.publication.set_unreachable(paused)

    def drop_all(self) -> None:
        """Drops all receivers. What was refused may be another matter over the next transport."""
        for producer_id in list(self._received):
            self._drop(producer_id)
        self._cut_off.clear()
        self._refused.clear()

    def _received_by(self, consumer_id: str) -> _Received | None:
        return next((one for one in self._received.values() if one.consumer_id == consumer_id), None)

    async def _receive(self) -> None:
        if not self._context.active:
            return
        for producer_id, received in list(self._received.items()):
            exists = self._roster.tracks.get(producer_id) is received.track
            if exists and received.track.publication.wanted:
                continue
            self._drop(producer_id)
            if exists:
                self._closes.add(received.consumer_id)
        wanted = [
            track
            for producer_id, track in self._roster.tracks.items()
            if track.publication.wanted and producer_id not in self._received and producer_id not in self._refused
        ]
        paused = [received for received in self._received.values() if received.paused]
        if wanted or paused:
            transport = await self._transports.get("recv")
            work = [self._consume(transport, one) for one in wanted] + [self._resume(transport, one) for one in paused]
            # return_exceptions: the failure of one track does not stop the others.
            for result in await asyncio.gather(*work, return_exceptions=True):
                if isinstance(result, BaseException):
                    raise result
        for received in list(self._received.values()):
            await self._apply_preferred_layers(received)
        error = await self._closes.perform()
        if error is not None:
            raise error

    async def _consume(self, transport: RtpTransport, track: RemoteTrack) -> None:
        publication = track.publication
        preferred = publication.preferred_layers
        try:
            answer = await self._context.signaling.request(
                Consume(transport_id=transport.id, producer_id=track.producer_id, preferred_layers=preferred)
            )
            receiver = Receiver(_stream_parameters(answer.rtp_parameters))
        except CallError as error:
            self._not_received(transport, track, error)
            return
        if not self._is_current(transport, track):
            return
        received = self._received[track.producer_id] = _Received(answer.id, track, receiver, preferred)
        publication.set_unreachable(answer.id in self._cut_off)
        transport.add_receiver(receiver, publication.deliver)
        publication.set_receiver(receiver.request_key_frame)
        await self._resume(transport, received)

    async def _resume(self, transport: RtpTransport, received: _Received) -> None:
        """Has the server send. Without its answer the track stays, as frames may arrive: the next run asks again."""
        try:
            await self._context.signaling.request(ResumeConsumer(consumer_id=received.consumer_id))
        except CallError as error:
            self._not_received(transport, received.track, error)
        else:
            received.paused = False

    def _not_received(self, transport: RtpTransport, track: RemoteTrack, error: CallError) -> None:
        """Raises an error that the next run may not meet, and remembers that the server refused the track after others.

        The server may have closed the transport, whose end is then reported before or after this error.
        """
        if not self._is_current(transport, track):
            return
        if error.retryable:
            raise error
        self._drop(track.producer_id)
        self._refused.add(track.producer_id)
        self._listener.consume_failed(error)

    def _is_current(self, transport: RtpTransport, track: RemoteTrack) -> bool:
        """Whether the track still exists, and is to be received over this transport."""
        return self._roster.tracks.get(track.producer_id) is track and self._transports.existing("recv") is transport

    async def _apply_preferred_layers(self, received: _Received) -> None:
        preferred = received.track.publication.preferred_layers
        if preferred is None or preferred == received.preferred_layers:
            return
        try:
            await self._context.signaling.request(
                SetPreferredLayers(
                    consumer_id=received.consumer_id,
                    spatial_layer=preferred.spatial_layer,
                    temporal_layer=preferred.temporal_layer,
                )
            )
        except CallError as error:
            if error.code != "unknown_event":  # an older server sends the highest layers
                raise
        received.preferred_layers = preferred

    def _drop(self, producer_id: str) -> None:
        received = self._received.pop(producer_id, None)
        if received is None:
            return
        received.track.publication.set_current_layers(None)
        received.track.publication.set_paused_by_bandwidth(False)
        received.track.publication.set_unreachable(False)
        self._cut_off.discard(received.consumer_id)
        transport = self._transports.existing("recv")
        if transport is not None:
            transport.remove_receiver(received.receiver)


def _stream_parameters(rtp_parameters: dict[str, Any]) -> StreamParameters:
    """Raises CallError `unsupported_codec`, or `internal` when the server's parameters are malformed."""
    try:
        return StreamParameters.of(rtp_parameters)
    except UnsupportedCodec as error:
        raise CallError("unsupported_codec", str(error)) from error
    except InvalidRtpParameters as error:
        raise CallError("internal", str(error)) from error

"""Transports, senders and receivers. Reconciles them with the tracks that the application wants to send and receive.

- The desired state is elsewhere: in the local publications and in the roster. `sync` compares it with the actual state
  and makes the difference.
- Sending and receiving are reconciled side by side, so that neither waits for the other's round trips. Of each, one
  reconciliation runs at a time; a change during it is handled by the next one.
- A lost transport is dropped with its senders and receivers. The next `sync` creates them again; publications stay.
- No request is sent while `active` is false.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from hubbub_contracts.layers import ConsumerLayers, PreferredLayers
from hubbub_contracts.socket.base import ClientRequest
from hubbub_contracts.socket.consumer import (
    CloseConsumer,
    Consume,
    ResumeConsumer,
    SetPreferredLayers,
)
from hubbub_contracts.socket.producer import CloseProducer, PauseProducer, Produce, ResumeProducer
from hubbub_contracts.socket.room import SessionResumed
from hubbub_contracts.socket.stats import GetStats
from hubbub_contracts.socket.transport import CloseTransport
from hubbub_contracts.types import Direction
from hubbub_rtp.errors import InvalidRtpParameters, UnsupportedCodec
from hubbub_rtp.receiver import Receiver, StreamParameters

from .background import retrieve_exception
from .capabilities import VideoCodec
from .coalesced_task import CoalescedTask
from .errors import CallError
from .publication import LocalPublication, RemotePublication, Source
from .roster import RemoteTrack, Roster
from .sender import Sender
from .signaling import Signaling
from .transport.rtp_transport import RtpTransport
from .transports import Transports

_CLOSE_TIMEOUT = 15.0


class MediaListener(Protocol):
    """What the media report to."""

    def media_disrupted(self) -> None:
        """A transport lost its network path."""
        ...

    def media_stable(self) -> None:
        """A transport connected, or a reconciliation finished."""
        ...

    def consume_failed(self, error: CallError) -> None:
        """A remote track cannot be received."""
        ...

    def sync_needed(self) -> None:
        """A wanted transport was dropped: `sync` has to run again."""
        ...

    def track_ended(self, publication: LocalPublication) -> None:
        """A local track has ended by itself."""
        ...


@dataclass(slots=True)
class _Sent:
    producer_id: str
    publication: LocalPublication
    sender: Sender
    paused: bool
    """On the server."""


@dataclass(slots=True)
class _Received:
    consumer_id: str
    track: RemoteTrack
    receiver: Receiver
    preferred_layers: PreferredLayers | None
    """On the server."""
    paused: bool = True
    """Whether the server has not confirmed yet that it sends: it may send already."""


class Media:
    """The media of one call."""

    def __init__(
        self,
        signaling: Signaling,
        local: Mapping[Source, LocalPublication],
        roster: Roster,
        listener: MediaListener,
        codec: VideoCodec,
    ) -> None:
        self._signaling = signaling
        self._local = local
        self._roster = roster
        self._listener = listener
        self._codec: VideoCodec = codec
        self.router_capabilities: Mapping[str, Any] = {}
        self.active = False
        """Whether a session with the server exists, so that requests can be sent."""
        self._cname = secrets.token_hex(8)
        self._next_mid = 0
        self._transports = Transports(
            signaling, self, self._spawn, self._close_on_server, is_active=lambda: self.active
        )
        self._sent: dict[Source, _Sent] = {}
        self._received: dict[str, _Received] = {}
        self._cut_off: set[str] = set()
        """Consumers that nothing arrives for at the server. The report may precede the answer that introduces one."""
        self._refused: set[str] = set()
        """Producers that the server refused to let this client consume over its present transport."""
        self._sending = CoalescedTask(self._send, listener.media_stable)
        self._receiving = CoalescedTask(self._receive, listener.media_stable)
        self._background: set[asyncio.Task[None]] = set()

    @property
    def is_stable(self) -> bool:
        """Whether the session exists, nothing is being reconciled or retried, and no transport in use is disrupted."""
        settled = _is_settled(self._sending) and _is_settled(self._receiving)
        return self.active and settled and self._transports.are_connected

    @property
    def received(self) -> Mapping[str, Receiver]:
        """The receivers by producer id, for diagnosis."""
        return {producer_id: one.receiver for producer_id, one in self._received.items()}

    async def sync(self) -> None:
        """Returns when the state that was desired at the time of the call is reached.

        Raises CallError; if it is `retryable`, call `sync` again later.
        """
        results = await asyncio.gather(self._sending.run(), self._receiving.run(), return_exceptions=True)
        for result in results:
            # Errors of a lost session do not count: the next session reconciles again.
            if isinstance(result, BaseException) and self.active:
                raise CallError.of(result) from result

    def apply_snapshot(self, session: SessionResumed) -> None:
        """After `resume`: drops what the server no longer has, and closes on the server what this client has not."""
        transports = {one.transport_id for one in session.transports}
        for direction, transport_id in self._transports.ids.items():
            if transport_id in transports:
                transports.discard(transport_id)
            else:
                self._drop_transport(direction)
        producers = {one.producer_id: one for one in session.producers}
        for source, sent in list(self._sent.items()):
            known = producers.pop(sent.producer_id, None)
            if known is None:
                self._drop_sent(source)
            else:
                sent.paused = known.paused
        consumers = {one.consumer_id: one for one in session.consumers}
        for producer_id, received in list(self._received.items()):
            consumer = consumers.pop(received.consumer_id, None)
            if consumer is None:
                self._drop_received(producer_id)
            else:
                received.paused = consumer.paused
                received.track.publication.set_current_layers(consumer.layers)
                received.track.publication.set_paused_by_bandwidth(consumer.paused_by_bandwidth)
                self.paused_by_server(consumer.consumer_id, "link", paused=consumer.paused_by_link)
        for unknown in transports:
            self._close_on_server(CloseTransport(transport_id=unknown))
        for unknown in producers:
            self._close_on_server(CloseProducer(producer_id=unknown))
        for unknown in consumers:
            self._close_on_server(CloseConsumer(consumer_id=unknown))

    def moved(self) -> None:
        """The room has moved to another media node: drops all transports and closes them on the previous node."""
        for direction, transport_id in self._transports.ids.items():
            self._close_on_server(CloseTransport(transport_id=transport_id))
            self._drop_transport(direction)

    def transport_closed(self, transport_id: str) -> bool:
        """The server has closed a transport. Returns whether it was one of this client's."""
        found = next((direction for direction, one in self._transports.ids.items() if one == transport_id), None)
        if found is not None:
            self._drop_transport(found)
        return found is not None

    def producer_closed(self, producer_id: str) -> Source | None:
        """The server has closed a producer. Returns its source if it was one of this client's."""
        found = next((source for source, one in self._sent.items() if one.producer_id == producer_id), None)
        if found is not None:
            self._drop_sent(found)
        return found

    def consumer_closed(self, consumer_id: str) -> None:
        """The server has closed a consumer."""
        received = self._received_by(consumer_id)
        if received is not None:
            self._drop_received(received.track.producer_id)

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

    def stats_request(self, of: Direction | LocalPublication | RemotePublication) -> GetStats | None:
        """The request for the server's statistics of a transport or a track; None while the server has none."""
        if isinstance(of, LocalPublication):
            sent = next((one for one in self._sent.values() if one.publication is of), None)
            return GetStats(producer_id=sent.producer_id) if sent else None
        if isinstance(of, RemotePublication):
            received = next((one for one in self._received.values() if one.track.publication is of), None)
            return GetStats(consumer_id=received.consumer_id) if received else None
        transport_id = self._transports.ids.get(of)
        return GetStats(transport_id=transport_id) if transport_id else None

    def drop(self) -> None:
        """Drops everything. `close` afterwards waits for it."""
        self.active = False
        self._drop_transport("send")
        self._drop_transport("recv")

    async def close(self) -> None:
        """Drops everything, and waits until it is closed."""
        self.drop()
        await asyncio.gather(self._sending.cancel(), self._receiving.cancel())
        if self._background:
            await asyncio.wait(self._background, timeout=_CLOSE_TIMEOUT)

    def _received_by(self, consumer_id: str) -> _Received | None:
        return next((one for one in self._received.values() if one.consumer_id == consumer_id), None)

    async def _send(self) -> None:
        if not self.active:
            return
        for source, sent in list(self._sent.items()):
            if self._local.get(source) is not sent.publication:
                self._drop_sent(source)
                await self._signaling.request(CloseProducer(producer_id=sent.producer_id))
        for source, publication in list(self._local.items()):
            current = self._sent.get(source) or await self._produce(source, publication)
            paused = publication.muted
            current.sender.set_paused(paused)
            if current.paused != paused:
                change = PauseProducer if paused else ResumeProducer
                await self._signaling.request(change(producer_id=current.producer_id))
                current.paused = paused

    async def _produce(self, source: Source, publication: LocalPublication) -> _Sent:
        transport = await self._transports.get("send")
        mid, self._next_mid = str(self._next_mid), self._next_mid + 1
        sender = Sender(
            transport,
            publication.track,
            self.router_capabilities,
            self._codec,
            mid=mid,
            cname=self._cname,
            on_ended=lambda: self._listener.track_ended(publication),
        )
        paused = publication.muted
        produced = await self._signaling.request(
            Produce(
                transport_id=transport.id,
                kind=publication.kind,
                rtp_parameters=sender.rtp_parameters,
                app_data={"source": source},
                paused=paused,
                source=source,
            )
        )
        if produced.paused:  # a moderator muted the source
            paused = True
            publication.set_muted(True)
        sent = _Sent(produced.id, publication, sender, paused)
        if self._transports.existing("send") is not transport:
            raise CallError("unreachable", "The transport was closed meanwhile.", retryable=True)
        self._sent[source] = sent
        sender.set_paused(paused)
        await sender.start()
        return sent

    async def _receive(self) -> None:
        if not self.active:
            return
        for producer_id, received in list(self._received.items()):
            exists = self._roster.tracks.get(producer_id) is received.track
            if exists and received.track.publication.wanted:
                continue
            self._drop_received(producer_id)
            if exists:
                await self._signaling.request(CloseConsumer(consumer_id=received.consumer_id))
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

    async def _consume(self, transport: RtpTransport, track: RemoteTrack) -> None:
        publication = track.publication
        preferred = publication.preferred_layers
        try:
            answer = await self._signaling.request(
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
            await self._signaling.request(ResumeConsumer(consumer_id=received.consumer_id))
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
        self._drop_received(track.producer_id)
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
            await self._signaling.request(
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

    def transport_disrupted(self) -> None:
        """Internal."""
        self._listener.media_disrupted()

    def transport_recovered(self) -> None:
        """Internal."""
        self._listener.media_stable()

    def transport_lost(self, transport_id: str) -> None:
        """Internal."""
        if self.transport_closed(transport_id):
            self._listener.sync_needed()

    def _drop_transport(self, direction: Direction) -> None:
        """Closes a transport locally, with its senders or receivers."""
        if direction == "send":
            for source in list(self._sent):
                self._drop_sent(source)
        else:
            for producer_id in list(self._received):
                self._drop_received(producer_id)
            self._cut_off.clear()
            self._refused.clear()
        self._transports.drop(direction)

    def _drop_sent(self, source: Source) -> None:
        sent = self._sent.pop(source, None)
        if sent is not None:
            self._spawn(sent.sender.stop())

    def _drop_received(self, producer_id: str) -> None:
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

    def _close_on_server(self, request: ClientRequest[Any]) -> None:
        """Closes an unused object on the server. Ignores errors: the next resume closes what remains."""

        async def close() -> None:
            with contextlib.suppress(CallError):
                await self._signaling.request(request)

        self._spawn(close())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        task.add_done_callback(retrieve_exception)


def _is_settled(task: CoalescedTask) -> bool:
    """Whether no run is pending and the last one need not be retried."""
    return task.is_idle and not (task.failure is not None and CallError.of(task.failure).retryable)


def _stream_parameters(rtp_parameters: dict[str, Any]) -> StreamParameters:
    """Raises CallError `unsupported_codec`, or `internal` when the server's parameters are malformed."""
    try:
        return StreamParameters.of(rtp_parameters)
    except UnsupportedCodec as error:
        raise CallError("unsupported_codec", str(error)) from error
    except InvalidRtpParameters as error:
        raise CallError("internal", str(error)) from error

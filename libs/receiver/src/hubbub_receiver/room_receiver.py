"""A hidden peer that receives a room.

Rules
- What is received follows from the room's records: one reconciliation at a time aligns the link and the tracks with
  them. It is repeated when something has changed or failed.
- A track is added before its consumer runs, so that no packet of its first key frame is missed.
- When the peer's record is gone and the room is not, the peer joins again under a new id: the store was lost, or the
  lease of this service lapsed.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import structlog

from hubbub_bus import Bus, Rejoins, Subscription
from hubbub_contracts import ErrorCode, HubbubError, Model, ids, subjects
from hubbub_contracts.base import NodeRequest
from hubbub_contracts.bus.consumer import CloseConsumer, CreateConsumer, RequestKeyFrame, ResumeConsumer
from hubbub_contracts.bus.media import MEDIA_EVENT, ConsumerClosed, MediaEvent, TransportClosed
from hubbub_contracts.bus.peer import JoinRoom, LeaveReason, LeaveRoom
from hubbub_contracts.bus.plain_transport import ConnectPlainTransport, CreatePlainTransport
from hubbub_contracts.bus.records import PeerRecord, Placement, ProducerRecord
from hubbub_contracts.bus.room import GetRoom, RoomRevisions, RoomSnapshot
from hubbub_contracts.bus.transport import CloseTransport
from hubbub_contracts.types import PeerRole
from hubbub_room import RoomReplica, open_feed
from hubbub_rtp import InvalidRtpParameters, ReceivePolicy, Receiver, StreamParameters, UnsupportedCodec
from hubbub_service import Tasks, report_failure

from .capabilities import receive_capabilities
from .plain_link import CRYPTO_SUITE, PlainLink, new_key
from .receiver_room import ReceiverRoom
from .track import ReceivedTrack, ReceiverListener, TrackSink

_log = structlog.get_logger(__name__)

ReplyT = TypeVar("ReplyT", bound=Model)

REGISTRY_TIMEOUT = 5.0
NODE_TIMEOUT = 3.0
RETRY_INTERVAL = 0.5
"""Seconds after a failed reconciliation."""
LEAVE_TIMEOUT = 1.0
"""Seconds. When nobody answers, the peer is removed after the lease of this service."""


@dataclass(frozen=True, slots=True)
class HiddenPeer:
    """As which peer a service joins."""

    role: PeerRole
    server_id: str
    """The name of the service's instance, which holds the lease `subjects.signaling_lease` of this name."""
    server_epoch: int
    """Of that lease."""
    app_data: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class _Membership:
    peer_id: str
    claim_id: str
    media_events: Subscription


@dataclass(slots=True)
class _Link:
    transport_id: str
    placement: Placement
    plain: PlainLink


@dataclass(slots=True)
class _Track:
    consumer_id: str
    receiver: Receiver
    sink: TrackSink
    paused: bool


class RoomReceiver:
    """Receives one room, from `open` to `close`."""

    def __init__(
        self, bus: Bus, room_id: str, peer: HiddenPeer, listener: ReceiverListener, policy: ReceivePolicy | None = None
    ) -> None:
        """`policy` is for tracks that need not be shown at once."""
        self._bus = bus
        self._room_id = room_id
        self._peer = peer
        self._listener = listener
        self._policy = policy or ReceivePolicy()
        self._changed = asyncio.Event()
        self._room = ReceiverRoom(self._changed.set)
        self._replica = RoomReplica(partial(open_feed, bus, room_id), self._fetch, self._room)
        self._tasks = Tasks()
        self._membership: _Membership | None = None
        self._revisions: Subscription | None = None
        self._link: _Link | None = None
        self._tracks: dict[str, _Track] = {}
        """By producer id."""
        self._unwanted: set[str] = set()
        """Producers that the listener does not want, or that cannot be received."""
        self._rejoins = Rejoins()
        self._link_lost = False
        self._uncertain = False
        """Closures may have been missed."""

    @property
    def peer_id(self) -> str:
        """The id of the hidden peer. Raises RuntimeError when it is not in the room."""
        if self._membership is None:
            raise RuntimeError("the receiver is not in the room")
        return self._membership.peer_id

    async def open(self) -> None:
        """Joins the room. Raises HubbubError: `room_not_found`, `quota_exceeded`, `unavailable`."""
        try:
            await self._replica.open()
            await self._join()
            self._revisions = await self._bus.subscribe(subjects.REVISIONS, RoomRevisions, self._on_revisions)
        except BaseException:
            await self.close()
            raise
        self._changed.set()
        self._tasks.spawn(self._run(), f"receive-room-{self._room_id[:16]}")

    async def close(self, reason: LeaveReason = "left") -> None:
        """Leaves the room. Every track ends."""
        await self._tasks.close()
        await self._close_link()
        if self._revisions is not None:
            await self._revisions.stop()
        await self._leave(reason)
        await self._replica.stop()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._reconcile()
            except (HubbubError, OSError) as error:
                _log.info("a room is not received completely, retrying", room_id=self._room_id, error=str(error))
                loop.call_later(RETRY_INTERVAL, self._changed.set)
            except Exception as error:  # noqa: BLE001  a bug with one change must not end the reception
                report_failure("a change of a received room failed", error, room_id=self._room_id)
                loop.call_later(RETRY_INTERVAL, self._changed.set)

    async def _reconcile(self) -> None:
        if not self._room.is_open:
            await self._close_link()
            self._listener.on_room_lost()
            return
        own = self._room.peers.get(self.peer_id)
        if own is None:
            _log.warning("the hidden peer was removed, joining again", room_id=self._room_id)
            await self._close_link()
            await self._leave("left")
            await self._join()
            own = self._room.peers.get(self.peer_id)
        placement = None if own is None else own.placement
        if self._link is not None and (self._link_lost or self._link.placement != placement):
            await self._close_link()
        self._link_lost = False
        if self._uncertain and self._link is not None:
            await self._check_consumers(self._link)
        self._uncertain = False
        await self._align_tracks(placement)

    async def _align_tracks(self, placement: Placement | None) -> None:
        wanted = {
            producer.producer_id: (peer, producer)
            for peer, producer in self._room.producers()
            if producer.producer_id not in self._unwanted
        }
        self._unwanted &= {producer.producer_id for _, producer in self._room.producers()}
        for producer_id in self._tracks.keys() - wanted.keys():
            await self._end_track(producer_id)
        for producer_id, (peer, producer) in wanted.items():
            track = self._tracks.get(producer_id)
            if track is not None:
                if track.paused != producer.paused:
                    track.paused = producer.paused
                    track.sink.on_paused(producer.paused)
            elif not self._listener.wants(peer, producer):
                self._unwanted.add(producer_id)
            elif placement is not None:
                await self._start_track(placement, peer, producer)

    async def _start_track(self, placement: Placement, peer: PeerRecord, producer: ProducerRecord) -> None:
        if self._link is None:
            self._link = await self._open_link(placement)
        link, consumer_id = self._link, ids.mint()
        try:
            created = await self._node(
                placement,
                CreateConsumer(
                    room_id=self._room_id,
                    peer_id=self.peer_id,
                    transport_id=link.transport_id,
                    producer_id=producer.producer_id,
                    consumer_id=consumer_id,
                    rtp_capabilities=receive_capabilities(),
                    origin=peer.placement_of(producer),
                ),
            )
            parameters = StreamParameters.of(created.rtp_parameters)
        except (InvalidRtpParameters, UnsupportedCodec) as error:
            self._refuse(producer, str(error))
            return
        except HubbubError as error:
            if error.code is not ErrorCode.UNSUPPORTED:
                raise
            self._refuse(producer, error.message)
            return
        receiver = Receiver(parameters, self._policy)
        sink = self._listener.on_track(
            ReceivedTrack(
                peer_id=peer.peer_id,
                user_id=peer.user_id,
                display_name=peer.display_name,
                producer_id=producer.producer_id,
                kind=producer.kind,
                app_data=producer.app_data,
                codec=parameters.codec,
                clock_rate=parameters.clock_rate,
                paused=producer.paused,
                request_key_frame=receiver.request_key_frame,
            )
        )
        self._tracks[producer.producer_id] = _Track(consumer_id, receiver, sink, producer.paused)
        link.plain.add(receiver, sink)
        try:
            resume = ResumeConsumer(room_id=self._room_id, peer_id=self.peer_id, consumer_id=consumer_id)
            await self._node(placement, resume)
        except HubbubError:
            await self._end_track(producer.producer_id)
            raise

    def _refuse(self, producer: ProducerRecord, why: str) -> None:
        _log.warning("a track cannot be received", room_id=self._room_id, producer_id=producer.producer_id, error=why)
        self._unwanted.add(producer.producer_id)

    async def _end_track(self, producer_id: str) -> None:
        """Ends a track, and its consumer if the node still has it."""
        track = self._forget_track(producer_id)
        if track is None or self._link is None:
            return
        close = CloseConsumer(room_id=self._room_id, peer_id=self.peer_id, consumer_id=track.consumer_id)
        await self._try(self._node(self._link.placement, close, timeout=LEAVE_TIMEOUT))

    def _forget_track(self, producer_id: str) -> _Track | None:
        """Ends a track on this side, and returns it."""
        track = self._tracks.pop(producer_id, None)
        if track is not None:
            track.sink.on_closed()
            if self._link is not None:
                self._link.plain.remove(track.receiver)
        return track

    async def _check_consumers(self, link: _Link) -> None:
        """Ends the tracks whose consumers the node closed while its events did not arrive. Raises HubbubError."""
        for producer_id, track in list(self._tracks.items()):
            probe = RequestKeyFrame(room_id=self._room_id, peer_id=self.peer_id, consumer_id=track.consumer_id)
            try:
                await self._node(link.placement, probe)
            except HubbubError as error:
                if error.code is not ErrorCode.NOT_FOUND:
                    raise
                await self._end_track(producer_id)

    async def _open_link(self, placement: Placement) -> _Link:
        """Creates a plain transport, and connects a socket to it. Raises HubbubError and OSError."""
        transport_id, own_key = ids.mint(), new_key()
        created = await self._node(
            placement,
            CreatePlainTransport(
                room_id=self._room_id,
                peer_id=self.peer_id,
                transport_id=transport_id,
                codec_profile=self._room.codec_profile,
                srtp_crypto_suite=CRYPTO_SUITE,
            ),
        )
        if created.srtp_parameters is None:
            raise HubbubError(ErrorCode.INTERNAL, "the media node sent no SRTP key")
        plain = await PlainLink.open((created.ip, created.port), own_key, created.srtp_parameters)
        link = _Link(transport_id, placement, plain)
        try:
            ip, port = plain.local_address
            connect = ConnectPlainTransport(
                room_id=self._room_id,
                peer_id=self.peer_id,
                transport_id=transport_id,
                ip=ip,
                port=port,
                srtp_parameters=own_key,
            )
            await self._node(placement, connect)
        except BaseException:
            await self._discard(link)
            raise
        return link

    async def _close_link(self) -> None:
        link, self._link = self._link, None
        for producer_id in list(self._tracks):
            await self._end_track(producer_id)
        if link is not None:
            await self._discard(link)

    async def _discard(self, link: _Link) -> None:
        await link.plain.close()
        close = CloseTransport(room_id=self._room_id, peer_id=self.peer_id, transport_id=link.transport_id)
        await self._try(self._node(link.placement, close, timeout=LEAVE_TIMEOUT))

    async def _join(self) -> None:
        """Joins under a new peer id. Raises HubbubError."""
        peer_id, claim_id, peer = ids.mint(), ids.mint(), self._peer
        media_events = await self._bus.subscribe(
            subjects.media(self._room_id, peer_id), MEDIA_EVENT, self._on_media_event, on_gap=self._on_media_gap
        )
        self._membership = _Membership(peer_id, claim_id, media_events)
        message = JoinRoom(
            room_id=self._room_id,
            peer_id=peer_id,
            user_id=peer.role,
            display_name=peer.role,
            app_data=peer.app_data,
            role=peer.role,
            signaling_id=peer.server_id,
            signaling_epoch=peer.server_epoch,
            claim_id=claim_id,
        )
        try:
            snapshot = await self._bus.request(subjects.registry(message.verb), message, timeout=REGISTRY_TIMEOUT)
        except BaseException:
            await self._leave("left")
            raise
        self._replica.adopt(snapshot)

    async def _leave(self, reason: LeaveReason) -> None:
        membership, self._membership = self._membership, None
        if membership is None:
            return
        await membership.media_events.stop()
        message = LeaveRoom(
            room_id=self._room_id, peer_id=membership.peer_id, reason=reason, claim_id=membership.claim_id
        )
        await self._try(self._bus.request(subjects.registry(message.verb), message, timeout=LEAVE_TIMEOUT))

    async def _fetch(self) -> RoomSnapshot:
        message = GetRoom(room_id=self._room_id)
        return await self._bus.request(subjects.registry(message.verb), message, timeout=REGISTRY_TIMEOUT)

    async def _node(
        self, placement: Placement, message: NodeRequest[ReplyT], *, timeout: float = NODE_TIMEOUT
    ) -> ReplyT:
        subject = subjects.node(placement.node_id, placement.epoch, message.verb)
        return await self._bus.request(subject, message, timeout=timeout)

    async def _try(self, closing: Any) -> None:
        """Awaits a request that closes something. Its owner closes it as well, later."""
        try:
            await closing
        except HubbubError as error:
            _log.debug("not closed", room_id=self._room_id, error=error.message)

    def _on_revisions(self, event: RoomRevisions) -> None:
        if self._rejoins.are_new(event.rejoined):
            self._on_media_gap()
        revision = event.revisions.get(self._room_id)
        if revision is not None:
            self._replica.announce(revision)

    def _on_media_event(self, event: MediaEvent) -> None:
        match event:
            case TransportClosed(transport_id=transport_id):
                self._link_lost |= self._link is not None and self._link.transport_id == transport_id
            case ConsumerClosed(producer_id=producer_id, consumer_id=consumer_id):
                track = self._tracks.get(producer_id)
                if track is None or track.consumer_id != consumer_id:
                    return
                self._forget_track(producer_id)
            case _:
                return
        self._changed.set()

    def _on_media_gap(self) -> None:
        self._uncertain = True
        self._changed.set()

"""Fakes for the ports of signaling's sessions, and a rig that wires real sessions to them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from hubbub_access import TokenVerifier
from hubbub_contracts import Done, ErrorCode, HubbubError, Model, Request
from hubbub_contracts.base import CaptionsRequest, RecorderRequest, WebhooksRequest
from hubbub_contracts.bus.captions import CaptionEvent
from hubbub_contracts.bus.media import MediaEvent
from hubbub_contracts.bus.moderation import Moderated
from hubbub_contracts.bus.moderation_records import Moderation
from hubbub_contracts.bus.node import DescribePeer, PeerDescription
from hubbub_contracts.bus.peer import (
    ChooseStandby,
    ClaimPeer,
    EndStandby,
    JoinRoom,
    LeaveReason,
    LeaveRoom,
)
from hubbub_contracts.bus.producer import (
    AddProducer,
    AddStandbyProducer,
    CreateProducer,
    ProducerCreated,
    Registered,
    RemoveProducers,
    ReplaceProducer,
    SetProducerPaused,
)
from hubbub_contracts.bus.records import PeerRecord, Placement, ProducerRecord, RoomRecord
from hubbub_contracts.bus.room import RoomAnnounced, RoomSnapshot
from hubbub_contracts.bus.speaker import SpeakerEvent
from hubbub_contracts.bus.transport import CreateTransport
from hubbub_room import FeedChange, PeerChanged, SettingsChanged, Subscription
from hubbub_signaling.domain.ice_servers import IceServers
from hubbub_signaling.domain.identity import ANYBODY, Identity, IdentityPolicy
from hubbub_signaling.domain.owned_resources import OwnedTransport
from hubbub_signaling.domain.ports import ReplyT
from hubbub_signaling.domain.revocations import Revocations
from hubbub_signaling.domain.session_settings import SessionSettings
from hubbub_signaling.handlers.catalogue import HANDLERS
from hubbub_signaling.handlers.context import RequestContext
from hubbub_signaling.handlers.handler import Handler
from hubbub_signaling.handlers.live_tokens import LiveTokens
from hubbub_signaling.handlers.reconnect_grace import ReconnectGrace
from hubbub_signaling.handlers.registry_outbox import RegistryOutbox
from hubbub_signaling.handlers.room_hub import RoomHubs
from hubbub_signaling.handlers.session import Session, SessionPorts
from hubbub_signaling.handlers.session_manager import SessionManager
from support.fake_ports import (
    AnnouncementFeed,
    CaptionFeed,
    FakeSocket,
    FakeTelemetry,
    Feed,
    MediaFeed,
    SpeakerFeed,
)
from support.fake_standbys import TRANSPORT_CREATED, answer_about_standby

SIGNALING_ID = "here"
SIGNALING_EPOCH = 7
GRACE = 30.0
ROOM = RoomRecord(room_id="room", call_id="call", codec_profile="v1", created_at=0)
NODE = Placement(node_id="node", epoch=1)
OTHER_NODE = Placement(node_id="other", epoch=2)
SENDS, RECEIVES = OwnedTransport("send", NODE), OwnedTransport("recv", NODE)
"""Transports of a client on its node."""

Answer = Model | HubbubError | Callable[[Any], Awaitable[Model]]


def with_handler(event: str, handle: Callable[[RequestContext, Any], Awaitable[Model]]) -> dict[str, Handler]:
    """Signaling's catalogue with another handler for this event."""
    return {**HANDLERS, event: replace(HANDLERS[event], handle=handle)}


def code(answer: dict[str, Any]) -> str | None:
    """The error code of an answer; None when it is not an error."""
    error = answer.get("error")
    return error["code"] if error else None


def unavailable() -> HubbubError:
    """A retryable error."""
    return HubbubError(ErrorCode.UNAVAILABLE, "unreachable", retryable=True)


def peer_record(
    peer_id: str,
    *producers: str,
    room_id: str = "room",
    placement: Placement | None = NODE,
    signaling_id: str = SIGNALING_ID,
    claim_id: str | None = None,
) -> PeerRecord:
    """A peer with audio producers of these ids."""
    return PeerRecord(
        room_id=room_id,
        peer_id=peer_id,
        user_id=f"user of {peer_id}",
        display_name=peer_id,
        app_data={},
        joined_at=0,
        signaling_id=signaling_id,
        claim_id=claim_id,
        placement=placement,
        producers=[ProducerRecord(producer_id=one, kind="audio", app_data={}, paused=False) for one in producers],
    )


class FakeBackend:
    """Implements `Backend`: answers requests from `answers`, and adds joining and claimed peers to `peers`.

    A list in `answers` is used up one by one; the last answer repeats.
    """

    def __init__(self) -> None:
        self.answers: dict[type[Request[Any]], Answer | list[Answer]] = {}
        self.registry_requests: list[Request[Any]] = []
        self.node_requests: list[Request[Any]] = []
        self.asked: list[Placement] = []
        """The node of each of them."""
        self.nodes: dict[Placement, dict[type[Request[Any]], Answer]] = {NODE: {}}
        """The nodes, with answers of their own."""
        self.requested_at: list[float] = []
        """The loop's time of each registry request."""
        self.feeds: dict[str, list[Feed]] = {}
        """By room id."""
        self.media: dict[str, MediaFeed] = {}
        """By peer id."""
        self.speakers: dict[str, list[SpeakerFeed]] = {}
        """By room id."""
        self.captions_requests: list[tuple[Request[Any], str | None]] = []
        """With the instance that was asked."""
        self.captions_feeds: dict[str, CaptionFeed] = {}
        """By room id."""
        self.announcement_feeds: dict[str, AnnouncementFeed] = {}
        """By room id."""
        self.peers: dict[str, PeerRecord] = {}
        self.room = ROOM
        self.revision = 10
        self.feed_error: HubbubError | None = None

    async def registry(self, message: Request[ReplyT]) -> ReplyT:
        """See `Backend`."""
        self.registry_requests.append(message)
        self.requested_at.append(asyncio.get_running_loop().time())
        return await self._answer(message)

    async def recorder(self, message: RecorderRequest[ReplyT]) -> ReplyT:
        """See `Backend`."""
        return await self._answer(message)

    async def webhooks(self, message: WebhooksRequest[ReplyT]) -> ReplyT:
        """See `Backend`."""
        return await self._answer(message)

    async def node(self, placement: Placement, message: Request[ReplyT]) -> ReplyT:
        """See `Backend`."""
        self.node_requests.append(message)
        self.asked.append(placement)
        return await self._answer(message, self.nodes[placement].get(type(message)))

    async def watch_room(
        self, room_id: str, on_change: Callable[[FeedChange], None], on_gap: Callable[[], None]
    ) -> Subscription:
        """See `Backend`."""
        if self.feed_error is not None:
            raise self.feed_error
        feed = Feed(on_change, on_gap)
        self.feeds.setdefault(room_id, []).append(feed)
        return feed

    async def watch_media(
        self, room_id: str, peer_id: str, on_event: Callable[[MediaEvent], None], on_gap: Callable[[], None]
    ) -> Subscription:
        """See `Backend`."""
        assert room_id
        feed = self.media[peer_id] = MediaFeed(on_event, on_gap)
        return feed

    async def watch_speakers(self, room_id: str, on_event: Callable[[SpeakerEvent], None]) -> Subscription:
        """See `Backend`."""
        feed = SpeakerFeed(on_event)
        self.speakers.setdefault(room_id, []).append(feed)
        return feed

    async def captions(self, message: CaptionsRequest[ReplyT], server_id: str | None = None) -> ReplyT:
        """See `Backend`."""
        self.captions_requests.append((message, server_id))
        return await self._answer(message)

    async def watch_announcements(self, room_id: str, on_event: Callable[[RoomAnnounced], None]) -> Subscription:
        """See `Backend`."""
        feed = self.announcement_feeds[room_id] = AnnouncementFeed(on_event)
        return feed

    async def announce(self, room_id: str, event: RoomAnnounced) -> None:
        """See `Backend`."""
        self.announcement_feeds[room_id].on_event(event)

    async def watch_captions(self, room_id: str, on_event: Callable[[CaptionEvent], None]) -> Subscription:
        """See `Backend`."""
        feed = self.captions_feeds[room_id] = CaptionFeed(on_event)
        return feed

    def snapshot(self) -> RoomSnapshot:
        """The room with `peers`."""
        return RoomSnapshot(room=self.room, peers=list(self.peers.values()), revision=self.revision)

    def change_peer(self, peer_id: str, record: PeerRecord | None, reason: str = "") -> None:
        """Stores a change and delivers it to all open feeds."""
        self.revision += 1
        if record is None:
            self.peers.pop(peer_id, None)
        else:
            self.peers[peer_id] = record
        self.deliver(PeerChanged(self.revision, peer_id, record, reason))

    def moderate(self, rules: Moderation) -> None:
        """Stores what moderators have decided, and delivers it to all open feeds."""
        self.revision += 1
        self.room = self.room.model_copy(update={"moderation": rules})
        self.deliver(SettingsChanged(self.revision, self.room, ""))

    def update_peer(self, peer_id: str, **changed: object) -> None:
        """Stores changed fields of a peer, and delivers the change to all open feeds."""
        self.change_peer(peer_id, self.peers[peer_id].model_copy(update=changed))

    def deliver(self, change: FeedChange) -> None:
        """Delivers a change to all open feeds."""
        for feed in self.open_feeds():
            feed.on_change(change)

    def open_feeds(self) -> list[Feed]:
        """The room feeds that were not stopped."""
        return [feed for feeds in self.feeds.values() for feed in feeds if not feed.stopped]

    def departures(self) -> list[tuple[str, LeaveReason]]:
        """The peers whose removal the registry was asked for."""
        return [(one.peer_id, one.reason) for one in self.registry_requests if isinstance(one, LeaveRoom)]

    def removed_producers(self) -> list[list[str]]:
        """The producers whose removal the registry was asked for, by request."""
        return [one.producer_ids for one in self.registry_requests if isinstance(one, RemoveProducers)]

    def open_subscriptions(self) -> int:
        """The number of room feeds and media feeds that were not stopped."""
        return len(self.open_feeds()) + sum(not feed.stopped for feed in self.media.values())

    async def _answer(self, message: Request[ReplyT], own: Answer | None = None) -> ReplyT:
        answer = own or self.answers.get(type(message))
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if answer is None:
            return self._default(message)
        if isinstance(answer, HubbubError):
            raise answer
        return answer if isinstance(answer, Model) else await answer(message)  # type: ignore[return-value]

    def _default(self, message: Request[ReplyT]) -> ReplyT:
        reply: Model = Done()
        if isinstance(message, JoinRoom | ClaimPeer):
            self.revision += 1
            self.peers[message.peer_id] = peer_record(
                message.peer_id, room_id=message.room_id, signaling_id=message.signaling_id, claim_id=message.claim_id
            )
            if isinstance(message, JoinRoom):
                waits = self.room.rules.lobby and not message.exempt
                self.peers[message.peer_id] = self.peers[message.peer_id].model_copy(
                    update={
                        "user_id": message.user_id,
                        "whip": message.whip,
                        "room_role": message.room_role,
                        "role": "waiting" if waits else message.role,
                    }
                )
            reply = self.snapshot()
        elif isinstance(message, DescribePeer):
            reply = PeerDescription(transports=[], producers=[], consumers=[])
        elif isinstance(message, AddProducer | ReplaceProducer | SetProducerPaused):
            reply = Registered(revision=self.revision)
        elif message.reply_model() is Moderated:
            reply = Moderated(revision=self.revision)
        elif isinstance(message, CreateProducer):
            reply = ProducerCreated(producer_id=message.producer_id)
        elif isinstance(message, CreateTransport):
            reply = TRANSPORT_CREATED
        elif isinstance(message, ChooseStandby | AddStandbyProducer | EndStandby):
            reply = answer_about_standby(self, message)
        return reply  # type: ignore[return-value]


class FakeClient:
    """A fake socket and its session."""

    def __init__(self, manager: SessionManager, identity: Identity = ANYBODY) -> None:
        self.socket = FakeSocket()
        self.session: Session = manager.open(self.socket, identity)

    async def ask(self, event: str, payload: object = None) -> dict[str, Any]:
        """Sends a request and returns its answer."""
        answered: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.send(event, payload, answered.set_result)
        return await answered

    def send(
        self, event: str, payload: object = None, on_answer: Callable[[dict[str, Any]], None] = lambda _: None
    ) -> None:
        """Sends a request; the answer is also recorded as `ack` among what the socket sent."""

        def acknowledge(answer: dict[str, Any]) -> None:
            self.socket.sent.append(("ack", answer))
            on_answer(answer)

        self.session.receive(event, payload, acknowledge)

    async def join(self, *, resumable: bool = False) -> dict[str, Any]:
        """Joins the room of the call `call`."""
        join = {"callId": "call", "userId": "ann", "rtpCapabilities": {"codecs": []}, "resumable": resumable}
        return await self.ask("joinRoom", join)

    @property
    def peer_id(self) -> str:
        """The id of the client's peer."""
        assert self.session.membership is not None
        return self.session.membership.peer_id

    @property
    def room_id(self) -> str:
        """The id of the client's room."""
        assert self.session.membership is not None
        return self.session.membership.room_id


class SignalingRig:
    """A session manager on fakes."""

    def __init__(
        self,
        handlers: Mapping[str, Handler] = HANDLERS,
        tokens: TokenVerifier | None = None,
        *,
        captions: bool = True,
        participants_record: bool = True,
        region: str | None = None,
    ) -> None:
        self.backend = FakeBackend()
        self.telemetry = FakeTelemetry()
        self.revocations = Revocations()
        self.policy = IdentityPolicy(
            api_key=None, trust_user_header=False, tokens=tokens, withhold=self.revocations.applied_to
        )
        settings = SessionSettings(
            SIGNALING_ID, SIGNALING_EPOCH, GRACE, IceServers(), captions, participants_record, region=region
        )
        self.ports = SessionPorts(
            self.backend,
            RoomHubs(self.backend),
            RegistryOutbox(self.backend, self.telemetry),
            settings,
            handlers,
            self.telemetry,
            LiveTokens(self._verify, self.revocations),
        )
        self.grace = ReconnectGrace(self.backend, GRACE)
        self.manager = SessionManager(self.ports, self.grace)

    def client(self, token: str | None = None) -> FakeClient:
        """A connected client."""
        return FakeClient(self.manager, ANYBODY if token is None else self._verify(token))

    def _verify(self, token: object) -> Identity:
        return self.policy.verify(token, time.time())

    async def joined(self, *, resumable: bool = False) -> FakeClient:
        """A client in the room, with nothing in the record of what was sent."""
        client = self.client()
        answer = await client.join(resumable=resumable)
        assert "error" not in answer, answer
        client.socket.sent.clear()
        return client

"""One client's session: its state, its membership, and its requests and events.

Rules
- A request is validated when it arrives. Its session state is checked when its turn in the queue comes.
- Each request is acknowledged exactly once.
- The client gets no event about an object before the acknowledgement that introduces it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import structlog
from opentelemetry import trace

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.media import (
    ConsumerClosed,
    ConsumerLayersChanged,
    ConsumerPaused,
    ConsumerResumed,
    ConsumerScoreChanged,
    MediaEvent,
    ProducerClosed,
    ProducerLayersWanted,
    ProducerScoreChanged,
    TransportClosed,
    TransportConnected,
    TransportDisconnected,
)
from hubbub_contracts.bus.peer import ClaimPeer, JoinRoom
from hubbub_contracts.bus.producer import RemoveProducers
from hubbub_contracts.bus.records import PeerRecord
from hubbub_contracts.bus.room import RoomSnapshot
from hubbub_contracts.socket import captions, consumer, moderation, producer, room, transport
from hubbub_contracts.socket.base import ClientRequest, Push
from hubbub_contracts.socket.catalogue import CLIENT_REQUESTS
from hubbub_contracts.types import ConnectionState
from hubbub_service import report_failure

from ..domain.answer_cache import AnswerCache
from ..domain.authorization import allows_room_id, may_publish, require
from ..domain.claim import Claim
from ..domain.client_kind import SOCKET, ClientKind
from ..domain.connection_state import FAILURES, is_connection
from ..domain.identity import Identity
from ..domain.media_event_subject import subject_of
from ..domain.owned_resources import OwnedResources
from ..domain.ports import Backend, ClientSocket, SessionTelemetry
from ..domain.pushes import Audience, lobby_peer, pushes
from ..domain.roles import assigned_role
from ..domain.room_view import (
    ROOM_LOST,
    PeerAdmitted,
    PeerClaimed,
    PeerRemoved,
    PlacementChanged,
    ProducerAdded,
    ProducerRemoved,
    RoleChanged,
    RoomRemoved,
    ViewChange,
)
from ..domain.session_settings import SessionSettings
from ..domain.session_state import ENTERED, SessionEvent, SessionState, SessionStateMachine
from ..domain.stream_pushes import consumer_push, producer_push
from .admission import Admission
from .client_request import OK, Acknowledge, as_hubbub_error, measured, parse_request
from .connection_reporter import ConnectionReporter
from .context import RequestContext, SessionDirectory
from .entering import room_joined
from .forced_close import STOPPED, close_forbidden, close_removed
from .handler import Handler
from .keyed_queue import KeyedQueue, Operation
from .live_tokens import LiveTokens
from .media_gap import MediaGapRecovery
from .membership import RoomMembership
from .registry_outbox import RegistryOutbox
from .room_hub import RoomHubs
from .session_access import SessionAccess

OWN_CHANGES = (
    PeerRemoved,
    PeerClaimed,
    PlacementChanged,
    PeerAdmitted,
    ProducerRemoved,
    ProducerAdded,
    RoleChanged,
)
"""The changes of the client's own peer that mean something for its session."""
_REMOVED_BECAUSE: Mapping[str, room.RoomClosedReason] = {
    "kicked": "removed",
    "banned": "banned",
    "refused": "refused",
    "room_closed": "closed",
}
"""Why the registry removed the peer -> what the client is told."""
_GONE = HubbubError(ErrorCode.ROOM_NOT_FOUND, "the room was closed")
_REFUSED: Mapping[room.RoomClosedReason, HubbubError] = {
    "refused": HubbubError(ErrorCode.NOT_ADMITTED, "a moderator refused the client"),
    "removed": HubbubError(ErrorCode.NOT_ADMITTED, "a moderator refused the client"),
    "banned": HubbubError(ErrorCode.BANNED, "a moderator banned this user from the room"),
}
"""The same, for a client whose join is not answered yet."""
_CANCELLED = HubbubError(ErrorCode.CANCELLED, "the peer left, or its socket was lost")
_log = structlog.get_logger(__name__)
_tracer = trace.get_tracer("hubbub.signaling")


class SessionHost(SessionDirectory, Protocol):
    """The owner of the sessions of this instance."""

    def attach(self, session: Session) -> None:
        """Registers the session as the one that serves its peer, and replaces the former one."""

    def replace(self, session: Session) -> None:
        """Another session serves the peer: closes this one, without a departure."""

    def evict(self, session: Session) -> None:
        """The peer was removed from the room: ends its membership. The socket stays open."""

    async def leave(self, session: Session) -> None:
        """Ends the membership and removes the peer from the room."""

    def expire(self, session: Session) -> None:
        """The client's access token expired or was revoked: removes the peer from the room, and closes the socket."""


@dataclass(frozen=True)
class SessionPorts:
    """The dependencies that all sessions of an instance share."""

    backend: Backend
    hubs: RoomHubs
    outbox: RegistryOutbox
    settings: SessionSettings
    handlers: Mapping[str, Handler]
    telemetry: SessionTelemetry
    tokens: LiveTokens


class Session:
    """Lives as long as the client's socket; a resumable one outlives it by the grace period."""

    def __init__(
        self,
        client: ClientSocket,
        host: SessionHost,
        ports: SessionPorts,
        identity: Identity,
        kind: ClientKind = SOCKET,
    ) -> None:
        self.client = client
        self.kind = kind
        self.access = SessionAccess(identity, ports.tokens, client, lambda: host.expire(self), self._on_rooms_closed)
        self.machine = SessionStateMachine()
        self.resources = OwnedResources()
        self.membership: RoomMembership | None = None
        self._host = host
        self._ports = ports
        self._answers = AnswerCache()
        self._queue = KeyedQueue()
        self._running: set[RequestContext] = set()
        self._deferred: list[MediaEvent] = []
        self._media_recovery = MediaGapRecovery(ports.backend, ports.outbox, self.resources, self.on_media_event)
        self._media_gap_while_entering = False
        self._connection = ConnectionReporter(ports.outbox)
        self._admission = Admission()

    @property
    def entered(self) -> bool:
        """Whether the session is in a room, or in its lobby."""
        return self.machine.state in ENTERED

    @property
    def awaits_admission(self) -> bool:
        """Whether its join is answered once a moderator has decided: the client cannot resume yet."""
        return self._admission.pending

    def receive(self, event: str, payload: object, acknowledge: Acknowledge) -> None:
        """Validates a request and puts it into the queue. `acknowledge` is called with its answer."""
        acknowledge = measured(acknowledge, self._ports.telemetry, CLIENT_REQUESTS, event)
        try:
            request = parse_request(CLIENT_REQUESTS, event, payload)
            if self._queue.full:
                raise HubbubError(ErrorCode.RATE_LIMITED, "too many requests are pending", retryable=True)
            operation_id: str | None = getattr(request, "operation_id", None)
            self._answers.begin(operation_id, event)
        except HubbubError as error:
            acknowledge(error.reply().wire())
            return
        handler = self._ports.handlers[event]

        def answer(message: dict[str, Any]) -> None:
            self._answers.end(operation_id)
            acknowledge(message)

        operation = Operation(
            run=lambda: self._run(handler, request, operation_id, answer),
            on_cancelled=lambda: answer(_CANCELLED.reply().wire()),
        )
        if handler.barrier is None:
            self._queue.submit(handler.key(self.resources, request), operation)
        else:
            self._queue.submit_barrier(handler.barrier, operation)

    @contextlib.asynccontextmanager
    async def enter_room(
        self,
        request: JoinRoom | ClaimPeer,
        claim: Claim,
        *,
        rtp_capabilities: dict[str, Any] | None,
        resume_secret: str | None,
    ) -> AsyncIterator[RoomMembership]:
        """See `RequestingSession`. Subscribes to the room and the peer's media events, then sends `request`."""
        room_id, peer_id, ports = request.room_id, request.peer_id, self._ports
        self.machine.apply(SessionEvent.JOIN_STARTED)
        self._media_gap_while_entering = False
        async with contextlib.AsyncExitStack() as undo:
            undo.callback(self._refuse_join)
            hub = await ports.hubs.acquire(room_id)
            undo.push_async_callback(ports.hubs.release, hub)
            media_events = await ports.backend.watch_media(room_id, peer_id, self.on_media_event, self.on_media_gap)
            undo.push_async_callback(_stop_quietly, media_events)
            snapshot: RoomSnapshot = await ports.backend.registry(request)
            hub.replica.adopt(snapshot)
            membership = RoomMembership(hub, peer_id, claim, rtp_capabilities, resume_secret, media_events)
            yield membership
            self._require_entering(membership)
            undo.pop_all()
        self.membership = membership
        waits = membership.record.waiting
        self.machine.apply(SessionEvent.JOIN_WAITS if waits else SessionEvent.JOIN_ACCEPTED)
        self.access.assign(assigned_role(hub.view.rules, membership.record))
        hub.listeners.add(self)
        self._host.attach(self)
        if self._media_gap_while_entering:
            self.on_media_gap()

    async def admission(self) -> None:
        """See `RequestingSession`."""
        try:
            await self._admission.wait(self._ports.settings.lobby_timeout)
        except HubbubError:
            if self.entered:  # nobody has decided
                await self._host.leave(self)
            raise

    def enforce_role(self) -> None:
        """See `RequestingSession`."""
        self._in_background(close_forbidden)

    async def leave_room(self) -> None:
        """Leaves the room on the client's request."""
        await self._host.leave(self)

    def push(self, push: Push) -> None:
        """See `RequestingSession`."""
        self.client.push(push)

    def media_connected(self) -> None:
        """The media node has a connection with the peer."""
        self._report_connection("connected")

    async def detach(self) -> None:
        """Ends the membership on this instance. The peer stays in the room."""
        membership, self.membership = self.membership, None
        self._media_recovery.stop()
        self._connection.stop()
        self.resources.clear()
        self.access.assign(None)
        if membership is not None:
            membership.hub.listeners.discard(self)
            try:
                await membership.media_events.stop()
            finally:
                await self._ports.hubs.release(membership.hub)

    async def close(self) -> None:
        """Cancels pending requests and detaches. Requests that arrive later are answered `invalid_state`."""
        self.machine.apply(SessionEvent.CLOSED)
        self.access.stop()
        try:
            await self._queue.cancel()
        finally:
            await self.detach()

    def _on_rooms_closed(self) -> None:
        """The access token was revoked in some rooms. A client that is just entering one may try again."""
        if self.membership is not None and allows_room_id(self.access.identity, self.membership.room_id):
            return
        if self.membership is not None or self.machine.state is SessionState.JOINING:
            self._host.expire(self)

    def on_changes(self, changes: Sequence[ViewChange]) -> None:
        """Pushes the changes of the room to the client."""
        membership = self.membership
        if membership is None:
            return
        uprooted = any(_uproots(change, membership.peer_id) for change in changes)
        for change in changes:
            if self._takes(change, membership, uprooted=uprooted):
                continue
            if self.machine.state is SessionState.JOINED and not self._admission.pending:
                for push in pushes(change, self._audience(membership), membership.hub.view):
                    self.client.push(push)

    def _takes(self, change: ViewChange, membership: RoomMembership, *, uprooted: bool) -> bool:
        """Does what a change means for the client's own peer. Returns whether no event tells the client of it.

        `uprooted`: the same change takes the peer from its node, with all of its producers.
        """
        if isinstance(change, RoomRemoved):
            self._removed("lost" if change.reason == ROOM_LOST else "closed")
            return True
        if not isinstance(change, OWN_CHANGES) or change.peer.peer_id != membership.peer_id:
            return False
        match change:
            case PeerRemoved(_, reason):
                self._removed(_REMOVED_BECAUSE.get(reason, "lost"))
            case PeerClaimed(peer):
                if not membership.claim.holds(peer):
                    self._host.replace(self)
            case PlacementChanged(peer):
                self._moved(peer)
            case PeerAdmitted():
                self._admitted(membership)
            case ProducerRemoved(_, producer) if not uprooted:
                self._in_background(partial(close_removed, producer_id=producer.producer_id, reason=STOPPED))
            case ProducerAdded(_, added):
                # A role that changed during its `produce` may not allow it any more.
                if not may_publish(self.access.identity, added.kind, added.app_data, added.shows):
                    self.enforce_role()
            case RoleChanged():
                self._role_changed(membership)
                return False
        return True

    def on_room_event(self, push: Push) -> None:
        """Pushes who speaks, and what is said to those who may hear it."""
        if isinstance(push, captions.Captions) and not self.access.identity.grants.may_subscribe:
            return
        if self.machine.state is SessionState.JOINED and not self._admission.pending:
            self.client.push(push)

    def on_changes_missed(self) -> None:
        """Closes the socket. The client resumes, and the answer contains the whole room."""
        self.client.close()

    def on_media_event(self, event: MediaEvent) -> None:
        """Pushes what the media node reports to the client. Removes the resource that the node closed."""
        subject = subject_of(event)
        entering = self.machine.state is SessionState.JOINING
        if entering or any(subject in context.new_ids for context in self._running):
            self._deferred.append(event)
            return
        match event:
            case TransportConnected() | TransportDisconnected() | TransportClosed():
                self._on_transport_event(event)
            case ProducerClosed(producer_id=producer_id, reason=reason):
                self._producer_closed(producer_id, reason)
            case ConsumerClosed(consumer_id=consumer_id, producer_id=producer_id, reason=reason):
                if self.resources.consumers.pop(consumer_id, None) is not None:
                    self.client.push(
                        consumer.ConsumerClosed(consumer_id=consumer_id, producer_id=producer_id, reason=reason)
                    )
            case ProducerLayersWanted() | ProducerScoreChanged():
                if subject in self.resources.producers:
                    self.client.push(producer_push(event))
            case ConsumerLayersChanged() | ConsumerScoreChanged():
                if subject in self.resources.consumers:
                    self.client.push(consumer_push(event))
            case ConsumerPaused() | ConsumerResumed():
                self._on_consumer_pause(event)

    def on_media_gap(self) -> None:
        """Media events may have been missed."""
        if self.membership is None:
            self._media_gap_while_entering = True
        else:
            self._media_recovery.start(self.membership)

    def _on_consumer_pause(self, event: ConsumerPaused | ConsumerResumed) -> None:
        """Pushes a change. After a gap, the node's description repeats what the client knows."""
        owned = self.resources.consumers.get(event.consumer_id)
        paused = isinstance(event, ConsumerPaused)
        if owned is None or owned.paused_by_bandwidth == paused:
            return
        self.resources.consumers[event.consumer_id] = replace(owned, paused_by_bandwidth=paused)
        push = consumer.ConsumerPaused if paused else consumer.ConsumerResumed
        self.client.push(push(consumer_id=event.consumer_id, reason=event.reason))

    def _on_transport_event(self, event: TransportConnected | TransportDisconnected | TransportClosed) -> None:
        transports, transport_id = self.resources.transports, event.transport_id
        if transport_id not in transports:
            return
        counts = is_connection(transport_id, transports)
        match event:
            case TransportConnected():
                self._report_connection("connected")
            case TransportDisconnected():
                if counts:
                    self._report_connection("disconnected")
            case TransportClosed(reason=reason):
                self.resources.remove_transport(transport_id)
                self.client.push(transport.TransportClosed(transport_id=transport_id, reason=reason))
                if counts and reason in FAILURES:
                    self._report_connection("disconnected")

    async def _run(
        self, handler: Handler, request: ClientRequest[Any], operation_id: str | None, acknowledge: Acknowledge
    ) -> None:
        """Handles a request whose turn has come, and acknowledges it."""
        if (cached := self._answers.get(operation_id)) is not None:
            acknowledge(cached)
            return
        context = self._context()
        self._running.add(context)
        try:
            with _tracer.start_as_current_span(f"socket {request.event}", kind=trace.SpanKind.SERVER) as span:
                try:
                    require(self.access.identity, handler.grant)
                    if self.machine.state not in handler.states:
                        state = self.machine.state.value
                        raise HubbubError(ErrorCode.INVALID_STATE, f"{request.event} is not allowed when {state}")
                    answer, outcome = (await handler.handle(context, request)).wire(), OK
                    self._answers.put(operation_id, request.event, answer)
                except Exception as error:  # noqa: BLE001 - a bug in one handler must not end the session
                    failure = as_hubbub_error(error, request.event)
                    answer, outcome = failure.reply().wire(), failure.code.value
                self._record(span, request.event, outcome, self.membership or context.current_membership)
            acknowledge(answer)
            if context.current_membership is None:
                self._push_active_speaker()
        finally:
            self._running.discard(context)
            self._replay_deferred()

    def _push_active_speaker(self) -> None:
        """Reports the active speaker to a client that has just joined: the next event may be far off."""
        hub = self.membership.hub if self.membership and self.machine.state is SessionState.JOINED else None
        if hub is not None and hub.active_speaker is not None and hub.active_speaker.peer_id in hub.view.peers:
            self.client.push(hub.active_speaker)

    def _replay_deferred(self) -> None:
        deferred, self._deferred = self._deferred, []
        for event in deferred:
            try:
                self.on_media_event(event)
            except Exception as error:  # noqa: BLE001  a bug must not lose the events after it
                report_failure("a media event was lost", error)

    def _context(self) -> RequestContext:
        ports = self._ports
        return RequestContext(
            session=self,
            access=self.access,
            sessions=self._host,
            backend=ports.backend,
            outbox=ports.outbox,
            settings=ports.settings,
            resources=self.resources,
            current_membership=self.membership,
            client_kind=self.kind,
        )

    def _record(self, span: trace.Span, event: str, outcome: str, membership: RoomMembership | None) -> None:
        who = {} if membership is None else {"room_id": membership.room_id, "peer_id": membership.peer_id}
        span.set_attributes({f"hubbub.{name}": value for name, value in who.items()})
        if outcome != OK:
            span.set_attribute("error.type", outcome)
        _log.debug("request answered", event_name=event, outcome=outcome, **who)

    def _require_entering(self, membership: RoomMembership) -> None:
        """Raises unless the session may serve the peer: it was not closed, and the peer still has its claim."""
        if self.machine.state is not SessionState.JOINING:
            # Python 3.11 may lose a cancellation that arrives together with a reply.
            raise asyncio.CancelledError
        record = membership.hub.view.peers.get(membership.peer_id)
        if record is None:
            raise HubbubError(ErrorCode.UNAVAILABLE, "the peer was removed while it joined", retryable=True)
        if not membership.claim.holds(record):
            raise HubbubError(ErrorCode.CONFLICT, "the session was resumed again meanwhile, on another socket")

    def _refuse_join(self) -> None:
        if self.machine.state is SessionState.JOINING:
            self.machine.apply(SessionEvent.JOIN_REFUSED)

    def _audience(self, membership: RoomMembership) -> Audience:
        return Audience(membership.peer_id, self.access.identity.grants.may_moderate)

    def _admitted(self, membership: RoomMembership) -> None:
        """A moderator admitted the client: the answer to its join, or an event, contains the room."""
        self.machine.apply(SessionEvent.ADMITTED)
        if self._admission.pending:
            self._admission.admit()
            return
        ice_servers = self._ports.settings.ice_servers.for_peer(membership.peer_id, time.time())
        self.client.push(room.Admitted(room=room_joined(membership, self._audience(membership), ice_servers)))
        self._push_active_speaker()

    def _role_changed(self, membership: RoomMembership) -> None:
        """Applies the role that a moderator gave to the client's user. A new moderator sees the lobby."""
        view, before = membership.hub.view, self._audience(membership).moderator
        self.access.assign(assigned_role(view.rules, membership.record))
        self.enforce_role()
        if self._audience(membership).moderator and not before:
            for peer in view.peers.values():
                if peer.waiting:
                    self.client.push(moderation.LobbyPeerJoined(peer=lobby_peer(peer), revision=view.revision))

    def _in_background(self, work: Callable[[RequestContext], Awaitable[None]]) -> None:
        """Runs work on the session's resources among its requests, unless its membership ends before."""

        async def run() -> None:
            if self.membership is None:
                return
            try:
                await work(self._context())
            except Exception as error:  # noqa: BLE001  nobody else would learn of it
                report_failure("work for a session failed", error)

        self._queue.submit(None, Operation(run=run, on_cancelled=lambda: None))

    def _moved(self, peer: PeerRecord) -> None:
        """The peer was placed on another node: its resources on the former one are gone."""
        if self.machine.state is not SessionState.JOINED:
            return
        for transport_id in self.resources.clear():
            self.client.push(transport.TransportClosed(transport_id=transport_id, reason="node_lost"))
        if peer.placement is not None:
            self.client.push(
                room.PeerMoved(
                    node_id=peer.placement.node_id, deadline=int(time.time() * 1000), make_before_break=False
                )
            )

    def _producer_closed(self, producer_id: str, reason: str) -> None:
        """Removes the producer from the room. The client knows of it unless a server sent it on behalf of the peer."""
        is_owned = self.resources.producers.pop(producer_id, None) is not None
        membership = self.membership
        if membership is None:
            return
        self._ports.outbox.enqueue(
            RemoveProducers(room_id=membership.room_id, peer_id=membership.peer_id, producer_ids=[producer_id])
        )
        if not is_owned:
            return
        self.client.push(
            producer.ProducerClosed(
                producer_id=producer_id,
                peer_id=membership.peer_id,
                reason=reason,
                revision=membership.hub.view.revision,
            )
        )

    def _report_connection(self, state: ConnectionState) -> None:
        if self.membership is not None:
            self._connection.report(self.membership, state)

    def _removed(self, reason: room.RoomClosedReason) -> None:
        """The room was removed, or this peer was removed from it by the registry or a moderator."""
        if not self.entered:
            return
        self.machine.apply(SessionEvent.LEFT)
        if self._admission.pending:
            self._admission.refuse(_REFUSED.get(reason, _GONE))
        else:
            self.client.push(room.RoomClosed(reason=reason))
        self._host.evict(self)


def _uproots(change: ViewChange, own_peer_id: str) -> bool:
    return isinstance(change, PlacementChanged | PeerRemoved) and change.peer.peer_id == own_peer_id


async def _stop_quietly(subscription: Any) -> None:
    with contextlib.suppress(HubbubError):
        await subscription.stop()

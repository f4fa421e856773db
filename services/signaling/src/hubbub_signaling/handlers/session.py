"""One client's session: its state, its membership, and its requests and events.

Rules
- A request is validated when it arrives. Its session state is checked when its turn in the queue comes.
- Each request is acknowledged exactly once.
- The client gets no event about an object before the acknowledgement that introduces it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import structlog
from opentelemetry import trace

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.media import MediaEvent
from hubbub_contracts.bus.peer import ClaimPeer, JoinRoom
from hubbub_contracts.bus.room import RoomSnapshot
from hubbub_contracts.socket import captions
from hubbub_contracts.socket.base import ClientRequest, Push
from hubbub_contracts.socket.catalogue import CLIENT_REQUESTS
from hubbub_service import report_failure

from ..domain.answer_cache import AnswerCache
from ..domain.authorization import allows_room_id, require
from ..domain.claim import Claim
from ..domain.client_kind import SOCKET, ClientKind
from ..domain.identity import Identity
from ..domain.media_event_subject import subject_of
from ..domain.owned_resources import OwnedResources
from ..domain.ports import Backend, ClientSocket, SessionTelemetry
from ..domain.room_view import ViewChange
from ..domain.session_settings import SessionSettings
from ..domain.session_state import ENTERED, SessionEvent, SessionState, SessionStateMachine
from .client_request import OK, Acknowledge, as_hubbub_error, measured, parse_request
from .context import RequestContext, SessionDirectory
from .handler import Handler
from .keyed_queue import KeyedQueue, Operation
from .live_tokens import LiveTokens
from .media_events import MediaEvents
from .media_gap import MediaGapRecovery
from .membership import RoomMembership
from .own_peer import OwnPeer
from .registry_outbox import RegistryOutbox
from .room_hub import RoomHubs
from .session_access import SessionAccess
from .standby import end_standby
from .uncertain_outcome import may_have_taken_effect

_CANCELLED = HubbubError(ErrorCode.CANCELLED, "the peer left, or its socket was lost")
_log = structlog.get_logger(__name__)
_tracer = trace.get_tracer("hubbub.signaling")


class SessionHost(SessionDirectory, Protocol):
    """The owner of the sessions of this instance."""

    @property
    def stopping(self) -> bool:
        """Whether this instance ends its sessions: none may begin to serve a peer."""

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
        self._deferred: list[Callable[[], None]] = []
        self._media_recovery = MediaGapRecovery(ports.backend, ports.outbox, self.resources, self.on_media_event)
        self._media_gap_while_entering = False
        self._media_events = MediaEvents(
            client,
            self.resources,
            ports.outbox,
            on_standby_lost=lambda reason: end_standby(self._context(), reason),
        )
        self._own_peer = OwnPeer(
            self, client, self.access, self.machine, self.resources, ports.settings, ports.telemetry
        )

    @property
    def entered(self) -> bool:
        """Whether the session is in a room, or in its lobby."""
        return self.machine.state in ENTERED

    @property
    def awaits_admission(self) -> bool:
        """Whether its join is answered once a moderator has decided: the client cannot resume yet."""
        return self._own_peer.admission.pending

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
            request = request.model_copy(update={"known_revision": hub.replica.known_revision})
            room: RoomSnapshot = await ports.backend.registry(request)
            await hub.replica.catch_up(room)
            membership = RoomMembership(hub, peer_id, claim, rtp_capabilities, resume_secret, media_events)
            yield membership
            self._require_entering(membership)
            undo.pop_all()
        self.membership = membership
        self._own_peer.entered(membership)
        hub.enter(peer_id, self)
        self._host.attach(self)
        if self._media_gap_while_entering:
            self.on_media_gap()

    async def admission(self) -> None:
        """See `RequestingSession`."""
        try:
            await self._own_peer.admission.wait(self._ports.settings.lobby_timeout)
        except HubbubError:
            if self.entered:  # nobody has decided
                await self._host.leave(self)
            raise

    def enforce_role(self) -> None:
        """See `RequestingSession`."""
        self._own_peer.enforce_role()

    async def leave_room(self) -> None:
        """Leaves the room on the client's request."""
        await self._host.leave(self)

    def push(self, push: Push) -> None:
        """See `RequestingSession`."""
        self.client.push(push)

    def media_connected(self) -> None:
        """The media node has a connection with the peer."""
        self._media_events.report_connection("connected", self.membership)

    def replaced(self) -> None:
        """See `PeerSession`."""
        self._host.replace(self)

    def evicted(self) -> None:
        """See `PeerSession`."""
        self._host.evict(self)

    async def detach(self) -> None:
        """Ends the membership on this instance. The peer stays in the room."""
        membership, self.membership = self.membership, None
        self._media_recovery.stop()
        self._media_events.stop()
        self.resources.clear()
        self.access.assign(None)
        if membership is not None:
            membership.hub.leave(membership.peer_id, self)
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
        """Applies the changes of the room to the client's peer, and pushes them to the client."""
        if self.membership is not None:
            self._own_peer.apply(changes, self.membership)

    def on_room_event(self, push: Push) -> None:
        """Pushes who speaks, and what is said to those who may hear it."""
        if isinstance(push, captions.Captions) and not self.access.identity.grants.may_subscribe:
            return
        if self._own_peer.follows_room:
            self.client.push(push)

    def on_changes_missed(self) -> None:
        """Closes the socket. The client resumes, and the answer contains the whole room."""
        self.client.close()

    def on_media_event(self, event: MediaEvent) -> None:
        """See `MediaEvents.apply`. Waits for the answer that introduces the event's subject to the client."""
        subject = subject_of(event)
        entering = self.machine.state is SessionState.JOINING
        if entering or any(subject in context.new_ids for context in self._running):
            self._deferred.append(partial(self.on_media_event, event))
        else:
            self._media_events.apply(event, self.membership)

    def on_media_gap(self) -> None:
        """See `RequestingSession`. Media events may have been missed as well."""
        if self.membership is None:
            self._media_gap_while_entering = True
        else:
            self._media_recovery.start(self.membership)

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
                    self._on_failure(context, failure)
                    answer, outcome = failure.reply().wire(), failure.code.value
                self._record(span, request.event, outcome, self.membership or context.current_membership)
            acknowledge(answer)
            if context.current_membership is None and self.membership is not None:
                self.push_active_speaker()
                self._own_peer.push_move(self.membership)
        finally:
            self._running.discard(context)
            self._replay_deferred()

    def _on_failure(self, context: RequestContext, error: HubbubError) -> None:
        """Has the node asked for what it may have created for the request all the same."""
        if context.new_ids and self.membership is not None and may_have_taken_effect(error):
            self.resources.unanswered |= context.new_ids
            self.on_media_gap()

    def push_active_speaker(self) -> None:
        """Reports the active speaker to a client that has just joined: the next event may be far off."""
        hub = self.membership.hub if self.membership and self._own_peer.follows_room else None
        if hub is not None and hub.active_speaker is not None and hub.active_speaker.peer_id in hub.view.peers:
            self.client.push(hub.active_speaker)

    def _replay_deferred(self) -> None:
        deferred, self._deferred = self._deferred, []
        for apply in deferred:
            try:
                apply()
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
        """Raises unless the session may serve the peer: nothing ends it, and the peer has its claim."""
        if self.machine.state is not SessionState.JOINING:
            # Python 3.11 may lose a cancellation that arrives together with a reply.
            raise asyncio.CancelledError
        if self._host.stopping:
            # The answer might not reach the client, whose peer would stay in the room until its grace period ends.
            raise HubbubError(ErrorCode.UNAVAILABLE, "this signaling instance is stopping", retryable=True)
        record = membership.hub.view.peers.get(membership.peer_id)
        if record is None:
            raise HubbubError(ErrorCode.UNAVAILABLE, "the peer was removed while it joined", retryable=True)
        if not membership.claim.holds(record):
            raise HubbubError(ErrorCode.CONFLICT, "the session was resumed again meanwhile, on another socket")

    def _refuse_join(self) -> None:
        if self.machine.state is SessionState.JOINING:
            self.machine.apply(SessionEvent.JOIN_REFUSED)

    def run_in_background(self, work: Callable[[RequestContext], Awaitable[None]], *, key: str | None = None) -> None:
        """See `RequestingSession`."""

        async def run() -> None:
            if self.membership is None:
                return
            try:
                await work(self._context())
            except Exception as error:  # noqa: BLE001  nobody else would learn of it
                report_failure("work for a session failed", error)

        self._queue.submit(key, Operation(run=run, on_cancelled=lambda: None))


async def _stop_quietly(subscription: Any) -> None:
    with contextlib.suppress(HubbubError):
        await subscription.stop()

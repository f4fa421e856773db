"""One client's session: its state, what it holds, the order of its operations, and what it is told.

Rules
- An event is checked against its model when it comes, and against the state when its turn comes.
- Each event is acknowledged exactly once.
- Nothing about an object is pushed before the acknowledgement that introduces it.
- What came after a peer's loss of its socket, or its leaving, finds the session closed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from opentelemetry import trace
from pydantic import ValidationError

from hubbub_contracts import ErrorCode, HubbubError, ids
from hubbub_contracts.bus.media import ConsumerClosed, ProducerClosed, TransportClosed
from hubbub_contracts.bus.producer import RemoveProducers
from hubbub_contracts.bus.records import PeerRecord, Placement
from hubbub_contracts.socket import consumer, producer, room, transport
from hubbub_contracts.socket.base import ClientRequest
from hubbub_contracts.socket.catalogue import CLIENT_REQUESTS

from ..domain.holdings import Holdings
from ..domain.operations import Operations
from ..domain.ports import Client, Notice, Subscription
from ..domain.pushes import pushes
from ..domain.room_view import Change, PeerPlaced, PeerTaken, PeerWent, RoomWent
from ..domain.session_state import SessionState, Step
from .lanes import Lanes, Operation
from .room_hub import RoomHub

if TYPE_CHECKING:
    from .office import Office

Acknowledge = Callable[[dict[str, Any]], None]
_log = structlog.get_logger(__name__)
_tracer = trace.get_tracer("hubbub.signaling")


@dataclass
class Member:
    """Who the client is in a room."""

    hub: RoomHub
    peer_id: str
    rtp_capabilities: dict[str, Any] | None
    resume_secret: str | None
    notices: Subscription

    @property
    def room_id(self) -> str:
        """The room's id on the bus."""
        return self.hub.room_id

    @property
    def record(self) -> PeerRecord:
        """The client's own record. Raises `not_found` when the room knows it no more."""
        record = self.hub.view.peers.get(self.peer_id)
        if record is None:
            raise HubbubError(ErrorCode.NOT_FOUND, "this peer is not in the room any more")
        return record

    @property
    def placement(self) -> Placement:
        """Where the client's media is."""
        placement = self.record.placement
        if placement is None:
            raise HubbubError(ErrorCode.UNAVAILABLE, "no media node can take this peer now", retryable=True)
        return placement


class Session:
    """Lives as long as the client's socket, or for the grace time after it."""

    def __init__(self, office: Office, client: Client) -> None:
        self.office = office
        self.client = client
        self.state = SessionState()
        self.holdings = Holdings()
        self._member: Member | None = None
        self._operations = Operations()
        self._lanes = Lanes()
        self._introducing: dict[asyncio.Task[Any] | None, list[str]] = {}
        self._held: list[Notice] = []

    @property
    def member(self) -> Member:
        """Who the client is; `invalid_state` outside a room."""
        if self._member is None:
            raise HubbubError(ErrorCode.INVALID_STATE, "not in a room")
        return self._member

    def receive(self, event: str, payload: object, acknowledge: Acknowledge) -> None:
        """Takes an event in. The acknowledgement comes when it has been done."""
        acknowledge = self._timed(event, acknowledge)
        try:
            call = _read(event, payload)
            if self._lanes.full:
                raise HubbubError(ErrorCode.RATE_LIMITED, "too many operations are pending", retryable=True)
        except HubbubError as error:
            acknowledge(error.reply().wire())
            return
        handler = self.office.handlers[event]
        operation = Operation(
            run=lambda: self._perform(call, acknowledge), cancelled=lambda: acknowledge(_CANCELLED.reply().wire())
        )
        if handler.barrier:
            self._lanes.submit_barrier(operation, cancel=handler.cancels)
        else:
            self._lanes.submit(handler.lane(self.holdings, call), operation)

    def mint(self) -> str:
        """A new id, about which nothing is told before the running operation is acknowledged."""
        minted = ids.mint()
        self._introducing.setdefault(asyncio.current_task(), []).append(minted)
        return minted

    def enter(self, member: Member) -> None:
        """The client is in the room from now on, and is told of its changes."""
        self._member = member
        self.state.move(Step.ACCEPTED)
        member.hub.sessions.add(self)

    async def exit(self) -> None:
        """Listens to the room no more, and holds nothing."""
        member, self._member = self._member, None
        self.holdings.clear()
        if member is not None:
            member.hub.sessions.discard(self)
            await member.notices.stop()
            await self.office.hubs.let_go(member.hub)

    async def close(self) -> None:
        """Cancels what is pending and answers nothing from now on. What the peer held is for the caller to see to."""
        self.state.move(Step.CLOSE)
        await self._lanes.cancel()
        await self.exit()

    def on_changes(self, changes: Iterable[Change], revision: int) -> None:
        """The room has changed: tells the client what concerns it."""
        member = self._member
        if member is None:
            return
        for change in changes:
            match change:
                case RoomWent(reason):
                    self._expel("lost" if reason == "lost" else "closed")
                case PeerWent(peer, _) if peer.peer_id == member.peer_id:
                    self._expel("lost")
                case PeerTaken(peer) if peer.peer_id == member.peer_id:
                    self.office.superseded(self)
                case PeerPlaced(peer) if peer.peer_id == member.peer_id:
                    self._moved(peer)
                case _:
                    for push in pushes(change, member.peer_id, revision):
                        self.client.push(push)

    def on_notice(self, notice: Notice) -> None:
        """A node has closed something of this client's."""
        subject = _subject(notice)
        if any(subject in minted for minted in self._introducing.values()):
            self._held.append(notice)
            return
        match notice:
            case TransportClosed(transport_id=transport_id, reason=reason):
                if transport_id in self.holdings.transports:
                    self.holdings.drop_transport(transport_id)
                    self.client.push(transport.TransportClosed(transport_id=transport_id, reason=reason))
            case ProducerClosed(producer_id=producer_id, reason=reason):
                if self.holdings.producers.pop(producer_id, None) is not None:
                    self._producer_closed(producer_id, reason)
            case ConsumerClosed(consumer_id=consumer_id, producer_id=producer_id, reason=reason):
                if self.holdings.consumers.pop(consumer_id, None) is not None:
                    self.client.push(
                        consumer.ConsumerClosed(consumer_id=consumer_id, producer_id=producer_id, reason=reason)
                    )

    def _timed(self, event: str, acknowledge: Acknowledge) -> Acknowledge:
        """Tells the watcher of the answer, too."""
        begun, known = time.perf_counter(), event if event in CLIENT_REQUESTS else "unknown"

        def tell(answer: dict[str, Any]) -> None:
            error = answer.get("error")
            self.office.watcher.answered(known, error["code"] if error else OK, time.perf_counter() - begun)
            acknowledge(answer)

        return tell

    async def _perform(self, call: ClientRequest[Any], acknowledge: Acknowledge) -> None:
        operation_id: str | None = getattr(call, "operation_id", None)
        try:
            answer = self._operations.recall(operation_id)
            if answer is None:
                answer = await self._answer(call, operation_id)
            acknowledge(answer)
        finally:
            self._introducing.pop(asyncio.current_task(), None)
            held, self._held = self._held, []
            for notice in held:
                self.on_notice(notice)

    async def _answer(self, call: ClientRequest[Any], operation_id: str | None) -> dict[str, Any]:
        with _tracer.start_as_current_span(f"socket {call.event}", kind=trace.SpanKind.SERVER) as span:
            before = self._member
            outcome, answer = await self._handle(call)
            member = self._member or before
            who = {} if member is None else {"room_id": member.room_id, "peer_id": member.peer_id}
            span.set_attributes({f"hubbub.{name}": value for name, value in who.items()})
            if outcome != OK:
                span.set_attribute("error.type", outcome)
            _log.debug("answered", event_name=call.event, outcome=outcome, **who)
        if outcome == OK:
            self._operations.remember(operation_id, answer)
        return answer

    async def _handle(self, call: ClientRequest[Any]) -> tuple[str, dict[str, Any]]:
        """How it went, and what the client is answered."""
        try:
            self.state.check(call.event)
            return OK, (await self.office.handlers[call.event].run(self, call)).wire()
        except HubbubError as error:
            return error.code.value, error.reply().wire()
        except Exception:  # noqa: BLE001 - a bug in one call must not touch another
            _log.exception("a handler failed", event_name=call.event)
            trace_id = trace.format_trace_id(trace.get_current_span().get_span_context().trace_id)
            bug = HubbubError(ErrorCode.INTERNAL, f"internal error, trace {trace_id}")
            return bug.code.value, bug.reply().wire()

    def _moved(self, peer: PeerRecord) -> None:
        """The peer's media has another home: what was on the former one is gone."""
        for transport_id in self.holdings.clear():
            self.client.push(transport.TransportClosed(transport_id=transport_id, reason="node_lost"))
        if peer.placement is not None:
            self.client.push(
                room.PeerMoved(
                    node_id=peer.placement.node_id, deadline=int(time.time() * 1000), make_before_break=False
                )
            )

    def _producer_closed(self, producer_id: str, reason: str) -> None:
        member = self.member
        self.office.later(RemoveProducers(room_id=member.room_id, peer_id=member.peer_id, producer_ids=[producer_id]))
        self.client.push(
            producer.ProducerClosed(
                producer_id=producer_id, peer_id=member.peer_id, reason=reason, revision=member.hub.view.revision
            )
        )

    def _expel(self, reason: room.RoomClosedReason) -> None:
        """The room is gone, or this peer was taken out of it by somebody else."""
        self.state.move(Step.LEAVE)
        self.client.push(room.RoomClosed(reason=reason))
        self.office.expelled(self)


OK = "ok"
"""The outcome of what went well; any other is an error's code."""
_CANCELLED = HubbubError(ErrorCode.CANCELLED, "the peer left, or the socket was lost")


def _read(event: str, payload: object) -> ClientRequest[Any]:
    """The event as its model. A missing payload is an empty one."""
    model = CLIENT_REQUESTS.get(event)
    if model is None:
        raise HubbubError(ErrorCode.UNKNOWN_EVENT, f"there is no event {event[:64]!r}")
    try:
        return model.model_validate({} if payload is None else payload)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])[:128] or "payload"
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, f"{where}: {first['msg']}") from error


def _subject(notice: Notice) -> str:
    match notice:
        case TransportClosed(transport_id=subject):
            return subject
        case ProducerClosed(producer_id=subject) | ConsumerClosed(consumer_id=subject):
            return subject

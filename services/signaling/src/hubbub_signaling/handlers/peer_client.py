"""A client in this process: it speaks to a session as a Socket.IO client does, for a client that speaks HTTP.

So a peer of WHIP has the validation, the order and the error codes of every other peer.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Protocol

from hubbub_contracts import ErrorReply, HubbubError
from hubbub_contracts.socket.base import AnswerT, ClientRequest, Push
from hubbub_contracts.socket.producer import ProducerClosed
from hubbub_contracts.socket.room import LeaveRoom, RoomClosed
from hubbub_contracts.socket.transport import TransportClosed

from ..domain.client_kind import ClientKind
from ..domain.identity import Identity
from .membership import RoomMembership
from .session import Session


class Sessions(Protocol):
    """The owner of the sessions of this instance."""

    def open(self, client: PeerClient, identity: Identity, kind: ClientKind) -> Session:
        """A session for a new client."""

    async def socket_lost(self, session: Session, *, closed_by_client: bool) -> None:
        """The session's client is gone."""


class PeerClient:
    """The client of one session. Implements `ClientSocket`."""

    def __init__(self, sessions: Sessions, identity: Identity, kind: ClientKind) -> None:
        self._sessions = sessions
        self._session = sessions.open(self, identity, kind)
        self.media_lost = False
        """The server closed a transport or a producer of the peer, or removed the peer from its room."""
        self.replaced = False
        """The session was closed: another instance serves the peer, or this one stops."""
        self.on_ended: Callable[[], None] = lambda: None
        """Called when one of both becomes true."""
        self.on_push: Callable[[Push], None] = lambda _push: None
        """Called with every other event."""

    @property
    def ended(self) -> bool:
        """Whether the peer has no media any more, or is served elsewhere."""
        return self.media_lost or self.replaced

    @property
    def membership(self) -> RoomMembership:
        """The peer in its room. It must be in one."""
        if self._session.membership is None:
            raise RuntimeError("the session is not in a room")
        return self._session.membership

    async def request(self, message: ClientRequest[AnswerT]) -> AnswerT:
        """Sends a request and returns its answer. Raises HubbubError."""
        answered: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

        def acknowledge(answer: dict[str, Any]) -> None:
            if not answered.done():
                answered.set_result(answer)

        self._session.receive(message.event, message.wire(), acknowledge)
        answer = await answered
        if "error" in answer:
            raise HubbubError.from_body(ErrorReply.model_validate(answer).error)
        return message.answer_model().model_validate(answer)

    def push(self, push: Push) -> None:
        """See `ClientSocket`."""
        match push:
            case TransportClosed() | RoomClosed():
                self._media_lost()
            case ProducerClosed(peer_id=peer_id) if self._is_own(peer_id):
                self._media_lost()
            case _:
                self.on_push(push)

    def close(self) -> None:
        """See `ClientSocket`."""
        if not self.replaced:
            self.replaced = True
            self.on_ended()

    async def leave(self) -> None:
        """Leaves the room, if the peer is in one, and ends the session."""
        with contextlib.suppress(HubbubError):
            await self.request(LeaveRoom())
        await self._sessions.socket_lost(self._session, closed_by_client=True)

    def _media_lost(self) -> None:
        if not self.media_lost:
            self.media_lost = True
            self.on_ended()

    def _is_own(self, peer_id: str) -> bool:
        return self._session.membership is not None and self._session.membership.peer_id == peer_id

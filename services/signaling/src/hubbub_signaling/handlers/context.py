"""The context of the request handlers: the session, its resources and the ports."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from hubbub_contracts import Done, ErrorCode, HubbubError, ids
from hubbub_contracts.base import NodeRequest
from hubbub_contracts.bus.peer import ClaimPeer, JoinRoom
from hubbub_contracts.bus.records import Placement
from hubbub_contracts.socket.base import IceServer, Push

from ..domain.claim import Claim
from ..domain.client_kind import SOCKET, ClientKind
from ..domain.owned_resources import OwnedResources
from ..domain.ports import Backend
from ..domain.session_settings import SessionSettings
from .membership import RoomMembership
from .registry_outbox import RegistryOutbox
from .session_access import SessionAccess


class RequestingSession(Protocol):
    """The session that a request came from."""

    def enter_room(
        self,
        request: JoinRoom | ClaimPeer,
        claim: Claim,
        *,
        rtp_capabilities: dict[str, Any] | None,
        resume_secret: str | None,
    ) -> AbstractAsyncContextManager[RoomMembership]:
        """Enters the room of `request`, as its peer.

        The registry has answered when the block begins. From the end of the block on, the session serves the peer and
        the client gets the changes of the room. A failure, also of the block, undoes everything on this instance; the
        session may then enter a room again.
        """

    async def admission(self) -> None:
        """Returns once the client, which waits in the lobby, is admitted. It gets no event before the answer.

        Raises `not_admitted`, `banned` and `room_not_found`; the client is then no longer in the lobby.
        """

    def enforce_role(self) -> None:
        """Closes, in the background, what the client may not send or receive any more."""

    async def leave_room(self) -> None:
        """Leaves the room."""

    def media_connected(self) -> None:
        """The media node has a connection with the peer."""

    def on_media_gap(self) -> None:
        """Has the nodes asked what they have of the peer: an answer was lost."""

    def run_in_background(self, work: Callable[[RequestContext], Awaitable[None]], *, key: str | None = None) -> None:
        """Runs work on the session's resources among its requests, unless its membership ends before.

        With `key`, a transport's id, it runs in order with the requests for that transport.
        """

    def push(self, push: Push) -> None:
        """Sends an event to the client."""


class SessionDirectory(Protocol):
    """The sessions of this instance."""

    def find(self, peer_id: str) -> RoomMembership | None:
        """The peer's membership when a session of this instance serves it, with or without a socket."""

    def reconcile(self, room_id: str, peer_id: str, claim: Claim) -> None:
        """Removes the peer after the grace period if it still has this claim and no session serves it."""


@dataclass(frozen=True, eq=False)
class RequestContext:
    """The session, its resources and the ports, for one request."""

    session: RequestingSession
    access: SessionAccess
    sessions: SessionDirectory
    backend: Backend
    outbox: RegistryOutbox
    settings: SessionSettings
    resources: OwnedResources
    current_membership: RoomMembership | None
    """At the start of the request."""
    client_kind: ClientKind = SOCKET
    new_ids: set[str] = field(default_factory=set)
    """Ids that the answer to this request introduces to the client."""

    @property
    def membership(self) -> RoomMembership:
        """The client's membership. Raises `invalid_state` outside a room."""
        if self.current_membership is None:
            raise HubbubError(ErrorCode.INVALID_STATE, "not in a room")
        return self.current_membership

    def new_id(self) -> str:
        """A new id. The client gets no event about it before the answer to this request."""
        new_id = ids.mint()
        self.new_ids.add(new_id)
        return new_id

    async def close_on_node(self, placement: Placement, message: NodeRequest[Done]) -> None:
        """Closes an object on its node. Succeeds when the node no longer has it. Raises HubbubError."""
        try:
            await self.backend.node(placement, message)
        except HubbubError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise

    async def close_unlisted(self, placement: Placement, message: NodeRequest[Done]) -> None:
        """Closes on its node what neither the room nor the session lists from now on. Raises HubbubError.

        Succeeds when the node does not answer: it may be dead, and what outlives it must not come back (ADR 51). A node
        that lives closes what the room does not list, and a transport over which it receives nothing.
        """
        try:
            await self.close_on_node(placement, message)
        except HubbubError as error:
            if not error.retryable:
                raise

    def ice_servers(self, peer_id: str) -> list[IceServer]:
        """The ICE servers for this client, with new TURN credentials."""
        return self.settings.ice_servers.for_peer(peer_id, time.time())

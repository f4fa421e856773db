"""The sessions of this instance, and the peers that they serve.

Rules
- A peer is served by one session. A session that resumes the peer replaces the one that served it, here or on another
  instance.
- A resumable session outlives its socket by the grace period.
- Every peer that ends here is reported to the registry through the outbox.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from functools import partial
from typing import Any

from hubbub_contracts.bus.peer import LeaveReason
from hubbub_contracts.bus.room import GetRoom
from hubbub_service import Tasks

from ..domain.claim import Claim
from ..domain.client_kind import SOCKET, ClientKind
from ..domain.identity import Identity
from ..domain.ports import ClientSocket
from ..domain.session_state import SessionEvent
from .membership import RoomMembership
from .reconnect_grace import ReconnectGrace
from .session import Session, SessionPorts

CLOSE_TIMEOUT = 1.0
"""Seconds that `stop` waits for sessions to close."""
DRAIN_TIMEOUT = 2.0
"""Seconds that `drain` waits for the registry to acknowledge departures."""


class SessionManager:
    """Opens sessions and ends them. Implements `SessionHost`."""

    def __init__(self, ports: SessionPorts, grace: ReconnectGrace) -> None:
        self._ports = ports
        self._grace = grace
        self._serving: dict[str, Session] = {}
        """By peer id."""
        self._stopping = False
        self._closing = Tasks()
        self._reconciling = Tasks()

    @property
    def serving(self) -> int:
        """How many peers this instance serves, with or without a socket."""
        return len(self._serving)

    @property
    def stopping(self) -> bool:
        """See `SessionHost`."""
        return self._stopping

    @property
    def standbys(self) -> int:
        """How many of them have a standby."""
        return sum(session.resources.standby is not None for session in self._serving.values())

    def memberships(self) -> list[RoomMembership]:
        """Of all peers that this instance serves."""
        return [_membership(session) for session in self._serving.values()]

    def open(self, client: ClientSocket, identity: Identity, kind: ClientKind = SOCKET) -> Session:
        """A session for a new socket, or for a client of another kind."""
        return Session(client, self, self._ports, identity, kind)

    def find(self, peer_id: str) -> RoomMembership | None:
        """See `SessionDirectory`."""
        session = self._serving.get(peer_id)
        return session.membership if session else None

    def attach(self, session: Session) -> None:
        """See `SessionHost`."""
        peer_id = _membership(session).peer_id
        before = self._serving.get(peer_id)
        self._serving[peer_id] = session
        if before is not None and before is not session:
            self.replace(before)

    def replace(self, session: Session) -> None:
        """See `SessionHost`."""
        self._forget(session)
        session.machine.apply(SessionEvent.CLOSED)  # at once: a socket lost in the same turn must start no grace period
        session.client.close()
        self._closing.spawn(session.close(), "close-session")

    def evict(self, session: Session) -> None:
        """See `SessionHost`."""
        self._forget(session)
        self._closing.spawn(session.detach(), "detach-session")

    def expire(self, session: Session) -> None:
        """See `SessionHost`."""
        if session.entered:
            self._depart(session, "removed")
        self._closing.spawn(_close_with_socket(session), "close-session")

    async def leave(self, session: Session) -> None:
        """See `SessionHost`."""
        self._depart(session, "left")
        session.machine.apply(SessionEvent.LEFT)
        await self._finish(session.detach())

    async def socket_lost(self, session: Session, *, closed_by_client: bool) -> None:
        """The session's socket is gone: closed by the client, or by this instance or a ping timeout."""
        await self._finish(self._after_lost_socket(session, closed_by_client=closed_by_client))

    async def _after_lost_socket(self, session: Session, *, closed_by_client: bool) -> None:
        # Nothing may be awaited between this check and the close: a join that ends meanwhile would leave its peer.
        if not session.entered:
            await session.close()
        elif not _outlives_socket(session):
            await self._end(session, "disconnected")
        else:
            self._grace.start(
                _membership(session), partial(self._end, session, "disconnected"), check_media=closed_by_client
            )

    def reconcile(self, room_id: str, peer_id: str, claim: Claim) -> None:
        """See `SessionDirectory`."""
        self._reconciling.spawn(self._reconcile(room_id, peer_id, claim), "reconcile-peer")

    async def stop(self) -> None:
        """Closes all sessions in rooms, and refuses to others to enter one.

        Peers that can be resumed on another instance stay in their rooms.
        """
        self._stopping = True
        for session in list(self._serving.values()):
            if _outlives_socket(session):
                self._forget(session)
            else:
                self._depart(session, "disconnected")
            self._closing.spawn(_close_with_socket(session), "close-session")
        await self._reconciling.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await self._closing.drain()

    async def drain(self) -> None:
        """Waits until what ended is reported to the registry. Call it when all sockets are closed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_TIMEOUT):
                await self._grace.drain()
                await self._closing.drain()
                await self._ports.outbox.drain()

    async def _reconcile(self, room_id: str, peer_id: str, claim: Claim) -> None:
        await asyncio.sleep(self._grace.period)
        snapshot = await self._ports.outbox.retry(GetRoom(room_id=room_id))
        peers = snapshot.peers if snapshot is not None else []
        claimed = any(peer.peer_id == peer_id and claim.holds(peer) for peer in peers)
        if claimed and peer_id not in self._serving:
            self._ports.outbox.enqueue_departure(room_id, peer_id, claim.claim_id, "disconnected")

    async def _end(self, session: Session, reason: LeaveReason) -> None:
        self._depart(session, reason)
        await session.close()

    def _depart(self, session: Session, reason: LeaveReason) -> None:
        """Reports the departure, before anything is awaited that could be cancelled."""
        membership = _membership(session)
        self._forget(session)
        self._ports.outbox.enqueue_departure(membership.room_id, membership.peer_id, membership.claim.claim_id, reason)

    async def _finish(self, work: Coroutine[Any, Any, None]) -> None:
        """Awaits work on a session. The work continues when the caller is cancelled."""
        await asyncio.shield(self._closing.spawn(work, "end-session"))

    def _forget(self, session: Session) -> None:
        membership = _membership(session)
        if self._serving.get(membership.peer_id) is session:
            del self._serving[membership.peer_id]
        self._grace.cancel(membership)


async def _close_with_socket(session: Session) -> None:
    """Closes the socket after the answers to pending requests."""
    try:
        await session.close()
    finally:
        session.client.close()


def _outlives_socket(session: Session) -> bool:
    """Whether the client can resume. One that waits for the answer to its join cannot."""
    return _membership(session).resumable and not session.awaits_admission


def _membership(session: Session) -> RoomMembership:
    """The membership of a session that is in a room."""
    if session.membership is None:
        raise RuntimeError("the session is not in a room")
    return session.membership

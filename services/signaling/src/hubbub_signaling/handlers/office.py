"""What all sessions of this instance share: the bus, the rooms, who serves which peer, and what is still to be done
for peers that are gone.

Rules
- A peer is served by one session. Who resumes it displaces who served it, here or on another instance.
- A departure is reported to the registry until the registry has acknowledged it.
- A session that may be resumed outlives its socket by the grace time, unless its client is seen to be gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from hubbub_contracts import HubbubError, Request
from hubbub_contracts.bus.node import DescribePeer
from hubbub_contracts.bus.peer import LeaveReason, LeaveRoom
from hubbub_contracts.bus.room import GetRoom
from hubbub_contracts.socket.base import IceServer

from ..domain.ice_servers import IceServers
from ..domain.ports import Backend, Client, ReplyT, Watcher
from ..domain.session_state import State, Step
from ..domain.silence import SETTLING, telling_silence
from .handler import Handler
from .room_hub import RoomHubs
from .session import Member, Session

_log = structlog.get_logger(__name__)
RETRY_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0)
"""Seconds between tries; the last one for ever."""


@dataclass(frozen=True)
class OfficeSettings:
    """What a session is told of the world by the operator."""

    signaling_id: str
    reconnect_grace: float
    """Seconds that a resumable session outlives its socket."""
    ice_servers: IceServers


class Office:
    """Makes sessions and sees them out."""

    def __init__(
        self, backend: Backend, settings: OfficeSettings, handlers: Mapping[str, Handler], watcher: Watcher
    ) -> None:
        self.backend = backend
        self.settings = settings
        self.handlers = handlers
        self.watcher = watcher
        self.hubs = RoomHubs(backend)
        self._serving: dict[str, Session] = {}
        self._graces: dict[Session, asyncio.Task[Any]] = {}
        self._doubts: set[asyncio.Task[Any]] = set()
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def serving(self) -> int:
        """How many peers are served here, their sockets lost or not."""
        return len(self._serving)

    def ice_servers(self, peer_id: str) -> list[IceServer]:
        """Those that this client is told of now: TURN credentials are new each time."""
        return self.settings.ice_servers.for_peer(peer_id, time.time())

    def open(self, client: Client) -> Session:
        """A session for a new socket."""
        return Session(self, client)

    def serves(self, session: Session) -> None:
        """This session serves its peer from now on; whichever did before is closed."""
        before = self._serving.get(session.member.peer_id)
        self._serving[session.member.peer_id] = session
        if before is not None and before is not session:
            self.superseded(before)

    def former(self, peer_id: str) -> Session | None:
        """The session that serves the peer here, its socket lost or not."""
        return self._serving.get(peer_id)

    def superseded(self, session: Session) -> None:
        """Another session serves the peer: this one ends without the peer's leaving."""
        self._forget(session)
        session.client.close()
        self._spawn(session.close())

    def expelled(self, session: Session) -> None:
        """The peer is gone from the room already; its socket stays."""
        self._forget(session)
        self._spawn(session.exit())

    async def left(self, session: Session) -> None:
        """The client asked to leave."""
        member = session.member
        self._forget(session)
        session.state.move(Step.LEAVE)
        await session.exit()
        self.depart(member.room_id, member.peer_id, "left")

    async def lost(self, session: Session, *, closed_by_client: bool) -> None:
        """The session's socket is gone: closed from the client's side, or by us, or silent for too long."""
        if session.state.current is State.CLOSED:
            return
        if not session.state.joined:
            await session.close()
        elif session.member.resume_secret is None:
            await self._end(session, "disconnected")
        else:
            self._graces[session] = self._spawn(self._grace(session, doubtful=closed_by_client))

    def doubt(self, room_id: str, peer_id: str) -> None:
        """A session may have taken the peer over without knowing of it: does not leave the peer to nobody."""
        task = self._spawn(self._serve_or_depart(room_id, peer_id))
        self._doubts.add(task)
        task.add_done_callback(self._doubts.discard)

    def depart(self, room_id: str, peer_id: str, reason: LeaveReason) -> None:
        """Has the registry remove a peer, now or as soon as it answers."""
        self.watcher.departed(reason)
        self.later(LeaveRoom(room_id=room_id, peer_id=peer_id, reason=reason))

    def later(self, message: Request[Any]) -> None:
        """Tells the registry something, and goes on trying while it cannot be told."""
        self._spawn(self._insist(message))

    async def stop(self) -> None:
        """Sees everybody out who cannot be resumed elsewhere, then finishes what is to be told."""
        for session in list(self._serving.values()):
            if session.member.resume_secret is None:
                await self._end(session, "disconnected")
            else:
                self._forget(session)
                await session.close()
            session.client.close()
        for task in [*self._graces.values(), *self._doubts]:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=2.0)

    async def _grace(self, session: Session, *, doubtful: bool) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.settings.reconnect_grace):
                if not (doubtful and await self._fell_silent(session.member)):
                    await asyncio.get_running_loop().create_future()
        del self._graces[session]
        await self._end(session, "disconnected")

    async def _fell_silent(self, member: Member) -> bool:
        """Whether the client's media ended with its socket; no, where nobody can tell."""
        ask = DescribePeer(room_id=member.room_id, peer_id=member.peer_id)
        try:
            await asyncio.sleep(SETTLING)
            before = await self.backend.node(member.placement, ask)
            silence = telling_silence(before)
            if silence is None:
                return False
            await asyncio.sleep(silence)
            after = await self.backend.node(member.placement, ask)
        except HubbubError:
            return False
        return after.packets_received == before.packets_received

    async def _serve_or_depart(self, room_id: str, peer_id: str) -> None:
        await asyncio.sleep(self.settings.reconnect_grace)
        snapshot = await self._insist(GetRoom(room_id=room_id))
        peers = snapshot.peers if snapshot is not None else []
        ours = any((one.peer_id, one.signaling_id) == (peer_id, self.settings.signaling_id) for one in peers)
        if ours and peer_id not in self._serving:
            self.depart(room_id, peer_id, "disconnected")

    async def _end(self, session: Session, reason: LeaveReason) -> None:
        member = session.member
        self._forget(session)
        await session.close()
        self.depart(member.room_id, member.peer_id, reason)

    def _forget(self, session: Session) -> None:
        peer_id = session.member.peer_id
        if self._serving.get(peer_id) is session:
            del self._serving[peer_id]
        if grace := self._graces.pop(session, None):
            grace.cancel()

    async def _insist(self, message: Request[ReplyT]) -> ReplyT | None:
        attempt = 0
        while True:
            try:
                return await self.backend.registry(message)
            except HubbubError as error:
                if not error.retryable:
                    _log.info("the registry refused", message=message.verb, code=error.code.value)
                    return None
            await asyncio.sleep(RETRY_PAUSES[min(attempt, len(RETRY_PAUSES) - 1)])
            attempt += 1

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _log.error("a background task failed", exc_info=error)

"""The WHEP sessions of this instance.

Rules
- A viewer is a hidden peer of the room, served by a session as every other peer.
- The answer accepts each media section that can receive a codec of the room, and rejects the others. There is no
  counter-offer (406): the client would have to know how to answer one, and few do.
- A session ends with its transport, as that of a publisher. No other instance knows what its sections receive, so its
  URL is served by the instance that created it.
"""

from __future__ import annotations

from typing import Any

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.socket import room
from hubbub_sdp import (
    AnswerSection,
    SessionDescription,
    Slot,
    parse_offer,
    slots,
)
from hubbub_service import Tasks

from ...domain.client_kind import VIEWER
from ...domain.identity import Identity
from ...domain.session_url import resume_token
from ...domain.whep_slots import Subject
from ..http_session import CreatedSession, HttpSession, OfferedTransport, OpenedSession, no_such_session, offer_errors
from ..peer_client import PeerClient, Sessions
from .viewer import Viewer

_USER = "viewer"
"""The user where the identity names none. Nobody sees it."""
_NO_CAPABILITIES: dict[str, Any] = {"codecs": [], "headerExtensions": []}
"""Each media section has capabilities of its own."""


class WhepSessions:
    """Creates, finds and ends sessions."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._by_peer: dict[str, tuple[HttpSession, Viewer]] = {}
        self._ending = Tasks()

    def __len__(self) -> int:
        """The number of sessions that this instance serves."""
        return len(self._by_peer)

    async def watch(self, identity: Identity, call_id: str, subject: Subject, offer: str) -> CreatedSession:
        """Sends what the subject publishes to a viewer.

        Raises `invalid_argument` for a malformed offer, `unsupported` for one that can receive nothing, `not_found` for
        a peer that is not there, and the errors of `joinRoom` and `createTransport`.
        """
        with offer_errors():
            parsed = parse_offer(offer)
            client = PeerClient(self._sessions, identity, VIEWER)
            try:
                return await self._watch(client, call_id, subject, parsed)
            except BaseException:
                await client.leave()
                raise

    async def find(self, identity: Identity, call_id: str, key: str) -> HttpSession:
        """The session of a session URL. Raises `not_found`."""
        token = resume_token(identity.tenant, call_id, key)
        found = self._by_peer.get(token.peer_id)
        if found is None or not found[0].is_named_by(token) or not found[0].is_of(identity):
            raise no_such_session()
        return found[0]

    async def end(self, session: HttpSession) -> None:
        """Ends a session at its client's request."""
        await self._forget(session)
        await session.client.leave()

    async def _watch(
        self, client: PeerClient, call_id: str, subject: Subject, offer: SessionDescription
    ) -> CreatedSession:
        created = await client.request(room.CreateRoom(call_id=call_id))
        places = slots(offer, created.rtp_capabilities)  # type: ignore[arg-type]  # the registry's own
        offered = OfferedTransport.of(offer)
        joined = await client.request(
            room.JoinRoom(call_id=call_id, user_id=_USER, rtp_capabilities=_NO_CAPABILITIES, resumable=True)
        )
        if subject.peer_id is not None and all(each.peer_id != subject.peer_id for each in joined.peers):
            raise HubbubError(ErrorCode.NOT_FOUND, "no such peer in this room")
        opened = await OpenedSession.open(client, joined, "recv", offered)
        session = opened.session
        viewer = Viewer(client, session.transport_id, places, subject)
        self._by_peer[session.peer_id] = (session, viewer)
        client.on_ended = lambda: self._on_ended(session)
        try:
            await viewer.start()
            if client.ended:
                raise HubbubError(ErrorCode.UNAVAILABLE, "the media node closed the transport", retryable=True)
        except BaseException:
            await self._forget(session)
            raise
        return opened.answer(offer, map(_answer, places))

    def _on_ended(self, session: HttpSession) -> None:
        ended = self.end(session) if session.client.media_lost else self._forget(session)
        self._ending.spawn(ended, "end-whep-session")

    async def _forget(self, session: HttpSession) -> None:
        session.client.on_ended = lambda: None
        found = self._by_peer.pop(session.peer_id, None)
        if found is not None:
            await found[1].stop()


def _answer(slot: Slot) -> AnswerSection:
    return AnswerSection(slot.section, "sendonly", slot.codecs, slot.extensions)

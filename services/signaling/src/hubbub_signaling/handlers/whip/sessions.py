"""The WHIP sessions of this instance.

Rules
- A publisher is a peer of the room, served by a session as every other peer.
- A publication is accepted as a whole; what a refused one has created is closed again.
- A new publication of an identity replaces the former one, once it is accepted.
- A session ends with its transport: the media node closes that when the client is silent, and the registry moves the
  peer when its node dies or drains. From then on the session URL is answered `not_found`, and the client posts again.
- With access tokens, a session belongs to the user of the token that created it, and ends when that token expires.
- Nobody can ask an encoder whether it wants to send again. It never stopped, so its source is heard again as soon as a
  moderator lifts the mute.
- A session URL that this instance does not know is looked up in the registry: another instance created it.
"""

from __future__ import annotations

from typing import Any

import structlog

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.node import DescribePeer
from hubbub_contracts.bus.peer import LeaveRoom
from hubbub_contracts.socket import room
from hubbub_contracts.socket.base import Push
from hubbub_contracts.socket.moderation import UnmuteRequested
from hubbub_contracts.socket.producer import Produce, ResumeProducer
from hubbub_sdp import (
    AnswerSection,
    Publication,
    SessionDescription,
    parse_offer,
    publications,
)
from hubbub_service import Tasks

from ...domain.client_kind import PUBLISHER
from ...domain.identity import Identity
from ...domain.ports import Backend
from ...domain.resume_token import ResumeToken
from ...domain.session_url import resume_token
from ..http_session import CreatedSession, HttpSession, OfferedTransport, OpenedSession, no_such_session, offer_errors
from ..peer_client import PeerClient, Sessions
from ..registry_outbox import RegistryOutbox

_log = structlog.get_logger(__name__)

_SOURCES = {"audio": "microphone", "video": "camera"}
"""The `source` that the clients of the room see, by kind."""
_NO_CAPABILITIES: dict[str, Any] = {"codecs": [], "headerExtensions": []}
"""A publisher receives nothing."""


class WhipSessions:
    """Creates, finds and ends sessions."""

    def __init__(self, sessions: Sessions, backend: Backend, outbox: RegistryOutbox) -> None:
        self._sessions = sessions
        self._backend = backend
        self._outbox = outbox
        self._by_peer: dict[str, HttpSession] = {}
        self._tasks = Tasks()

    def __len__(self) -> int:
        """The number of sessions that this instance serves."""
        return len(self._by_peer)

    async def publish(self, identity: Identity, call_id: str, name: str, offer: str) -> CreatedSession:
        """Publishes what the offer sends, as a peer of the room. `name` is the user where the identity names none.

        Raises `invalid_argument` for a malformed offer, `unsupported` for one that cannot be received, and the errors
        of `joinRoom`, `createTransport` and `produce`.
        """
        with offer_errors():
            parsed = parse_offer(offer)
            client = PeerClient(self._sessions, identity, PUBLISHER)
            try:
                return await self._publish(client, call_id, name, parsed)
            except BaseException:
                await client.leave()
                raise

    async def find(self, identity: Identity, call_id: str, key: str) -> HttpSession:
        """The session of a session URL. Raises `not_found`."""
        token = resume_token(identity.tenant, call_id, key)
        session = self._by_peer.get(token.peer_id)
        if session is None:
            return await self._take_over(identity, token)
        if not session.is_named_by(token) or not session.is_of(identity):
            raise no_such_session()
        return session

    async def end(self, session: HttpSession) -> None:
        """Ends a session at its client's request."""
        self._forget(session)
        await session.client.leave()

    async def _publish(self, client: PeerClient, call_id: str, name: str, offer: SessionDescription) -> CreatedSession:
        created = await client.request(room.CreateRoom(call_id=call_id))
        # Before the join, so that the room does not see a publisher who cannot publish.
        tracks = publications(offer, created.rtp_capabilities)  # type: ignore[arg-type]  # the registry's own
        offered = OfferedTransport.of(offer)
        joined = await client.request(
            room.JoinRoom(
                call_id=call_id, user_id=name, display_name=name, rtp_capabilities=_NO_CAPABILITIES, resumable=True
            )
        )
        opened = await OpenedSession.open(client, joined, "send", offered)
        for track in tracks:
            await client.request(
                Produce(
                    transport_id=opened.session.transport_id,
                    kind=track.kind,
                    rtp_parameters=track.rtp_parameters,
                    app_data={"source": _SOURCES[track.kind]},
                )
            )
        self._adopt(opened.session)
        self._replace_former(client)
        return opened.answer(offer, map(_answer, tracks))

    def _adopt(self, session: HttpSession) -> None:
        """Serves the session from now on. Raises `unavailable` when it has ended already."""
        if session.client.ended:
            raise HubbubError(ErrorCode.UNAVAILABLE, "the media node closed the transport", retryable=True)
        former = self._by_peer.get(session.peer_id)
        if former is not None:
            self._forget(former)
        self._by_peer[session.peer_id] = session
        session.client.on_ended = lambda: self._on_ended(session)
        session.client.on_push = lambda push: self._on_push(session.client, push)

    def _replace_former(self, client: PeerClient) -> None:
        """Removes the other publishers of this user from the room, whichever instance serves them."""
        peers, peer_id = client.membership.hub.view.peers, client.membership.peer_id
        own = peers.get(peer_id)
        for peer in peers.values():
            if own is not None and peer.whip and peer.user_id == own.user_id and peer.peer_id != peer_id:
                self._outbox.enqueue(LeaveRoom(room_id=peer.room_id, peer_id=peer.peer_id, reason="removed"))

    async def _take_over(self, identity: Identity, token: ResumeToken) -> HttpSession:
        """Claims a peer that another instance served. Raises `not_found` when there is none with this secret."""
        client = PeerClient(self._sessions, identity, PUBLISHER)
        try:
            session = await self._resume(client, token)
        except BaseException:
            await client.leave()
            raise
        self._adopt(session)
        return session

    async def _resume(self, client: PeerClient, token: ResumeToken) -> HttpSession:
        try:
            resumed = await client.request(room.Resume(resume_token=str(token)))
        except HubbubError as error:
            raise error if error.retryable else no_such_session() from error
        membership = client.membership
        transport_id = next((each.transport_id for each in resumed.transports if each.direction == "send"), None)
        if transport_id is None:
            raise no_such_session()
        described = await self._backend.node(
            membership.placement, DescribePeer(room_id=membership.room_id, peer_id=membership.peer_id)
        )
        fragments = {each.transport_id: each.ice_username_fragment for each in described.transports}
        return HttpSession(
            client, token.peer_id, transport_id, etag=fragments.get(transport_id) or "", secret=token.secret
        )

    def _on_ended(self, session: HttpSession) -> None:
        self._forget(session)
        if session.client.media_lost:
            self._tasks.spawn(session.client.leave(), "end-whip-session")

    def _on_push(self, client: PeerClient, push: Push) -> None:
        if isinstance(push, UnmuteRequested):
            self._tasks.spawn(_resume_source(client, push.source), "resume-whip-source")

    def _forget(self, session: HttpSession) -> None:
        session.client.on_ended = lambda: None
        session.client.on_push = lambda _push: None
        if self._by_peer.get(session.peer_id) is session:
            del self._by_peer[session.peer_id]


async def _resume_source(client: PeerClient, source: str) -> None:
    """Resumes the publisher's producers of a source that is not muted any more."""
    paused = [each for each in client.membership.record.producers if each.paused and each.shows == source]
    for each in paused:
        try:
            await client.request(ResumeProducer(producer_id=each.producer_id))
        except HubbubError as error:
            _log.info("a publisher's source was not resumed", source=source, error=error.message)


def _answer(track: Publication) -> AnswerSection:
    return AnswerSection(track.section, "recvonly", track.codecs, track.extensions)

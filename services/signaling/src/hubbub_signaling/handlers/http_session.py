"""A session of WHIP or WHEP: a peer whose client speaks HTTP, and its ICE session."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, Self

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.transport import DtlsParameters, IceCandidate
from hubbub_contracts.socket.base import IceServer
from hubbub_contracts.socket.room import RoomJoined
from hubbub_contracts.socket.transport import ConnectTransport, CreateTransport, RestartIce
from hubbub_contracts.types import Direction
from hubbub_sdp import (
    AnswerSection,
    IceFragment,
    InvalidSdp,
    ServerTransport,
    SessionDescription,
    UnsupportedSdp,
    answered_setup,
    dtls_parameters,
    ice_ufrag,
    write_answer,
    write_fragment,
)

from ..domain.identity import Identity
from ..domain.resume_token import ResumeToken
from ..domain.session_url import session_key
from .peer_client import PeerClient


@dataclass(frozen=True, slots=True)
class CreatedSession:
    """What the client of an accepted offer gets."""

    answer: str
    key: str
    """The last part of the session URL."""
    etag: str
    ice_servers: Sequence[IceServer]


@dataclass(eq=False)
class HttpSession:
    """The session behind one session URL."""

    client: PeerClient
    peer_id: str
    transport_id: str
    etag: str
    """Of the ICE session: our username fragment, which any instance can ask the media node for."""
    secret: str = field(repr=False)
    candidates: Sequence[IceCandidate] = ()
    """Ours; unknown on an instance that took the session over."""
    client_ufrag: str | None = None
    """The client's username fragment; None on an instance that took the session over."""

    def is_named_by(self, token: ResumeToken) -> bool:
        """Whether the session URL has this room and this secret."""
        in_room = self.client.membership.room_id == token.room_id
        return in_room and hmac.compare_digest(self.secret.encode(), token.secret.encode())

    def is_trickle(self, fragment: IceFragment) -> bool:
        """Whether the fragment belongs to the running ICE session of the client, as far as it is known."""
        return fragment.ice_ufrag == self.client_ufrag

    async def restart_ice(self, fragment: IceFragment) -> str:
        """Restarts ICE, and returns the fragment that answers it. Raises HubbubError."""
        restarted = await self.client.request(RestartIce(transport_id=self.transport_id))
        self.etag = restarted.ice_parameters.username_fragment
        self.client_ufrag = fragment.ice_ufrag
        return write_fragment(fragment, restarted.ice_parameters, self.candidates)

    def is_of(self, identity: Identity) -> bool:
        """Whether the client may use the session, as the registry decides when another instance takes it over."""
        peer = self.client.membership.hub.view.peers.get(self.peer_id)
        return peer is not None and identity.user_id in (None, peer.user_id)


@dataclass(frozen=True, slots=True)
class OfferedTransport:
    """What the client offers of the transport."""

    dtls_parameters: DtlsParameters
    ice_ufrag: str
    setup: Literal["active", "passive"]
    """The `a=setup` of the answer."""

    @classmethod
    def of(cls, offer: SessionDescription) -> Self:
        """Raises `UnsupportedSdp` when it cannot be answered."""
        return cls(dtls_parameters(offer), ice_ufrag(offer), answered_setup(offer))


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A session whose client is in the room, with its transport."""

    session: HttpSession
    token: ResumeToken
    ice_servers: Sequence[IceServer]
    transport: ServerTransport

    @classmethod
    async def open(
        cls, client: PeerClient, joined: RoomJoined, direction: Direction, offered: OfferedTransport
    ) -> Self:
        """Creates the transport and connects it. Raises HubbubError."""
        ready = await client.request(CreateTransport(direction=direction))
        await client.request(ConnectTransport(transport_id=ready.id, dtls_parameters=offered.dtls_parameters))
        token = ResumeToken.parse(joined.resume_token or "")
        session = HttpSession(
            client,
            joined.peer_id,
            ready.id,
            etag=ready.ice_parameters.username_fragment,
            secret=token.secret,
            candidates=ready.ice_candidates,
            client_ufrag=offered.ice_ufrag,
        )
        server = ServerTransport(ready.ice_parameters, ready.ice_candidates, ready.dtls_parameters, offered.setup)
        return cls(session, token, joined.ice_servers, server)

    def answer(self, offer: SessionDescription, sections: Iterable[AnswerSection]) -> CreatedSession:
        """What the client gets. Sections that are left out are rejected."""
        text = write_answer(offer, sections, self.transport, session_id=secrets.randbits(62))
        return CreatedSession(text, session_key(str(self.token)), self.session.etag, self.ice_servers)


@contextmanager
def offer_errors() -> Iterator[None]:
    """Turns the errors of `hubbub_sdp` into `invalid_argument` and `unsupported`."""
    try:
        yield
    except InvalidSdp as error:
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, f"offer: {error}") from error
    except UnsupportedSdp as error:
        raise HubbubError(ErrorCode.UNSUPPORTED, f"offer: {error}") from error


def no_such_session() -> HubbubError:
    """The session has ended, or never existed."""
    return HubbubError(ErrorCode.NOT_FOUND, "no such session, or it has ended: post again")

"""What a connected client may do: its access token, with its refresh and its expiry, and its role."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Callable

from hubbub_access import LEEWAY
from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.socket.access import TokenExpiring
from hubbub_contracts.types import RoomRole

from ..domain.identity import Identity
from ..domain.ports import ClientSocket
from ..domain.roles import granted_role, with_role

WARNING = 60.0
"""Seconds before the expiry at which the client is told."""

VerifyToken = Callable[[object], Identity]
"""The identity in an access token. Raises `unauthenticated` and `unsupported`."""


class SessionAccess:
    """What the client of one socket may do, until its token expires."""

    def __init__(
        self, identity: Identity, verify: VerifyToken, client: ClientSocket, on_expired: Callable[[], None]
    ) -> None:
        """`on_expired` is called once, when the token has expired."""
        self._identity = identity
        self._role: str | None = None
        self._verify = verify
        self._client = client
        self._on_expired = on_expired
        self._timers: list[asyncio.TimerHandle] = []
        self._watch()

    @property
    def identity(self) -> Identity:
        """The client, by its present token and the role that a moderator gave it."""
        if self._role is None:
            return self._identity
        return dataclasses.replace(self._identity, grants=with_role(self._identity.grants, self._role))

    @property
    def granted_role(self) -> RoomRole:
        """The role that the token alone gives."""
        return granted_role(self._identity.grants)

    def assign(self, role: str | None) -> None:
        """A moderator gave the client this role in its room. None: none did, or the client is in no room."""
        self._role = role

    def verify(self, token: str) -> Identity:
        """The identity in a token that may replace the present one: it names the same user.

        Raises `unauthenticated`, `unsupported` and `not_allowed`.
        """
        identity = self._verify(token)
        if identity.user_id != self._identity.user_id:
            raise HubbubError(ErrorCode.NOT_ALLOWED, "the access token is of another user")
        return identity

    def replace(self, identity: Identity) -> None:
        """A new token holds from now on."""
        self._identity = identity
        self._watch()

    def stop(self) -> None:
        """Forgets the expiry."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _watch(self) -> None:
        self.stop()
        expires_at = self._identity.expires_at
        if expires_at is None:
            return
        loop, left = asyncio.get_running_loop(), expires_at - time.time()
        self._timers = [
            loop.call_later(max(left - WARNING, 0.0), self._warn, expires_at),
            loop.call_later(max(left + LEEWAY, 0.0), self._on_expired),
        ]

    def _warn(self, expires_at: float) -> None:
        self._client.push(TokenExpiring(expires_at=int(expires_at * 1000)))

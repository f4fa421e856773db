"""The access token of a connected client: its grants, its refresh and its expiry."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from hubbub_access import LEEWAY
from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.socket.access import TokenExpiring

from ..domain.identity import Identity
from ..domain.ports import ClientSocket

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
        self._verify = verify
        self._client = client
        self._on_expired = on_expired
        self._timers: list[asyncio.TimerHandle] = []
        self._watch()

    @property
    def identity(self) -> Identity:
        """The client, by its present token."""
        return self._identity

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

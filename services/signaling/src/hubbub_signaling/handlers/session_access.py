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
from .live_tokens import LiveTokens

WARNING = 60.0
"""Seconds before the expiry at which the client is told."""


class SessionAccess:
    """What the client of one socket may do, until its token expires or is revoked. Implements `Holder`."""

    def __init__(
        self,
        identity: Identity,
        tokens: LiveTokens,
        client: ClientSocket,
        on_ended: Callable[[], None],
        on_reduced: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_ended` is called once the token has expired or was revoked, `on_reduced` when it was in some rooms."""
        self._identity = identity
        self._role: str | None = None
        self._tokens = tokens
        self._client = client
        self._on_ended = on_ended
        self._on_reduced = on_reduced
        self._timers: list[asyncio.TimerHandle] = []
        self._watch()
        tokens.watch(self)

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
        identity = self._tokens.verify(token)
        if (identity.tenant, identity.user_id) != (self._identity.tenant, self._identity.user_id):
            raise HubbubError(ErrorCode.NOT_ALLOWED, "the access token is of another user")
        return identity

    def replace(self, identity: Identity) -> None:
        """A new token holds from now on."""
        self._identity = identity
        self._watch()

    def reexamine(self) -> None:
        """See `Holder`."""
        try:
            identity = self._tokens.withhold(self._identity)
        except HubbubError:
            self.stop()
            self._on_ended()
            return
        if identity != self._identity:
            self._identity = identity
            self._on_reduced()

    def stop(self) -> None:
        """Ends the watch over the token."""
        self._tokens.unwatch(self)
        self._cancel_timers()

    def _cancel_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _watch(self) -> None:
        self._cancel_timers()
        expires_at = self._identity.expires_at
        if expires_at is None:
            return
        loop, left = asyncio.get_running_loop(), expires_at - time.time()
        self._timers = [
            loop.call_later(max(left - WARNING, 0.0), self._warn, expires_at),
            loop.call_later(max(left + LEEWAY, 0.0), self._on_ended),
        ]

    def _warn(self, expires_at: float) -> None:
        self._client.push(TokenExpiring(expires_at=int(expires_at * 1000)))

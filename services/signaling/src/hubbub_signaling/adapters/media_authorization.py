"""Authorizes and limits the requests of WHIP and WHEP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Path, Request
from starlette.types import Scope

from hubbub_contracts.types import CallId

from ..domain.identity import Identity
from ..domain.media_access import MediaAccess
from .forwarded import ForwardedHeaders
from .http_limits import HttpLimits
from .identification import Identification, bearer_token

Room = Annotated[CallId, Path()]


class MediaAuthorization:
    """The rules of one protocol."""

    def __init__(
        self,
        access: MediaAccess,
        require: Callable[[Identity, str], None],
        identification: Identification,
        limits: HttpLimits,
        forwarded: ForwardedHeaders,
    ) -> None:
        """`require` raises `not_allowed` when the client may not use the protocol in this room."""
        self._access = access
        self._require = require
        self._identification = identification
        self._forwarded = forwarded
        self.limits = limits
        """Of all requests; `authorize` counts each one."""

    async def authorize(self, request: Request, room: Room) -> Identity:
        """As whom the client acts in this room. Raises HubbubError."""
        identity = self.limits.identify(request, self._identify)
        self._require(identity, room)
        return identity

    def _identify(self, scope: Scope) -> Identity:
        identification = self._identification
        return self._access.identify(
            bearer_token(scope),
            loopback=self._forwarded.is_loopback(scope),
            by_token=(lambda: identification.identify(scope)) if identification.uses_tokens else None,
        )

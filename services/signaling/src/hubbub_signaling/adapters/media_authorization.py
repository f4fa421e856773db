"""Authorizes and limits the requests of WHIP and WHEP."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated

from fastapi import Path, Request

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.types import CallId

from ..domain.address_limits import AddressLimits
from ..domain.identity import Identity
from ..domain.media_access import MediaAccess
from .forwarded import ForwardedHeaders
from .identification import Identification, bearer_token

Room = Annotated[CallId, Path()]


class MediaAuthorization:
    """The rules of one protocol."""

    def __init__(
        self,
        access: MediaAccess,
        require: Callable[[Identity, str], None],
        identification: Identification,
        limits: AddressLimits,
        forwarded: ForwardedHeaders,
    ) -> None:
        """`require` raises `not_allowed` when the client may not use the protocol in this room."""
        self._access = access
        self._require = require
        self._identification = identification
        self._limits = limits
        self._forwarded = forwarded

    async def authorize(self, request: Request, room: Room) -> Identity:
        """As whom the client acts in this room. Raises HubbubError."""
        now, address = time.monotonic(), self._forwarded.client_address(request.scope)
        if not self._limits.take_http_request(address, now):
            raise HubbubError(ErrorCode.RATE_LIMITED, "this address made too many requests", retryable=True)
        identification, scope = self._identification, request.scope
        identity = self._access.identify(
            bearer_token(scope),
            loopback=self._forwarded.is_loopback(scope),
            by_token=(lambda: identification.identify(scope)) if identification.uses_tokens else None,
        )
        self._require(identity, room)
        return identity

    def take_room_request(self, request: Request) -> None:
        """Counts a request that may create a room. Raises `rate_limited`."""
        if not self._limits.take_room_request(self._forwarded.client_address(request.scope), time.monotonic()):
            raise HubbubError(ErrorCode.RATE_LIMITED, "this address requested too many rooms", retryable=True)

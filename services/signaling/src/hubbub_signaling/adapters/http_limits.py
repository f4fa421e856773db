"""The limits of a client for HTTP requests."""

from __future__ import annotations

import time
from collections.abc import Callable

from fastapi import Request
from starlette.types import Scope

from hubbub_contracts import ErrorCode, HubbubError

from ..domain.client_limits import ClientLimits, Counted
from ..domain.identity import ANYBODY, Identity
from .forwarded import ForwardedHeaders


class HttpLimits:
    """Counts requests by the user of a valid token, else by the address of the client."""

    def __init__(self, limits: ClientLimits, forwarded: ForwardedHeaders) -> None:
        self._limits = limits
        self._forwarded = forwarded

    def identify(self, request: Request, identify: Callable[[Scope], Identity]) -> Identity:
        """The identity of the client, with its request counted.

        Raises `rate_limited`, and what `identify` raises: such a request counts by its address.
        """
        try:
            identity = identify(request.scope)
        except HubbubError:
            self.take_request(request)
            raise
        self.take_request(request, identity)
        return identity

    def take_request(self, request: Request, identity: Identity = ANYBODY) -> None:
        """Counts a request. Raises `rate_limited`."""
        if not self._limits.take_http_request(self._counted(request, identity), time.monotonic()):
            raise HubbubError(ErrorCode.RATE_LIMITED, "this client made too many requests", retryable=True)

    def take_room_request(self, request: Request, identity: Identity) -> None:
        """Counts a request that may create a room. Raises `rate_limited`."""
        if not self._limits.take_room_request(self._counted(request, identity), time.monotonic()):
            raise HubbubError(ErrorCode.RATE_LIMITED, "this client requested too many rooms", retryable=True)

    def _counted(self, request: Request, identity: Identity) -> Counted:
        return Counted.of(self._forwarded.client_address(request.scope), identity)

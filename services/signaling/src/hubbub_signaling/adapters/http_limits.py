"""The limits of an address for HTTP requests."""

from __future__ import annotations

import time

from fastapi import Request

from hubbub_contracts import ErrorCode, HubbubError

from ..domain.address_limits import AddressLimits
from .forwarded import ForwardedHeaders


class HttpLimits:
    """Counts requests by the address of the client."""

    def __init__(self, limits: AddressLimits, forwarded: ForwardedHeaders) -> None:
        self._limits = limits
        self._forwarded = forwarded

    def take_request(self, request: Request) -> None:
        """Counts a request. Raises `rate_limited`."""
        if not self._limits.take_http_request(self._address(request), time.monotonic()):
            raise HubbubError(ErrorCode.RATE_LIMITED, "this address made too many requests", retryable=True)

    def take_room_request(self, request: Request) -> None:
        """Counts a request that may create a room. Raises `rate_limited`."""
        if not self._limits.take_room_request(self._address(request), time.monotonic()):
            raise HubbubError(ErrorCode.RATE_LIMITED, "this address requested too many rooms", retryable=True)

    def _address(self, request: Request) -> str:
        return self._forwarded.client_address(request.scope)

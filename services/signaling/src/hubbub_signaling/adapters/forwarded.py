"""The client address and the host that trusted proxies forward with a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from ..domain.client_address import TrustedProxies

_log = structlog.get_logger(__name__)


class ForwardedHeaders:
    """The address of the client and the host it asked for, of an ASGI scope."""

    def __init__(self, proxies: TrustedProxies) -> None:
        self._proxies = proxies
        self._warned = False

    def client_address(self, scope: Mapping[str, Any]) -> str:
        """The client's address, as `TrustedProxies` counts it."""
        forwarded_for = header(scope, b"x-forwarded-for")
        socket_address = _socket_address(scope)
        if forwarded_for and not self._warned and not self._proxies.trusts(socket_address):
            self._warned = True
            _log.warning("ignoring X-Forwarded-For: TRUSTED_PROXIES does not contain its sender", sender=socket_address)
        return self._proxies.client(socket_address, forwarded_for)

    def is_loopback(self, scope: Mapping[str, Any]) -> bool:
        """Whether the client is on this machine: see `TrustedProxies.is_loopback`."""
        if header(scope, b"forwarded"):
            return False  # of a proxy that speaks RFC 7239 only
        return self._proxies.is_loopback(_socket_address(scope), header(scope, b"x-forwarded-for"))

    def host(self, scope: Mapping[str, Any]) -> str | None:
        """The host and port that the client asked for; None without any."""
        named = header(scope, b"x-forwarded-host") if self._proxies.trusts(_socket_address(scope)) else []
        hosts = named or header(scope, b"host")
        return hosts[-1].rpartition(",")[2].strip() if hosts else None


def _socket_address(scope: Mapping[str, Any]) -> str | None:
    client = scope.get("client")
    return str(client[0]) if client else None


def header(scope: Mapping[str, Any], name: bytes) -> list[str]:
    """The values of this header, whose name is in lower case."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]

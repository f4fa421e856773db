"""Posts events over HTTP, to addresses that the operator allows."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpcore

from hubbub_contracts.version import VERSION

from ..domain.address_policy import AddressPolicy
from ..domain.retries import Attempt

TIMEOUT = 15.0
"""Seconds for one attempt. Source: Standard Webhooks, 15 to 30 s."""
MAX_CONNECTIONS = 128


class AddressRefused(httpcore.ConnectError):
    """The host has no address to which events may be posted."""


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects to the addresses that the policy allows.

    It resolves the name itself and connects to an address that it has checked, so that a name cannot have another
    address at the second look (DNS rebinding).
    """

    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """See `httpcore.AsyncNetworkBackend`."""
        failure: Exception = AddressRefused(f"{host} is in a private network")
        for address in await self.allowed_addresses(host, port):
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def allowed_addresses(self, host: str, port: int) -> list[str]:
        """The addresses of a host that may be reached. Raises httpcore.ConnectError for an unknown host."""
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError(f"{host} is not known") from error
        return [address for address in dict.fromkeys(str(each[4][0]) for each in found) if self._policy.allows(address)]


class HttpSender:
    """Implements `domain.ports.Sender`."""

    def __init__(self, policy: AddressPolicy) -> None:
        self._backend = GuardedBackend(policy)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=MAX_CONNECTIONS,
            max_keepalive_connections=MAX_CONNECTIONS // 4,
            keepalive_expiry=30.0,
            network_backend=self._backend,
        )

    async def close(self) -> None:
        """Closes all connections."""
        await self._pool.aclose()

    async def check(self, url: str) -> str | None:
        """See `Sender`."""
        if not url.isascii():
            return "must be ASCII: the host in Punycode, everything else percent-encoded"
        try:
            parts = urlsplit(url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            return "the host is invalid, or the port is not a number from 1 to 65535"
        if not parts.hostname or parts.username is not None:
            return "needs a host, and no user name"
        try:
            allowed = await self._backend.allowed_addresses(parts.hostname, port)
        except UnicodeError:
            return "the host is not a name: a part of it is empty or longer than 63 characters"
        except httpcore.ConnectError:
            return None  # the name may be known later
        return None if allowed else "is in a private network, which WEBHOOK_PRIVATE_NETWORKS does not allow"

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Attempt:
        """See `Sender`. Redirects are not followed, and the body of the answer is not read."""
        sent = {**headers, "content-type": "application/json", "user-agent": f"Hubbub/{VERSION}"}
        try:
            async with (
                asyncio.timeout(TIMEOUT),
                self._pool.stream(
                    "POST",
                    url,
                    headers=[(name.encode(), value.encode()) for name, value in self._with_host(url, sent).items()],
                    content=body,
                    extensions={"timeout": {"connect": TIMEOUT, "read": TIMEOUT, "write": TIMEOUT, "pool": TIMEOUT}},
                ) as response,
            ):
                status = response.status
                found = {name.lower(): value for name, value in response.headers}
        except (httpcore.TimeoutException, TimeoutError):
            return Attempt(None, f"no answer within {TIMEOUT:g} s")
        except (
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.UnsupportedProtocol,
            ssl.SSLError,
            ValueError,
        ) as error:
            return Attempt(None, str(error) or type(error).__name__)
        failure = "" if 200 <= status < 300 else f"answered {status}"
        return Attempt(status, failure, _retry_after(found.get(b"retry-after")))

    @staticmethod
    def _with_host(url: str, headers: Mapping[str, str]) -> Mapping[str, str]:
        return {"host": urlsplit(url).netloc, **headers}


def _retry_after(value: bytes | None) -> float | None:
    """Seconds (RFC 9110 section 10.2.3). None: absent, malformed, or a date, which needs clocks that agree."""
    text = (value or b"").decode("ascii", "replace").strip()
    return float(text) if text.isdecimal() and len(text) < 10 else None

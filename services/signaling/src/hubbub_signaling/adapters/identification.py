"""As whom a client acts: the one function for Socket.IO handshakes and HTTP requests."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from hubbub_contracts import ErrorCode, HubbubError

from ..domain.authorization import Grant, require, require_installation
from ..domain.identity import ANYBODY, USER_HEADER, Claim, Identity, IdentityPolicy
from .forwarded import ForwardedHeaders, header

_USER_HEADER = USER_HEADER.lower().encode()
_BEARER = "bearer "


class Identification:
    """Reads what a client says of itself, and applies the policy."""

    def __init__(self, policy: IdentityPolicy, forwarded: ForwardedHeaders) -> None:
        self._policy = policy
        self._forwarded = forwarded

    @property
    def uses_tokens(self) -> bool:
        """Whether clients need access tokens."""
        return self._policy.uses_tokens

    def identify(self, scope: Mapping[str, Any], auth: object = None) -> Identity:
        """The identity of the client of an ASGI scope. Raises `unauthenticated`, `not_allowed` and `invalid_argument`.

        `auth` is the `auth` of a Socket.IO handshake, with `token`, or `userId` and `apiKey`.
        """
        return self._policy.identify(self._claim(scope, auth), time.time())

    def identify_without_user(self, scope: Mapping[str, Any]) -> Identity:
        """As `identify`, for what outlives a room. Raises `unauthenticated` and `not_allowed`."""
        return self._policy.identify_without_user(self._claim(scope, None), time.time())

    def admit(self, scope: Mapping[str, Any], auth: object = None) -> Identity:
        """The identity of a client that need not be known unless access tokens are used. Raises as `identify` does."""
        return self.identify(scope, auth) if self._policy.uses_tokens else ANYBODY

    def authorize(self, scope: Mapping[str, Any], grant: Grant) -> None:
        """For what concerns the whole installation: requires the grant when access tokens are used.

        Raises `unauthenticated` and `not_allowed`.
        """
        identity = self.admit(scope)
        require(identity, grant)
        require_installation(identity)

    def verify(self, token: object) -> Identity:
        """The identity in an access token. Raises `unauthenticated`, and `unsupported` without access tokens."""
        return self._policy.verify(token, time.time())

    def _claim(self, scope: Mapping[str, Any], auth: object) -> Claim:
        own = auth if isinstance(auth, dict) else {}
        return Claim(
            header=_user_header(scope),
            own=own.get("userId"),
            api_key=own.get("apiKey"),
            token=own.get("token"),
            bearer=bearer_token(scope),
            loopback=self._forwarded.is_loopback(scope),
        )


def _user_header(scope: Mapping[str, Any]) -> str | None:
    """User ids are UTF-8, which the server passes on byte by byte."""
    values = header(scope, _USER_HEADER)
    if not values:
        return None
    try:
        [value] = values
        return value.encode("latin-1").decode()
    except ValueError as error:
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, f"{USER_HEADER}: must be given once, in UTF-8") from error


def bearer_token(scope: Mapping[str, Any]) -> str | None:
    """The token of the `Authorization` header (RFC 6750); None without one."""
    for value in header(scope, b"authorization"):
        if value.lower().startswith(_BEARER):
            return value[len(_BEARER) :].strip()
    return None

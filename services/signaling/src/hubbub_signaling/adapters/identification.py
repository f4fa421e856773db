"""As whom a client acts: the one function for Socket.IO handshakes and HTTP requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hubbub_contracts import ErrorCode, HubbubError

from ..domain.identity import USER_HEADER, Claim, Identity, IdentityPolicy
from .forwarded import ForwardedHeaders, header

_USER_HEADER = USER_HEADER.lower().encode()
_BEARER = "bearer "


class Identification:
    """Reads what a client says of itself, and applies the policy."""

    def __init__(self, policy: IdentityPolicy, forwarded: ForwardedHeaders) -> None:
        self._policy = policy
        self._forwarded = forwarded

    def identify(self, scope: Mapping[str, Any], auth: object = None) -> Identity:
        """The identity of the client of an ASGI scope. Raises `not_allowed` and `invalid_argument`.

        `auth` is the `auth` of a Socket.IO handshake, with `userId` and `apiKey`.
        """
        own = auth if isinstance(auth, dict) else {}
        return self._policy.identify(
            Claim(
                header=_user_header(scope),
                own=own.get("userId"),
                api_key=own.get("apiKey", _bearer(scope)),
                loopback=self._forwarded.is_loopback(scope),
            )
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


def _bearer(scope: Mapping[str, Any]) -> str | None:
    for value in header(scope, b"authorization"):
        if value.lower().startswith(_BEARER):
            return value[len(_BEARER) :].strip()
    return None

"""Decides as whom a client acts, until a policy with real credentials does.

Rules
- A client on the loopback interface is believed.
- With TRUST_USER_HEADER, the header is believed, from every client: a proxy authenticates clients and sets it. What a
  client says itself is not believed then.
- A server with the API key is believed, and may act without a user.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.types import UserId

USER_HEADER = "X-User-Id"
_USER_ID: TypeAdapter[str] = TypeAdapter(UserId)


@dataclass(frozen=True, slots=True)
class Identity:
    """As whom a client acts."""

    user_id: str | None
    """None: an operator's server that names no user."""
    operator: bool = False
    """It has the API key."""

    def require_user(self) -> str:
        """The user. Raises `invalid_argument` without one."""
        if self.user_id is None:
            raise HubbubError(ErrorCode.INVALID_ARGUMENT, f"{USER_HEADER}: is required here")
        return self.user_id


@dataclass(frozen=True, slots=True)
class Claim:
    """What a client says of itself."""

    header: str | None = None
    """The user in USER_HEADER."""
    own: object = None
    """The user in `auth.userId` of a Socket.IO handshake."""
    api_key: object = None
    """The key that it shows; None without one."""
    loopback: bool = False
    """It is on this machine."""


class IdentityPolicy:
    """The operator's settings for identities."""

    def __init__(self, *, api_key: str | None, trust_user_header: bool) -> None:
        """`api_key` is None when no key is accepted."""
        self._api_key = api_key
        self._trust_user_header = trust_user_header

    def identify(self, claim: Claim) -> Identity:
        """The client's identity. Raises `not_allowed`, and `invalid_argument` for a malformed user id."""
        operator = claim.api_key is not None
        if operator and not self._is_key(claim.api_key):
            raise HubbubError(ErrorCode.NOT_ALLOWED, "the API key is wrong")
        believed = operator or claim.loopback
        user_id = claim.header if claim.header is not None else claim.own if believed else None
        if user_id is None:
            if operator:
                return Identity(None, operator=True)
            raise HubbubError(ErrorCode.NOT_ALLOWED, "no user is named, or this client may not name one")
        if not (believed or self._trust_user_header):
            raise HubbubError(ErrorCode.NOT_ALLOWED, "this client may not name a user")
        try:
            return Identity(_USER_ID.validate_python(user_id, strict=True), operator)
        except ValidationError as error:
            raise HubbubError(ErrorCode.INVALID_ARGUMENT, "userId: must be text of 1 to 128 characters") from error

    def _is_key(self, shown: object) -> bool:
        if self._api_key is None or not isinstance(shown, str):
            return False
        return hmac.compare_digest(shown.encode("utf-8", "replace"), self._api_key.encode())

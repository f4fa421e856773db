"""Decides as whom a client acts.

Rules
- With access tokens, a client is whom its token names. It may only do what the token grants.
- Without them, every client may do everything in rooms. Where a user has to be named, a client on the loopback
  interface is believed. With TRUST_USER_HEADER the header is believed, from every client: a proxy authenticates clients
  and sets it. What a client says itself is not believed then.
- A server with the API key is believed, and may act without a user. Each tenant has a key of its own.
- What outlives a room needs, without access tokens, the API key or a client on the loopback interface.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from pydantic import TypeAdapter, ValidationError

from hubbub_access import ALL_GRANTS, Grants, TokenVerifier
from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.types import UserId

USER_HEADER = "X-User-Id"
_USER_ID: TypeAdapter[str] = TypeAdapter(UserId)


@dataclass(frozen=True, slots=True)
class Identity:
    """As whom a client acts, and what it may do."""

    user_id: str | None
    """None: nobody was named. In a room, the client names itself."""
    operator: bool = False
    """It has the API key."""
    display_name: str | None = None
    """The name in its token; None: the client chooses it."""
    grants: Grants = ALL_GRANTS
    expires_at: float | None = None
    """When its token expires, in Unix seconds; None without a token."""
    issued_at: float | None = None
    """When its token was issued, in Unix seconds; None when that is not known."""
    token_id: str | None = None
    """The `jti` of its token."""
    tenant: str | None = None
    """Whose rooms it can enter."""
    closed_rooms: frozenset[str] = frozenset()
    """The rooms in which its token was revoked."""

    @property
    def verified(self) -> bool:
        """Whether a token or the API key proves what the client may do. Without either, everybody may do everything."""
        return self.operator or self.expires_at is not None

    @property
    def token_user(self) -> tuple[str | None, str] | None:
        """Tenant and user of its access token; None without a token."""
        return None if self.expires_at is None or self.user_id is None else (self.tenant, self.user_id)

    def require_user(self) -> str:
        """The user. Raises `invalid_argument` without one."""
        if self.user_id is None:
            raise HubbubError(ErrorCode.INVALID_ARGUMENT, f"{USER_HEADER}: is required here")
        return self.user_id


Withhold = Callable[[Identity], Identity]
"""The identity without what was revoked. Raises `unauthenticated` when nothing is left."""

ANYBODY = Identity(None)
"""A client of an installation without access tokens."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a client says of itself."""

    header: str | None = None
    """The user in USER_HEADER."""
    own: object = None
    """The user in `auth.userId` of a Socket.IO handshake."""
    api_key: object = None
    """The `auth.apiKey` of a Socket.IO handshake; None without one."""
    token: object = None
    """The `auth.token` of a Socket.IO handshake; None without one."""
    bearer: str | None = None
    """The API key or the access token of an HTTP request; None without one."""
    loopback: bool = False
    """It is on this machine."""

    @property
    def access_token(self) -> object:
        """What may be an access token; None without one."""
        return self.token if self.token is not None else self.bearer


class IdentityPolicy:
    """The operator's settings for identities."""

    def __init__(
        self,
        *,
        api_key: str | None,
        trust_user_header: bool,
        tokens: TokenVerifier | None = None,
        tenant_api_keys: Mapping[str, str] = MappingProxyType({}),
        withhold: Withhold = lambda identity: identity,
    ) -> None:
        """Applies the operator's settings.

        Arguments:
            api_key: of those who are of no named tenant; None accepts none.
            trust_user_header: whether a proxy sets it.
            tokens: None uses no access tokens.
            tenant_api_keys: those of named tenants.
            withhold: takes from an identity what was revoked.
        """
        self._api_keys: list[tuple[str | None, str]] = [*tenant_api_keys.items()]
        if api_key is not None:
            self._api_keys.append((None, api_key))
        self._trust_user_header = trust_user_header
        self._tokens = tokens
        self._withhold = withhold

    @property
    def uses_tokens(self) -> bool:
        """Whether clients need access tokens."""
        return self._tokens is not None

    def verify(self, token: object, now: float) -> Identity:
        """The identity in an access token. Raises `unauthenticated`, and `unsupported` without access tokens."""
        if self._tokens is None:
            raise HubbubError(ErrorCode.UNSUPPORTED, "this installation uses no access tokens")
        verified = self._tokens.verify(token, now)
        return self._withhold(
            Identity(
                verified.user_id,
                display_name=verified.display_name,
                grants=verified.grants,
                expires_at=verified.expires_at,
                issued_at=verified.issued_at,
                token_id=verified.token_id,
                tenant=verified.tenant,
            )
        )

    def identify(self, claim: Claim, now: float) -> Identity:
        """The client's identity at the time `now`, in Unix seconds.

        Raises `unauthenticated`, `not_allowed`, and `invalid_argument` for a malformed user id.
        """
        operator = self._operator(claim)
        if self._tokens is not None and operator is None:
            return self.verify(claim.access_token, now)
        believed = operator is not None or claim.loopback
        user_id = claim.header if claim.header is not None else claim.own if believed else None
        if user_id is None:
            if operator is not None:
                return operator
            raise HubbubError(ErrorCode.NOT_ALLOWED, "no user is named, or this client may not name one")
        if not (believed or self._trust_user_header):
            raise HubbubError(ErrorCode.NOT_ALLOWED, "this client may not name a user")
        try:
            return replace(operator or ANYBODY, user_id=_USER_ID.validate_python(user_id, strict=True))
        except ValidationError as error:
            raise HubbubError(ErrorCode.INVALID_ARGUMENT, "userId: must be text of 1 to 128 characters") from error

    def identify_without_user(self, claim: Claim, now: float) -> Identity:
        """As `identify`, for what outlives a room: without access tokens, no user is named.

        Raises `unauthenticated` and `not_allowed`.
        """
        operator = self._operator(claim)
        if self._tokens is not None and operator is None:
            return self.verify(claim.access_token, now)
        if operator is None and not claim.loopback:
            raise HubbubError(ErrorCode.NOT_ALLOWED, "the API key is required")
        return operator or ANYBODY

    def _operator(self, claim: Claim) -> Identity | None:
        """The server that shows an API key; None without one. Raises `not_allowed` for a wrong key."""
        shown = claim.api_key if claim.api_key is not None else claim.bearer
        if shown is None:
            return None
        matching = [tenant for tenant, key in self._api_keys if _is_same(shown, key)]
        if matching:
            return Identity(None, operator=True, tenant=matching[0])
        if claim.api_key is None and self._tokens is not None:
            return None  # the bearer is an access token
        raise HubbubError(ErrorCode.NOT_ALLOWED, "the API key is wrong")


def _is_same(shown: object, key: str) -> bool:
    return isinstance(shown, str) and hmac.compare_digest(shown.encode("utf-8", "replace"), key.encode())

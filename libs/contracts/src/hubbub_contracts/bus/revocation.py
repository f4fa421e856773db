"""Revoked access tokens: the request to the registry, and what its bucket `revocations` holds."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import model_validator

from ..base import Model, RegistryRequest
from ..types import CallId, TenantId, TokenId, UnixMilliseconds, UserId


class RevocationTarget(Model):
    """Which tokens are revoked: one token, or those of a user, in all rooms or in one."""

    token_id: TokenId | None = None
    """The `jti` of a token."""
    user_id: UserId | None = None
    """A user, `sub`. The tokens that were issued before `notBefore` are revoked, and those without `iat`."""
    call_id: CallId | None = None
    """With `userId`: the tokens hold in other rooms."""
    not_before: UnixMilliseconds | None = None
    """With `userId`: tokens that were issued then or later hold, in Unix milliseconds; now by default."""
    expires_at: UnixMilliseconds | None = None
    """When all these tokens have expired, in Unix milliseconds; after `REVOCATION_TTL` by default."""

    @model_validator(mode="after")
    def _check_target(self) -> Self:
        if (self.token_id is None) == (self.user_id is None):
            raise ValueError("must name either `tokenId` or `userId`")
        if self.user_id is None and (self.call_id is not None or self.not_before is not None):
            raise ValueError("`callId` and `notBefore` need `userId`")
        return self


class Revocation(Model):
    """What holds now. A former revocation of the same tokens may go further than the request."""

    not_before: UnixMilliseconds
    """Tokens of the user that were issued then or later hold."""
    expires_at: UnixMilliseconds
    """Until when the revocation is kept."""


class Revoke(RevocationTarget, RegistryRequest[Revocation]):
    """Revokes access tokens. Every signaling instance ends the sessions of these tokens. Repeating it is harmless."""

    verb: ClassVar[str] = "access.revoke"
    tenant: TenantId | None = None
    """The tenant of the token or the user."""


class RevocationRecord(Model):
    """The value of a key of the bucket `revocations`, which expires with the tokens."""

    tenant: TenantId | None = None
    token_id: TokenId | None = None
    user_id: UserId | None = None
    call_id: CallId | None = None
    """The only room in which the user's tokens are revoked."""
    ban: bool = False
    """A moderator banned the user from that room. When the ban is lifted, `notBefore` becomes 0."""
    not_before: UnixMilliseconds
    expires_at: UnixMilliseconds

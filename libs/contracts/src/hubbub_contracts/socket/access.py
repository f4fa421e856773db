"""Access tokens of a connected client, in both namespaces."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ..base import Model
from .base import ClientRequest, Push


class TokenRefreshed(Model):
    """The new token holds."""

    expires_at: int
    """When it expires, in Unix milliseconds."""

    @classmethod
    def of(cls, expires_at: float | None) -> TokenRefreshed:
        """`expires_at`: Unix seconds."""
        return cls(expires_at=int((expires_at or 0.0) * 1000))


class RefreshToken(ClientRequest[TokenRefreshed]):
    """Replaces the client's access token by one of the same user, without a new connection.

    Its grants hold at once. Producers that it does not allow are closed.
    """

    event: ClassVar[str] = "refreshToken"
    token: str = Field(max_length=4096)
    """The new access token."""


class TokenExpiring(Push):
    """The client's access token expires soon. Without `refreshToken` the peer then leaves, and the socket closes."""

    event: ClassVar[str] = "tokenExpiring"
    expires_at: int
    """When it expires, in Unix milliseconds."""

"""The HTTP routes about access tokens, and their bodies."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from ..base import Model
from ..bus.revocation import Revocation, RevocationTarget
from ..types import AppData, DisplayName, UserId
from .route import Route


class RevokeBody(RevocationTarget):
    """The body of `POST /revocations`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"userId": "alice", "callId": "standup"}, {"tokenId": "uEJoIRbGmGgcDX9DmjqFuA"}]
        }
    )


class CreateTokenBody(Model):
    """The body of `POST /tokens`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "userId": "alice",
                    "displayName": "Alice",
                    "grants": {"rooms": ["standup"], "join": True, "publish": True},
                }
            ]
        }
    )

    user_id: UserId
    """The user, `sub`."""
    display_name: DisplayName | None = None
    """The name to show; absent: the client chooses it."""
    grants: AppData
    """What the client may do, as the claim `hubbub`. What is absent is denied."""
    lifetime: Annotated[int, Field(ge=1, le=31_536_000)] = 3600
    """Seconds until the token expires."""


class CreatedToken(Model):
    """An access token."""

    token: str
    """Give it to the client."""
    expires_at: int
    """Unix milliseconds."""


REVOKE = Route(
    "POST",
    "/revocations",
    Revocation,
    "Revokes access tokens, for an admin: one token, or those of a user, in all rooms or in one. The sessions of these "
    "tokens end.",
    RevokeBody,
    201,
)
CREATE_TOKEN = Route(
    "POST",
    "/tokens",
    CreatedToken,
    "Creates an access token, for a server with an API key. `unsupported` when no key of ACCESS_KEYS can sign: then "
    "the tokens are signed where the private key is.",
    CreateTokenBody,
    201,
)
ACCESS_ROUTES = (REVOKE, CREATE_TOKEN)
"""The routes about access tokens."""

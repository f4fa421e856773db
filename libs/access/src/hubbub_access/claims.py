"""The claims of a token (RFC 7519 section 4)."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from hubbub_contracts.types import DisplayName, UserId

from .grants import Grants

NumericDate = Annotated[float, Field(ge=0, le=2**53)]
"""Seconds since 1970 (RFC 7519 section 2)."""
_Name = Annotated[str, StringConstraints(min_length=1, max_length=256)]


class Claims(BaseModel):
    """What a token carries. Unknown claims are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, allow_inf_nan=False)

    iss: _Name
    aud: _Name | list[_Name]
    exp: NumericDate
    sub: UserId
    iat: NumericDate | None = None
    nbf: NumericDate | None = None
    jti: _Name | None = None
    name: DisplayName | None = None
    hubbub: Grants


class AccessToken(BaseModel):
    """A token that has been verified."""

    model_config = ConfigDict(frozen=True)

    issuer: str
    tenant: str | None = None
    """Whose token it is, by its key; None: there is one tenant."""
    user_id: str
    """The identity, which replaces what the client says of itself."""
    display_name: str | None
    """The name to show; None: the token leaves it to the client."""
    grants: Grants
    expires_at: float
    """Unix seconds."""
    issued_at: float | None
    """Unix seconds; None when the token does not tell."""
    token_id: str | None
    """Its `jti`."""

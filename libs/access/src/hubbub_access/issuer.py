"""Signs tokens."""

from __future__ import annotations

from typing import Any

import jwt

from .grants import Grants
from .key_set import SigningKey


def issue(
    key: SigningKey,
    user_id: str,
    grants: Grants,
    *,
    audience: str,
    now: float,
    lifetime: float,
    token_id: str,
    display_name: str | None = None,
) -> str:
    """A signed token.

    Arguments:
        key: signs, and names the issuer.
        user_id: the client's identity, `sub`.
        grants: what the client may do.
        audience: the name of the installation, `aud`.
        now: the present time in Unix seconds.
        lifetime: seconds until it expires.
        token_id: its `jti`.
        display_name: the name to show; None leaves it to the client.
    """
    claims: dict[str, Any] = {
        "iss": key.issuer,
        "aud": audience,
        "sub": user_id,
        "iat": int(now),
        "exp": int(now + lifetime),
        "jti": token_id,
        "hubbub": grants.model_dump(mode="json", exclude_defaults=True, by_alias=True),
    }
    if display_name is not None:
        claims["name"] = display_name
    return jwt.encode(claims, key.key, algorithm=key.algorithm, headers={"kid": key.kid})

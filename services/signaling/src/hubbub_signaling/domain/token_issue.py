"""Issues access tokens for the application's servers, with the key that also verifies them."""

from __future__ import annotations

from math import inf
from typing import Any

from pydantic import ValidationError

from hubbub_access import MAX_TOKEN_LENGTH, Grants, KeySet, issue
from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.rest.access import CreatedToken, CreateTokenBody

from .identity import Identity


class TokenIssue:
    """The operator's keys and the name of the installation."""

    def __init__(self, keys: KeySet | None, audience: str, max_lifetime: float = inf) -> None:
        """`keys` is None without a file of them. `max_lifetime` is that of the verifier."""
        self._keys = keys
        self._max_lifetime = max_lifetime
        self._audience = audience

    def create(self, identity: Identity, body: CreateTokenBody, now: float, token_id: str) -> CreatedToken:
        """A token for a server with an API key. `now` is in Unix seconds.

        Raises `not_allowed`, `unsupported`, `invalid_argument`, and `too_large` when nothing would accept the token.
        """
        if not identity.operator:
            # A token that could make tokens would outlive itself.
            raise HubbubError(ErrorCode.NOT_ALLOWED, "an API key is required to create tokens")
        signing = None if self._keys is None else self._keys.signing_key_of(identity.tenant)
        if signing is None:
            raise HubbubError(ErrorCode.UNSUPPORTED, "this installation has no key that can sign tokens")
        if body.lifetime > self._max_lifetime:
            message = f"lifetime: at most {self._max_lifetime:.0f} seconds, the REVOCATION_TTL of this installation"
            raise HubbubError(ErrorCode.INVALID_ARGUMENT, message)
        token = issue(
            signing,
            body.user_id,
            _grants(body.grants),
            audience=self._audience,
            now=now,
            lifetime=body.lifetime,
            token_id=token_id,
            display_name=body.display_name,
        )
        if len(token) > MAX_TOKEN_LENGTH:
            raise HubbubError(ErrorCode.TOO_LARGE, f"grants: a token may have at most {MAX_TOKEN_LENGTH} characters")
        return CreatedToken(token=token, expires_at=int(now + body.lifetime) * 1000)


def _grants(claim: dict[str, Any]) -> Grants:
    try:
        return Grants.model_validate(claim)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, ("grants", *first["loc"])))[:128]
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, f"{where}: {first['msg']}") from error

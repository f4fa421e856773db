"""Verifies tokens."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any, Final, NoReturn

import jwt
from pydantic import ValidationError

from hubbub_contracts import ErrorCode, HubbubError

from .claims import AccessToken, Claims
from .key_set import KeySet, VerificationKey

MAX_TOKEN_LENGTH: Final = 4096
"""Characters of a token, checked before anything is parsed."""
LEEWAY: Final = 30.0
"""Seconds by which the clocks of issuer and verifier may differ."""
_REFUSED_HEADERS: Final = frozenset({"jku", "jwk", "x5u", "x5c", "crit"})
"""Headers that bring a key of the sender's choice, or critical extensions (RFC 7515 section 4.1)."""
_TYPES: Final = frozenset({"JWT", "at+jwt"})
# The time is an argument here, and the claims are validated by a model.
_SIGNATURE_ONLY: Final[Any] = {
    "verify_signature": True,
    **{f"verify_{claim}": False for claim in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")},
}


class TokenVerifier:
    """Verifies the tokens of a key set."""

    def __init__(
        self,
        keys: KeySet | None,
        audience: str,
        on_unknown_key: Callable[[], bool] = lambda: False,
        max_lifetime: float = inf,
    ) -> None:
        """Verifies tokens that are meant for this installation.

        Arguments:
            keys: None while they are not known: all tokens are refused as `unavailable`.
            audience: the name of this installation, which must be in `aud`.
            on_unknown_key: called for a token of an unknown key. Returns whether the keys are being fetched, so that
                the client may try again.
            max_lifetime: seconds from `iat` to `exp`, and without `iat` from now, that a token may have. A revocation
                is kept for that long.
        """
        self.keys = keys
        self._max_lifetime = max_lifetime
        self._audience = audience
        self._on_unknown_key = on_unknown_key

    def verify(self, token: object, now: float) -> AccessToken:
        """Verifies a token at the time `now`, in Unix seconds. Raises `unauthenticated`, and
        `unavailable` while the key is not known yet.
        """
        if not isinstance(token, str) or not token:
            _refuse("is missing")
        if len(token) > MAX_TOKEN_LENGTH:
            _refuse(f"is longer than {MAX_TOKEN_LENGTH} characters")
        key = self._key(token)
        try:
            payload = jwt.decode(token, key=key.jwk, algorithms=[key.algorithm], options=_SIGNATURE_ONLY)
            claims = Claims.model_validate(payload)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            _refuse(f"has a wrong claim {'.'.join(map(str, first['loc']))[:64]}: {first['msg']}", error)
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            _refuse("is not signed by a key of this installation", error)
        return self._accept(claims, key, now)

    def _key(self, token: str) -> VerificationKey:
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            _refuse("is not a JWT", error)
        kid, kind = header.get("kid"), header.get("typ", "JWT")
        if refused := _REFUSED_HEADERS & header.keys():
            _refuse(f"has the header {min(refused)}, which is not supported")
        if kind not in _TYPES:
            _refuse("is of another type than JWT")
        if self.keys is None:
            raise HubbubError(ErrorCode.UNAVAILABLE, "the keys of access tokens are not known yet", retryable=True)
        key = self.keys.find(kid)
        if key is None:
            if self._on_unknown_key():
                message = "the keys of access tokens are being fetched"
                raise HubbubError(ErrorCode.UNAVAILABLE, message, retryable=True)
            _refuse("is not signed by a key of this installation")
        if header.get("alg") != key.algorithm:
            _refuse("is signed with another algorithm than its key's")
        return key

    def _accept(self, claims: Claims, key: VerificationKey, now: float) -> AccessToken:
        audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        if claims.iss != key.issuer:
            _refuse("is of another issuer than its key")
        if self._audience not in audiences:
            _refuse("is meant for another audience")
        if claims.exp + LEEWAY <= now:
            _refuse("has expired")
        if max(claims.nbf or 0.0, claims.iat or 0.0) - LEEWAY > now:
            _refuse("is not valid yet")
        if claims.exp - (now if claims.iat is None else claims.iat) > self._max_lifetime:
            _refuse(f"lives longer than {self._max_lifetime:.0f} seconds, the REVOCATION_TTL of this installation")
        return AccessToken(
            issuer=claims.iss,
            tenant=key.tenant,
            user_id=claims.sub,
            display_name=claims.name,
            grants=claims.hubbub,
            expires_at=claims.exp,
            issued_at=claims.iat,
            token_id=claims.jti,
        )


def _refuse(why: str, cause: Exception | None = None) -> NoReturn:
    """The message never contains a part of the token."""
    raise HubbubError(ErrorCode.UNAUTHENTICATED, f"the access token {why}") from cause

"""The keys that sign and verify tokens: a JWK Set (RFC 7517), with three members of ours in each key.

Rules
- Each key has one algorithm, in `alg`. The header of a token never chooses it (RFC 8725 section 3.1).
- `tenant` names the tenant to which the key and its issuer belong. Without it, there is one tenant.
- `iss` is the only issuer whose tokens the key verifies.
- A symmetric key has 32 bytes or more, and stands in a local file: who can verify with it can also sign.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jwt
from pydantic import TypeAdapter, ValidationError

from hubbub_contracts.types import TenantId

ALGORITHMS: Final = {"HS256": "oct", "RS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}
"""The supported algorithms (RFC 7518, RFC 8037), and the type of their keys."""
MIN_SECRET: Final = 32
"""Bytes of a symmetric key (RFC 7518 section 3.2)."""
MIN_RSA_BITS: Final = 2048
_CURVES: Final = {"ES256": "P-256", "EdDSA": "Ed25519"}
_BY_KIND: Final = {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}
"""The algorithm of a published key without `alg`. Symmetric keys are never published."""
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
"""Members of private and symmetric keys (RFC 7518 section 6)."""
MAX_KEYS: Final = 64
_TENANT: Final[TypeAdapter[str]] = TypeAdapter(TenantId)
MAX_SIZE: Final = 256 * 1024
"""Bytes of a key set."""


class KeySetInvalid(ValueError):
    """The key set cannot be used. The message says which key and why; it never shows a key."""


@dataclass(frozen=True, slots=True, repr=False)
class VerificationKey:
    """A key that verifies tokens."""

    kid: str
    algorithm: str
    issuer: str
    jwk: jwt.PyJWK
    tenant: str | None = None
    """Whose rooms, calls and recordings its tokens open."""

    @property
    def signing(self) -> SigningKey | None:
        """The same key for signing; None when only its public half is known."""
        key = self.jwk.key
        return SigningKey(self.kid, self.algorithm, self.issuer, key) if _can_sign(key) else None


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """A key that signs tokens."""

    kid: str
    algorithm: str
    issuer: str
    key: Any


class KeySet:
    """Keys by their `kid`."""

    def __init__(self, keys: Iterable[VerificationKey]) -> None:
        self._keys = {key.kid: key for key in keys}

    @classmethod
    def parse(cls, text: bytes | str) -> KeySet:
        """Reads a JWK Set. Raises KeySetInvalid."""
        return cls._of([_parse_key(index, entry) for index, entry in enumerate(_listed(text))])

    @classmethod
    def parse_published(cls, text: bytes | str, issuer: str | None) -> KeySet:
        """Reads a JWK Set that an identity provider publishes. Raises KeySetInvalid.

        It has keys for other purposes, too, which are left out. Symmetric keys are never accepted: whoever can read
        them could sign. Private parts are dropped.

        `issuer`: of keys without `iss`, which is a member of ours; None accepts only keys that have it.
        """
        keys, problems = [], []
        for index, entry in enumerate(_listed(text)):
            try:
                keys.append(_parse_key(index, _published(index, entry, issuer)))
            except KeySetInvalid as error:
                problems.append(str(error))
        if not keys:
            raise KeySetInvalid(f"no key can be used: {'; '.join(problems)[:512]}")
        return cls._of(keys)

    @classmethod
    def _of(cls, keys: list[VerificationKey]) -> KeySet:
        if len({key.kid for key in keys}) != len(keys):
            raise KeySetInvalid("two keys have the same `kid`")
        tenants: dict[str, str | None] = {}
        for key in keys:
            if tenants.setdefault(key.issuer, key.tenant) != key.tenant:
                raise KeySetInvalid(f"the issuer {key.issuer} belongs to two tenants")
        return cls(keys)

    @classmethod
    def read(cls, path: Path) -> KeySet:
        """Reads the file. Raises KeySetInvalid, also when it cannot be read."""
        try:
            return cls.parse(path.read_bytes())
        except OSError as error:
            raise KeySetInvalid(f"{path}: {error.strerror}") from error
        except KeySetInvalid as error:
            raise KeySetInvalid(f"{path}: {error}") from error

    def find(self, kid: str | None) -> VerificationKey | None:
        """The key of this id. Without an id, the only key of the set, if there is only one."""
        if kid is not None:
            return self._keys.get(kid)
        return next(iter(self._keys.values())) if len(self._keys) == 1 else None

    @property
    def signing_key(self) -> SigningKey | None:
        """The first key that can sign."""
        return next((signing for key in self._keys.values() if (signing := key.signing) is not None), None)

    def signing_key_of(self, tenant: str | None) -> SigningKey | None:
        """The first key of this tenant that can sign."""
        return KeySet(key for key in self._keys.values() if key.tenant == tenant).signing_key

    @property
    def tenants(self) -> frozenset[str]:
        """The tenants that are named."""
        return frozenset(key.tenant for key in self._keys.values() if key.tenant is not None)


def new_secret(kid: str, issuer: str, secret: bytes, tenant: str | None = None) -> dict[str, Any]:
    """A key set with one symmetric key, as a JSON object. Raises KeySetInvalid for a short secret."""
    _check_secret(kid, secret)
    encoded = base64.urlsafe_b64encode(secret).decode().rstrip("=")
    ours = {"iss": issuer, **({} if tenant is None else {"tenant": tenant})}
    return {"keys": [{"kty": "oct", "alg": "HS256", "kid": kid, **ours, "k": encoded}]}


def _listed(text: bytes | str) -> list[object]:
    """The entries of a JWK Set."""
    if len(text) > MAX_SIZE:
        raise KeySetInvalid(f"larger than {MAX_SIZE} bytes")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise KeySetInvalid("not JSON") from error
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list) or not listed:
        raise KeySetInvalid("not a JWK Set: `keys` must be a list of keys")
    if len(listed) > MAX_KEYS:
        raise KeySetInvalid(f"more than {MAX_KEYS} keys")
    return listed


def _published(index: int, entry: object, issuer: str | None) -> object:
    """The public part of a published signing key, with the members that ours have. Raises KeySetInvalid."""
    if not isinstance(entry, dict):
        return entry
    kind = entry.get("kty")
    if not isinstance(kind, str) or kind not in _BY_KIND:
        raise KeySetInvalid(f"keys.{index}.kty: must be one of {', '.join(_BY_KIND)}")
    if entry.get("use", "sig") != "sig":
        raise KeySetInvalid(f"keys.{index}.use: not for signatures")
    public = {name: value for name, value in entry.items() if name not in _PRIVATE}
    # RFC 7517 section 4.4: `alg` is optional. The type then decides, and the token does not.
    defaults = {"alg": _BY_KIND[kind], **({} if issuer is None else {"iss": issuer})}
    return {**defaults, **public}


def _parse_key(index: int, entry: object) -> VerificationKey:
    where = f"keys.{index}"
    if not isinstance(entry, dict):
        raise KeySetInvalid(f"{where}: not an object")
    kid, algorithm, issuer = (_text(where, entry, name) for name in ("kid", "alg", "iss"))
    if algorithm not in ALGORITHMS:
        raise KeySetInvalid(f"{where}.alg: must be one of {', '.join(ALGORITHMS)}")
    if entry.get("kty") != ALGORITHMS[algorithm]:
        raise KeySetInvalid(f"{where}.kty: a key for {algorithm} is of type {ALGORITHMS[algorithm]}")
    curve = _CURVES.get(algorithm)
    if entry.get("crv") != curve:
        raise KeySetInvalid(f"{where}.crv: a key for {algorithm} is on the curve {curve}")
    try:
        jwk = jwt.PyJWK(entry, algorithm)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
        raise KeySetInvalid(f"{where}: not a usable key for {algorithm}") from error
    if algorithm == "HS256":
        _check_secret(where, jwk.key)
    if algorithm == "RS256" and jwk.key.key_size < MIN_RSA_BITS:
        raise KeySetInvalid(f"{where}: an RSA key must have {MIN_RSA_BITS} bits or more")
    return VerificationKey(kid, algorithm, issuer, jwk, _tenant(where, entry))


def _tenant(where: str, entry: dict[str, Any]) -> str | None:
    if entry.get("tenant") is None:
        return None
    try:
        return _TENANT.validate_python(entry["tenant"], strict=True)
    except ValidationError as error:
        raise KeySetInvalid(f"{where}.tenant: must be 1 to 32 of A-Z a-z 0-9 _ -") from error


def _text(where: str, entry: dict[str, Any], name: str) -> str:
    value = entry.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 256:
        raise KeySetInvalid(f"{where}.{name}: is required, as text of 1 to 256 characters")
    return value


def _check_secret(where: str, secret: bytes) -> None:
    if len(secret) < MIN_SECRET:
        raise KeySetInvalid(f"{where}: a symmetric key must have {MIN_SECRET} bytes or more")


def _can_sign(key: object) -> bool:
    return isinstance(key, bytes) or hasattr(key, "sign")

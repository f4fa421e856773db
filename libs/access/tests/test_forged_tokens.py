"""Attacks on tokens (RFC 8725 section 2), each with a token that a careless verifier accepts."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from hubbub_access import KeySet, TokenVerifier
from hubbub_access.key_set import new_secret
from hubbub_contracts import ErrorCode, HubbubError

NOW = 1_800_000_000.0
SECRETS = {"acme": b"a" * 32, "globex": b"g" * 32}
RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def claims(issuer: str = "acme", **changes: Any) -> dict[str, Any]:
    return {
        "iss": issuer,
        "aud": "hubbub",
        "sub": "eve",
        "exp": int(NOW) + 60,
        "hubbub": {"rooms": ["*"], "admin": True},
        **changes,
    }


def _public(text: str, kid: str, algorithm: str) -> dict[str, Any]:
    return {**json.loads(text), "kid": kid, "alg": algorithm, "iss": kid}


KEYS = {
    "keys": [
        *(new_secret(each, each, secret, each)["keys"][0] for each, secret in SECRETS.items()),
        _public(RSAAlgorithm.to_jwk(RSA_KEY.public_key()), "rsa", "RS256"),
        _public(ECAlgorithm.to_jwk(EC_KEY.public_key()), "ec", "ES256"),
    ]
}
VERIFIER = TokenVerifier(KeySet.parse(json.dumps(KEYS)), "hubbub")


def encoded(part: object) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def forged(header: dict[str, Any], payload: object, secret: bytes = SECRETS["acme"], signature: str = "") -> str:
    """A token with any header, signed by HMAC unless there is a signature."""
    signed = f"{encoded(header)}.{encoded(payload)}"
    mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{signature or encoded(mac)}"


def own_key() -> dict[str, Any]:
    """The attacker's key, as a header would bring it."""
    return json.loads(RSAAlgorithm.to_jwk(ATTACKER.public_key()))  # type: ignore[no-any-return]  # a JWK


ATTACKER = rsa.generate_private_key(65537, 2048)
HEADER = {"typ": "JWT", "alg": "HS256", "kid": "acme"}
FORGED: dict[str, str] = {
    "no algorithm": f"{encoded({**HEADER, 'alg': 'none'})}.{encoded(claims())}.",
    "no algorithm, in another case": f"{encoded({**HEADER, 'alg': 'nOnE'})}.{encoded(claims())}.",
    "no algorithm, with a signature": forged({**HEADER, "alg": "none"}, claims()),
    "an empty signature": forged(HEADER, claims(), signature="=").removesuffix("="),
    "HS256 with the public RSA key as secret": forged(
        {**HEADER, "kid": "rsa"}, claims("rsa"), json.dumps(KEYS["keys"][2]).encode()
    ),
    "HS256 with the modulus as secret": forged(
        {**HEADER, "kid": "rsa"}, claims("rsa"), base64.urlsafe_b64decode(KEYS["keys"][2]["n"] + "==")
    ),
    "RS256 for a symmetric key": jwt.encode(claims(), ATTACKER, "RS256", {"kid": "acme"}),
    "another algorithm of the same family": jwt.encode(claims(), SECRETS["acme"] * 2, "HS512", {"kid": "acme"}),
    "RS512 for a key of RS256": jwt.encode(claims("rsa"), RSA_KEY, "RS512", {"kid": "rsa"}),
    "PS256 for a key of RS256": jwt.encode(claims("rsa"), RSA_KEY, "PS256", {"kid": "rsa"}),
    "an embedded key": jwt.encode(claims("rsa"), ATTACKER, "RS256", {"kid": "rsa", "jwk": own_key()}),
    "an embedded key without an id": jwt.encode(claims("rsa"), ATTACKER, "RS256", {"jwk": own_key()}),
    "a key elsewhere": jwt.encode(claims("rsa"), ATTACKER, "RS256", {"kid": "rsa", "jku": "https://evil.example"}),
    "a signature of zeros": forged({"alg": "ES256", "kid": "ec"}, claims("ec"), signature=encoded(bytes(64))),
    "a signature in DER": forged(
        {"alg": "ES256", "kid": "ec"}, claims("ec"), signature=encoded(b"\x30\x06\x02\x01\x00\x02\x01\x00")
    ),
    "an unencoded payload": forged({**HEADER, "b64": False, "crit": ["b64"]}, claims()),
    "the key of another tenant": forged(HEADER, claims(), SECRETS["globex"]),
    "the issuer of another tenant": forged({**HEADER, "kid": "globex"}, claims("acme"), SECRETS["globex"]),
    "the id of another key": forged({**HEADER, "kid": "globex"}, claims(), SECRETS["acme"]),
    "an unknown key": forged({**HEADER, "kid": "initech"}, claims()),
    "a path as the id": forged({**HEADER, "kid": "../../dev/null"}, claims(), b""),
    "a query as the id": forged({**HEADER, "kid": "x' UNION SELECT 'a"}, claims(), b"a"),
    "no id among several keys": forged({"alg": "HS256"}, claims()),
    "a list as the id": forged({**HEADER, "kid": ["acme"]}, claims()),
    "a list as the algorithm": forged({**HEADER, "alg": ["HS256"]}, claims()),
    "an encrypted token": ".".join([encoded({**HEADER, "enc": "A256GCM"}), *["YQ"] * 4]),
    "claims that are a list": forged(HEADER, [claims()]),
    "another audience": forged(HEADER, claims(aud="hubbub.evil")),
    "an audience that contains ours": forged(HEADER, claims(aud="hubbub,evil")),
    "expired": forged(HEADER, claims(exp=int(NOW) - 60)),
    "expires never": forged(HEADER, claims(exp=1e400)),
    "not valid yet": forged(HEADER, claims(nbf=int(NOW) + 60)),
    "issued tomorrow": forged(HEADER, claims(iat=int(NOW) + 86_400)),
    "100 kB": forged(HEADER, claims(pad="x" * 100_000)),
    "deep claims": forged(HEADER, json.dumps(claims()).replace('"*"', "[" * 900 + "]" * 900).encode()),
}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED)
def test_a_forged_token_is_refused(token: str) -> None:
    with pytest.raises(HubbubError) as refused:
        VERIFIER.verify(token, NOW)
    assert refused.value.code is ErrorCode.UNAUTHENTICATED
    assert not any(part and part in refused.value.message for part in token.split("."))


def test_the_forger_makes_tokens_that_are_accepted_with_the_right_key() -> None:
    """Otherwise the test above would prove nothing."""
    accepted = VERIFIER.verify(forged(HEADER, claims()), NOW)
    assert (accepted.user_id, accepted.tenant) == ("eve", "acme")
    assert VERIFIER.verify(jwt.encode(claims("rsa"), RSA_KEY, "RS256", {"kid": "rsa"}), NOW).tenant is None


def test_a_token_names_no_tenant_of_its_own() -> None:
    token = forged(HEADER, claims(tenant="globex", hubbub={"rooms": ["*"], "tenant": "globex"}))
    assert VERIFIER.verify(token, NOW).tenant == "acme"

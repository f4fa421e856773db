"""Which tokens are accepted."""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from hubbub_access import MAX_TOKEN_LENGTH, NO_GRANTS, Grants, KeySet, TokenVerifier, issue
from hubbub_access.key_set import new_secret
from hubbub_access.verifier import LEEWAY
from hubbub_contracts import ErrorCode, HubbubError

ABSENT: Any = None
NOW = 1_800_000_000.0
SECRET = b"s" * 32
CLAIMS: dict[str, Any] = {
    "iss": "app",
    "aud": "hubbub",
    "sub": "alice",
    "exp": int(NOW) + 60,
    "hubbub": {"rooms": ["standup"], "join": True},
}


def _jwk(algorithm: str) -> dict[str, Any]:
    """A private key of an algorithm."""
    match algorithm:
        case "RS256":
            text = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 2048))
        case "ES256":
            text = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()))
        case "EdDSA":
            text = OKPAlgorithm.to_jwk(ed25519.Ed25519PrivateKey.generate())
        case _:
            text = json.dumps({"kty": "oct", "k": base64.urlsafe_b64encode(SECRET).decode().rstrip("=")})
    return {**json.loads(text), "alg": algorithm, "kid": f"the {algorithm}", "iss": "app"}


def _public(jwk: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in jwk.items() if name not in {"d", "p", "q", "dp", "dq", "qi", "key_ops"}}


RSA_KEY = _jwk("RS256")
KEYS = KeySet.parse(json.dumps(new_secret("one", "app", SECRET)))
VERIFIER = TokenVerifier(KEYS, "hubbub")


def _token(key: Any = SECRET, algorithm: str = "HS256", headers: dict[str, Any] | None = None, **claims: Any) -> str:
    payload = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}
    return jwt.encode(payload, key, algorithm=algorithm, headers={"kid": "one", **(headers or {})})


def _why_refused(token: object, verifier: TokenVerifier = VERIFIER, now: float = NOW) -> str:
    with pytest.raises(HubbubError) as refused:
        verifier.verify(token, now)
    assert refused.value.code is ErrorCode.UNAUTHENTICATED
    assert not refused.value.retryable
    return refused.value.message


@pytest.mark.parametrize(("iat", "exp"), [(NOW - 10, NOW + 91), (None, NOW + 101)])
def test_a_token_that_outlives_a_revocation_is_refused(iat: float | None, exp: float) -> None:
    verifier = TokenVerifier(KEYS, "hubbub", max_lifetime=100)
    assert "lives longer than 100 seconds" in _why_refused(_token(iat=iat, exp=exp), verifier)
    assert verifier.verify(_token(iat=iat, exp=exp - 1), NOW).expires_at == exp - 1
    assert VERIFIER.verify(_token(iat=iat, exp=exp), NOW).expires_at == exp


@pytest.mark.parametrize("algorithm", ["HS256", "RS256", "ES256", "EdDSA"])
def test_a_token_of_each_algorithm_is_accepted(algorithm: str) -> None:
    private = _jwk(algorithm)
    key = KeySet.parse(json.dumps({"keys": [private]})).signing_key
    assert key is not None
    token = issue(
        key,
        "alice",
        Grants(rooms=("standup",), join=True),
        audience="hubbub",
        now=NOW,
        lifetime=60,
        token_id="1",
        display_name="Alice",
    )
    public = KeySet.parse(json.dumps({"keys": [_public(private)]}))
    accepted = TokenVerifier(public, "hubbub").verify(token, NOW)
    assert (accepted.user_id, accepted.display_name, accepted.issuer) == ("alice", "Alice", "app")
    assert (accepted.expires_at, accepted.token_id) == (NOW + 60, "1")
    assert accepted.grants == Grants(rooms=("standup",), join=True)
    assert (public.signing_key is None) is (algorithm != "HS256")


def test_a_token_without_grants_allows_nothing() -> None:
    grants = VERIFIER.verify(_token(hubbub={}), NOW).grants
    assert grants == NO_GRANTS


@pytest.mark.parametrize("claim", ["iss", "aud", "exp", "sub", "hubbub"])
def test_every_claim_that_matters_is_required(claim: str) -> None:
    assert claim in _why_refused(_token(**{claim: ABSENT}))


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"iss": "other"}, "another issuer"),
        ({"aud": "other"}, "another audience"),
        ({"aud": ["a", "b"]}, "another audience"),
        ({"exp": int(NOW - LEEWAY)}, "expired"),
        ({"nbf": int(NOW + LEEWAY + 1)}, "not valid yet"),
        ({"iat": int(NOW + LEEWAY + 1)}, "not valid yet"),
        ({"exp": "tomorrow"}, "exp"),
        ({"exp": True}, "exp"),
        ({"sub": ""}, "sub"),
        ({"sub": 7}, "sub"),
        ({"hubbub": {"rooms": "standup"}}, "hubbub.rooms"),
        ({"hubbub": {"rooms": ["team*"]}}, "hubbub.rooms"),
        ({"hubbub": {"join": "yes"}}, "hubbub.join"),
        ({"hubbub": {"publish": {"kinds": ["smell"]}}}, "hubbub.publish"),
    ],
)
def test_a_wrong_claim_is_named(claims: dict[str, Any], reason: str) -> None:
    assert reason in _why_refused(_token(**claims))


@pytest.mark.parametrize(
    "claims",
    [{"exp": int(NOW - LEEWAY + 1)}, {"nbf": int(NOW + LEEWAY)}, {"iat": int(NOW + LEEWAY)}, {"aud": ["x", "hubbub"]}],
)
def test_clocks_may_differ_by_the_leeway(claims: dict[str, Any]) -> None:
    assert VERIFIER.verify(_token(**claims), NOW).user_id == "alice"


@pytest.mark.parametrize("header", ["jku", "jwk", "x5u", "x5c"])
def test_a_header_that_brings_a_key_is_refused(header: str) -> None:
    assert f"header {header}" in _why_refused(_token(headers={header: ["exp"]}))


def test_an_extension_that_is_critical_is_refused() -> None:
    _why_refused(_token(headers={"crit": ["exp"], "exp": CLAIMS["exp"]}))


def test_a_token_without_signature_is_refused() -> None:
    assert "algorithm" in _why_refused(_token(key=None, algorithm="none"))


def test_the_public_key_is_no_shared_secret() -> None:
    """The attack that swaps RS256 for HS256, with the public key as the secret (RFC 8725 section 2.1)."""
    public = KeySet.parse(json.dumps({"keys": [{**_public(RSA_KEY), "kid": "one"}]}))
    key = RSAAlgorithm.from_jwk(json.dumps(_public(RSA_KEY)))
    assert isinstance(key, rsa.RSAPublicKey)
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    header, payload = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
        for part in ({"alg": "HS256", "kid": "one"}, CLAIMS)
    )
    signing = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    signature = base64.urlsafe_b64encode(signing.sign(header + b"." + payload, pem)).rstrip(b"=")
    token = b".".join((header, payload, signature)).decode()
    assert "algorithm" in _why_refused(token, TokenVerifier(public, "hubbub"))


def test_another_type_of_token_is_refused() -> None:
    assert "another type" in _why_refused(_token(headers={"typ": "dpop+jwt"}))


def test_a_foreign_key_and_a_changed_token_are_refused() -> None:
    assert "not signed" in _why_refused(_token(key=b"t" * 32))
    header, _, signature = _token().split(".")
    forged = base64.urlsafe_b64encode(json.dumps({**CLAIMS, "sub": "mallory"}).encode()).decode().rstrip("=")
    assert "not signed" in _why_refused(f"{header}.{forged}.{signature}")


def test_an_unknown_key_id_is_refused_and_none_means_the_only_key() -> None:
    assert "not signed" in _why_refused(_token(headers={"kid": "two"}))
    without = jwt.encode(CLAIMS, SECRET, algorithm="HS256")
    assert VERIFIER.verify(without, NOW).user_id == "alice"
    two = KeySet.parse(json.dumps({"keys": [*new_secret("one", "app", SECRET)["keys"], RSA_KEY]}))
    assert "not signed" in _why_refused(without, TokenVerifier(two, "hubbub"))


@pytest.mark.parametrize("token", [None, "", 7, "a" * (MAX_TOKEN_LENGTH + 1), "a.b.c", "….….…", "." * 100])
def test_what_is_no_token_is_refused(token: object) -> None:
    _why_refused(token)


def test_a_message_never_contains_the_token() -> None:
    token = _token(key=b"t" * 32)
    assert not any(part in _why_refused(token) for part in token.split("."))


@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_arbitrary_text_is_refused(text: str) -> None:
    _why_refused(f"{text}.{text}.{text}")
    _why_refused(text)

"""Which keys are accepted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from hubbub_access import KeySet, KeySetInvalid
from hubbub_access.key_set import MAX_KEYS, MAX_SIZE, MIN_SECRET, new_secret

OCT = new_secret("one", "app", b"s" * MIN_SECRET)["keys"][0]


def _why_refused(text: object) -> str:
    with pytest.raises(KeySetInvalid) as refused:
        KeySet.parse(text if isinstance(text, str) else json.dumps(text))
    return str(refused.value)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ([], "`keys`"),
        ({"keys": []}, "`keys`"),
        ({"keys": [7]}, "keys.0: not an object"),
        ({"keys": [OCT] * (MAX_KEYS + 1)}, "more than"),
        ({"keys": [OCT, OCT]}, "same `kid`"),
        ({"keys": [{**OCT, "k": "c2hvcnQ"}]}, "32 bytes"),
        ({"keys": [{**OCT, "k": 7}]}, "not a usable key"),
        ({"keys": [{**OCT, "alg": "none"}]}, "keys.0.alg"),
        ({"keys": [{**OCT, "alg": "RS256"}]}, "keys.0.kty"),
        (" " * (MAX_SIZE + 1), "larger than"),
        *[({"keys": [{name: value for name, value in OCT.items() if name != left}]}, left) for left in OCT],
    ],
)
def test_a_wrong_key_set_is_refused_with_the_place(document: object, reason: str) -> None:
    assert reason in _why_refused(document)


def _asymmetric(text: str, algorithm: str) -> dict[str, Any]:
    return {"keys": [{**json.loads(text), "alg": algorithm, "kid": "one", "iss": "app"}]}


def test_weak_keys_are_refused() -> None:
    short = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 1024))
    assert "2048 bits" in _why_refused(_asymmetric(short, "RS256"))
    other_curve = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP384R1()))
    assert "P-256" in _why_refused(_asymmetric(other_curve, "ES256"))


def test_a_file_is_named_and_a_key_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    with pytest.raises(KeySetInvalid, match=r"keys\.json: No such file"):
        KeySet.read(path)
    path.write_text(json.dumps({"keys": [{**OCT, "k": "c2hvcnQ"}]}))
    with pytest.raises(KeySetInvalid, match=r"keys\.json: keys\.0") as refused:
        KeySet.read(path)
    assert "c2hvcnQ" not in str(refused.value)
    key = KeySet.parse(json.dumps({"keys": [OCT]})).find("one")
    assert key is not None
    assert OCT["k"] not in repr(key)


def _published() -> tuple[Any, dict[str, Any]]:
    """A key of an identity provider, and what it publishes of it."""
    private = rsa.generate_private_key(65537, 2048)
    return private, {**json.loads(RSAAlgorithm.to_jwk(private.public_key())), "kid": "idp", "use": "sig"}


def test_a_published_set_may_have_other_keys_and_no_issuers() -> None:
    private, public = _published()
    others = [
        {**public, "kid": "encryption", "use": "enc"},
        {**public, "kid": "other", "alg": "RS512"},
        {"kty": "oct", "kid": "secret", "alg": "HS256", "k": OCT["k"]},
        OCT,
        7,
    ]
    keys = KeySet.parse_published(json.dumps({"keys": [*others, public]}), "https://idp")
    key = keys.find("idp")
    assert key is not None
    assert (key.algorithm, key.issuer) == ("RS256", "https://idp")
    assert [keys.find(kid) for kid in ("encryption", "other", "secret", "one")] == [None] * 4
    with_private = {**json.loads(RSAAlgorithm.to_jwk(private)), "kid": "idp"}
    assert KeySet.parse_published(json.dumps({"keys": [with_private]}), "https://idp").signing_key is None


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"keys": [OCT]}, "keys.0.kty"),
        ({"keys": [7]}, "not an object"),
        ({"keys": [{**_published()[1], "kty": ["RSA"]}]}, "keys.0.kty"),
        ({"keys": [_published()[1]]}, "iss"),
        ({"keys": []}, "`keys`"),
        ("<html>", "not JSON"),
    ],
)
def test_a_published_set_without_a_usable_key_is_refused(document: object, reason: str) -> None:
    text = document if isinstance(document, str) else json.dumps(document)
    with pytest.raises(KeySetInvalid, match=reason):
        KeySet.parse_published(text, None)


def _of(tenant: object, issuer: str = "app", kid: str = "one") -> dict[str, Any]:
    return {**OCT, "kid": kid, "iss": issuer, "tenant": tenant}


def test_a_key_and_its_issuer_belong_to_one_tenant() -> None:
    keys = KeySet.parse(
        json.dumps({"keys": [OCT | {"kid": "0"}, _of("acme", "acme", "1"), _of("globex", "globex", "2")]})
    )
    assert keys.tenants == {"acme", "globex"}
    signing = [keys.signing_key_of(tenant) for tenant in (None, "acme", "globex", "initech")]
    assert [None if key is None else key.kid for key in signing] == ["0", "1", "2", None]
    assert "two tenants" in _why_refused({"keys": [_of("acme", kid="1"), _of("globex", kid="2")]})
    assert "two tenants" in _why_refused({"keys": [OCT, _of("globex", kid="2")]})


@pytest.mark.parametrize("tenant", ["", "a b", "x" * 33, 7, "\u00ff"])
def test_a_tenant_has_a_short_name(tenant: object) -> None:
    assert "keys.0.tenant" in _why_refused({"keys": [_of(tenant)]})

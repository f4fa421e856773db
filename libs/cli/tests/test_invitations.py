"""The key and the tokens of an installation that others can reach."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from hubbub_access import KeySet, TokenVerifier
from hubbub_cli.invitations import KEYS, LIFETIME, Invitations, prepare_access

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("host", "environment"),
    [
        ("127.0.0.1", {}),
        ("127.0.0.1", {"AUTH": ""}),
        ("0.0.0.0", {"AUTH": "off"}),
        ("0.0.0.0", {"ACCESS_KEYS": "/etc/keys.json"}),
        ("127.0.0.1", {"AUTH": "on", "ACCESS_KEYS": "/etc/keys.json"}),
    ],
)
def test_nothing_is_made_where_it_is_not_needed(tmp_path: Path, host: str, environment: dict[str, str]) -> None:
    access = prepare_access(tmp_path, host, environment, NOW)
    assert (dict(access.environment), access.invitations) == ({}, None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("host", "environment"),
    [
        ("0.0.0.0", {}),
        ("192.0.2.7", {"ACCESS_AUDIENCE": "hubbub"}),
        ("127.0.0.1", {"AUTH": "on"}),
        ("127.0.0.1", {"TRUSTED_PROXIES": "127.0.0.1"}),
    ],
)
def test_a_key_is_made_and_kept(tmp_path: Path, host: str, environment: dict[str, str]) -> None:
    data_dir = tmp_path / "data"
    access = prepare_access(data_dir, host, environment, NOW)
    path = data_dir / KEYS
    assert access.environment == {"ACCESS_KEYS": str(path)}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert access.invitations is not None
    verifier = TokenVerifier(KeySet.read(path), "hubbub")
    owner = verifier.verify(access.invitations.host, NOW + LIFETIME)
    guest = verifier.verify(access.invitations.guest, NOW)
    assert (owner.grants.admin, guest.grants.admin, guest.grants.may_record) == (True, False, False)
    assert guest.grants.allows_room("any room")
    again = prepare_access(data_dir, host, environment, NOW)
    assert again.invitations is not None
    assert verifier.verify(again.invitations.guest, NOW).token_id != guest.token_id


def test_a_link_has_the_token_where_no_server_sees_it() -> None:
    assert Invitations.link("https://192.0.2.7:4000", "t") == "https://192.0.2.7:4000/#token=t"


def test_mistakes_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="AUTH: must be"):
        prepare_access(tmp_path, "127.0.0.1", {"AUTH": "perhaps"}, NOW)
    public = {"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": "k", "iss": "a", "x": "A" * 43}
    for text, why in (("{", "not JSON"), (json.dumps({"keys": [public]}), "no key that can sign")):
        (tmp_path / KEYS).write_text(text)
        with pytest.raises(ValueError, match=why):
            prepare_access(tmp_path, "0.0.0.0", {}, NOW)

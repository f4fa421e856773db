"""Tokens that signaling creates for the application's servers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hubbub_access import Grants, KeySet, TokenVerifier
from hubbub_access.key_set import new_secret
from hubbub_contracts import HubbubError
from hubbub_contracts.rest.access import CreateTokenBody
from hubbub_signaling.domain.identity import Identity
from hubbub_signaling.domain.token_issue import TokenIssue

NOW = 1_800_000_000.0
KEYS = KeySet.parse(json.dumps(new_secret("key", "app", b"s" * 32)))
ISSUE = TokenIssue(KEYS, "here")
SERVER = Identity(None, operator=True)
GRANTS = {"rooms": ["team/*"], "join": True, "publish": {"kinds": ["audio"]}}


def test_a_created_token_is_accepted_until_it_expires() -> None:
    body = CreateTokenBody(user_id="ann", display_name="Ann", grants=GRANTS, lifetime=60)
    created = ISSUE.create(SERVER, body, NOW, "id")
    token = TokenVerifier(KEYS, "here").verify(created.token, NOW)
    assert (token.user_id, token.display_name, token.token_id) == ("ann", "Ann", "id")
    assert token.grants == Grants.model_validate(GRANTS)
    assert token.expires_at * 1000 == created.expires_at == (NOW + 60) * 1000


@pytest.mark.parametrize(
    ("tokens", "identity", "grants", "error"),
    [
        (ISSUE, Identity(None), GRANTS, "not_allowed"),
        (ISSUE, Identity("root", grants=Grants(admin=True), expires_at=NOW), GRANTS, "not_allowed"),
        (TokenIssue(None, "here"), SERVER, GRANTS, "unsupported"),
        (TokenIssue(KEYS, "here", 3_599), SERVER, GRANTS, "invalid_argument: lifetime: at most 3599 seconds"),
        (ISSUE, SERVER, {"rooms": ["team*"]}, "invalid_argument: grants.rooms.0"),
        (ISSUE, SERVER, {"join": "yes"}, "invalid_argument: grants.join"),
        (ISSUE, SERVER, {"rooms": [f"{number:064}" for number in range(64)]}, "too_large"),
    ],
)
def test_what_would_not_work_is_refused(
    tokens: TokenIssue, identity: Identity, grants: dict[str, Any], error: str
) -> None:
    body = CreateTokenBody(user_id="ann", grants=grants)
    with pytest.raises(HubbubError, match=error):
        tokens.create(identity, body, NOW, "id")

"""As whom a client acts."""

from __future__ import annotations

import json

import pytest

from hubbub_access import Grants, KeySet, TokenVerifier, issue
from hubbub_access.key_set import new_secret
from hubbub_contracts import HubbubError
from hubbub_signaling.domain.identity import Claim, Identity, IdentityPolicy

KEY = "0123456789abcdef"
CLOSED = IdentityPolicy(api_key=None, trust_user_header=False)
WITH_KEY = IdentityPolicy(api_key=KEY, trust_user_header=False)
BEHIND_PROXY = IdentityPolicy(api_key=None, trust_user_header=True)
NOW = 1_800_000_000.0
KEYS = KeySet.parse(json.dumps(new_secret("key", "app", b"s" * 32)))
WITH_TOKENS = IdentityPolicy(api_key=KEY, trust_user_header=False, tokens=TokenVerifier(KEYS, "hubbub"))
GRANTS = Grants(rooms=("standup",), join=True)
BOB = Identity("bob", display_name="Bob", grants=GRANTS, expires_at=NOW + 60, issued_at=NOW, token_id="1")


def _token() -> str:
    key = KEYS.signing_key
    assert key is not None
    return issue(key, "bob", GRANTS, audience="hubbub", now=NOW, lifetime=60, token_id="1", display_name="Bob")


TOKEN = _token()
ANN, SERVER, ANYBODY = Identity("ann"), Identity("ann", operator=True), Identity(None, operator=True)


@pytest.mark.parametrize(
    ("policy", "claim", "identity"),
    [
        (CLOSED, Claim(header="ann", loopback=True), ANN),
        (CLOSED, Claim(own="ann", loopback=True), ANN),
        (CLOSED, Claim(header="ann", own="eve", loopback=True), ANN),
        (BEHIND_PROXY, Claim(header="ann"), ANN),
        (BEHIND_PROXY, Claim(header="ann", own="eve"), ANN),
        (WITH_KEY, Claim(header="ann", api_key=KEY), SERVER),
        (WITH_KEY, Claim(own="ann", api_key=KEY), SERVER),
        (WITH_KEY, Claim(api_key=KEY), ANYBODY),
        (CLOSED, Claim(header="ann"), "not_allowed"),
        (CLOSED, Claim(own="ann"), "not_allowed"),
        (CLOSED, Claim(loopback=True), "not_allowed"),
        (BEHIND_PROXY, Claim(own="ann"), "not_allowed"),
        (WITH_KEY, Claim(header="ann"), "not_allowed"),
        (WITH_KEY, Claim(header="ann", api_key="guess", loopback=True), "not_allowed"),
        (WITH_KEY, Claim(header="ann", api_key=7), "not_allowed"),
        (CLOSED, Claim(header="ann", api_key="", loopback=True), "not_allowed"),
        (CLOSED, Claim(header="ann", api_key="None", loopback=True), "not_allowed"),
        (CLOSED, Claim(header="", loopback=True), "invalid_argument"),
        (CLOSED, Claim(own="x" * 129, loopback=True), "invalid_argument"),
        (CLOSED, Claim(own=7, loopback=True), "invalid_argument"),
        (WITH_KEY, Claim(header="ann", bearer=KEY), SERVER),
        (WITH_KEY, Claim(header="ann", bearer="guess", loopback=True), "not_allowed"),
        (CLOSED, Claim(token=TOKEN), "not_allowed"),
        (WITH_TOKENS, Claim(token=TOKEN), BOB),
        (WITH_TOKENS, Claim(bearer=TOKEN), BOB),
        (WITH_TOKENS, Claim(header="ann", own="ann", token=TOKEN, loopback=True), BOB),
        (WITH_TOKENS, Claim(header="ann", own="ann", loopback=True), "unauthenticated"),
        (WITH_TOKENS, Claim(bearer="guess"), "unauthenticated"),
        (WITH_TOKENS, Claim(token=TOKEN, bearer="guess"), BOB),
        (WITH_TOKENS, Claim(token=KEY), "unauthenticated"),
        (WITH_TOKENS, Claim(bearer=KEY), ANYBODY),
        (WITH_TOKENS, Claim(header="ann", api_key=KEY), SERVER),
        (WITH_TOKENS, Claim(token=TOKEN, api_key="guess"), "not_allowed"),
    ],
)
def test_identity(policy: IdentityPolicy, claim: Claim, identity: Identity | str) -> None:
    try:
        found: Identity | str = policy.identify(claim, NOW)
    except HubbubError as error:
        found = error.code.value
    assert found == identity


def test_operator_without_a_user_cannot_act_as_one() -> None:
    with pytest.raises(HubbubError):
        ANYBODY.require_user()
    assert SERVER.require_user() == "ann"


@pytest.mark.parametrize(
    ("policy", "claim", "identity"),
    [
        (CLOSED, Claim(loopback=True), Identity(None)),
        (CLOSED, Claim(header="ann", loopback=True), Identity(None)),
        (WITH_KEY, Claim(bearer=KEY), ANYBODY),
        (WITH_TOKENS, Claim(bearer=KEY), ANYBODY),
        (WITH_TOKENS, Claim(bearer=TOKEN), BOB),
        (CLOSED, Claim(), "not_allowed"),
        (WITH_KEY, Claim(bearer="guess", loopback=True), "not_allowed"),
        (BEHIND_PROXY, Claim(header="ann"), "not_allowed"),
        (WITH_TOKENS, Claim(loopback=True), "unauthenticated"),
    ],
)
def test_what_outlives_a_room_needs_no_user(policy: IdentityPolicy, claim: Claim, identity: Identity | str) -> None:
    try:
        found: Identity | str = policy.identify_without_user(claim, NOW)
    except HubbubError as error:
        found = error.code.value
    assert found == identity

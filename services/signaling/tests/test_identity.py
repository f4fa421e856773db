"""As whom a client acts."""

from __future__ import annotations

import pytest

from hubbub_contracts import HubbubError
from hubbub_signaling.domain.identity import Claim, Identity, IdentityPolicy

KEY = "0123456789abcdef"
CLOSED = IdentityPolicy(api_key=None, trust_user_header=False)
WITH_KEY = IdentityPolicy(api_key=KEY, trust_user_header=False)
BEHIND_PROXY = IdentityPolicy(api_key=None, trust_user_header=True)
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
    ],
)
def test_identity(policy: IdentityPolicy, claim: Claim, identity: Identity | str) -> None:
    try:
        found: Identity | str = policy.identify(claim)
    except HubbubError as error:
        found = error.code.value
    assert found == identity


def test_operator_without_a_user_cannot_act_as_one() -> None:
    with pytest.raises(HubbubError):
        ANYBODY.require_user()
    assert SERVER.require_user() == "ann"

"""Signatures, addresses and retries."""

from __future__ import annotations

import base64

import pytest

from hubbub_contracts.webhook import WebhookOptions
from hubbub_webhooks.domain.address_policy import AddressPolicy, parse_networks
from hubbub_webhooks.domain.retries import GIVE_UP_AFTER, LONGEST_DELAY, Attempt, Verdict, delay, evaluate
from hubbub_webhooks.domain.signature import new_secret, signed_headers


def test_signature_is_that_of_standard_webhooks() -> None:
    # The example of the specification's reference implementation.
    headers = signed_headers(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"


def test_two_keys_sign_side_by_side() -> None:
    keys = [new_secret(), new_secret()]
    both = signed_headers(keys, "id", 1.0, b"body")["webhook-signature"].split(" ")
    alone = [signed_headers([key], "id", 1.0, b"body")["webhook-signature"] for key in keys]
    assert both == alone


def test_new_secret_is_accepted_as_an_option() -> None:
    secret = new_secret()
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    assert WebhookOptions(url="https://example.org/", events=[], secrets=[secret]).secrets == [secret]


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("192.168.0.1", False),
        ("172.16.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("64:ff9b::5db8:d822", True),
        ("64:ff9b:1::5db8:d822", False),
        ("2002:a00:1::1", False),
    ],
)
def test_private_addresses_are_refused(address: str, allowed: bool) -> None:
    assert AddressPolicy().allows(address) is allowed


def test_operator_allows_a_network() -> None:
    policy = AddressPolicy(parse_networks(["10.1.0.0/16", " fd00::/8 ", ""]))
    assert policy.allows("10.1.2.3")
    assert policy.allows("::ffff:10.1.2.3")
    assert policy.allows("fd12::1")
    assert not policy.allows("10.2.0.1")


@pytest.mark.parametrize(
    ("attempt", "age", "expected"),
    [
        (Attempt(200), 0.0, Verdict.DELIVERED),
        (Attempt(204), 2 * GIVE_UP_AFTER, Verdict.DELIVERED),
        (Attempt(301), 0.0, Verdict.RETRY),
        (Attempt(400), 0.0, Verdict.RETRY),
        (Attempt(500), GIVE_UP_AFTER - 1, Verdict.RETRY),
        (Attempt(500), GIVE_UP_AFTER, Verdict.DEAD),
        (Attempt(410), 0.0, Verdict.DEAD),
        (Attempt(None, "refused"), 0.0, Verdict.RETRY),
        (Attempt(None, "refused"), GIVE_UP_AFTER, Verdict.DEAD),
    ],
)
def test_verdict(attempt: Attempt, age: float, expected: Verdict) -> None:
    assert evaluate(attempt, age) is expected


def test_delays_grow_up_to_a_bound() -> None:
    failed = Attempt(500)
    middle = [delay(attempts, failed, 0.5) for attempts in range(1, 40)]
    assert middle[:4] == pytest.approx([1.0, 2.0, 4.0, 8.0])
    assert middle[-1] == pytest.approx(LONGEST_DELAY)
    assert sum(middle) > 3600
    assert delay(1, failed, 0.0) < delay(1, failed, 1.0)


def test_endpoint_may_ask_for_a_longer_delay() -> None:
    assert delay(1, Attempt(503, retry_after=30.0), 0.5) == 30.0
    assert delay(1, Attempt(503, retry_after=1e9), 0.5) == LONGEST_DELAY
    assert delay(1, Attempt(500, retry_after=30.0), 0.5) == pytest.approx(1.0)

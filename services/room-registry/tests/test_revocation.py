"""`access.revoke`: what is stored, and for how long."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from hubbub_contracts.bus.revocation import RevocationRecord, Revoke
from hubbub_contracts.recording import TICKET_LIFETIME
from hubbub_registry.domain.revocation import ban_of, key_of, lifted, merged, record_of
from hubbub_registry.handlers.context import RegistryContext
from hubbub_registry.handlers.revocation import revoke
from support.registry_fakes import FakeRevocationStore

NOW = 1_000_000


@pytest.mark.parametrize(
    ("request_", "stored"),
    [
        (Revoke(token_id="t"), {"token_id": "t", "not_before": NOW, "expires_at": NOW + 10**8}),
        (
            Revoke(token_id="t", expires_at=7),
            {"token_id": "t", "not_before": NOW, "expires_at": TICKET_LIFETIME + 3_600_000},
        ),
        (
            Revoke(user_id="u", call_id="c", tenant="a", not_before=5),
            {"user_id": "u", "call_id": "c", "tenant": "a", "not_before": 5, "expires_at": NOW + 10**8},
        ),
        (
            Revoke(user_id="u", not_before=NOW + 5),
            {"user_id": "u", "not_before": NOW + 5, "expires_at": NOW + 10**8 + 5},
        ),
    ],
)
def test_a_request_becomes_a_record(request_: Revoke, stored: dict[str, Any]) -> None:
    assert record_of(request_, NOW, 10**5) == RevocationRecord(**stored)


def test_a_repeated_request_with_an_expiry_changes_nothing() -> None:
    request = Revoke(user_id="u", not_before=5, expires_at=7)
    assert record_of(request, NOW, 60.0) == record_of(request, NOW + 1_000, 60.0)


def test_each_target_has_a_key_of_its_own() -> None:
    targets: list[dict[str, Any]] = [
        {"token_id": "x"},
        {"user_id": "x"},
        {"user_id": "x", "call_id": "room"},
        {"user_id": "x", "call_id": "other"},
    ]
    records = [
        RevocationRecord(**target, tenant=tenant, not_before=0, expires_at=0)
        for target in targets
        for tenant in (None, "a")
    ]
    assert len({key_of(record) for record in records}) == len(records)


def test_a_second_revocation_adds_to_the_first() -> None:
    first = RevocationRecord(user_id="u", not_before=2, expires_at=9)
    assert merged(None, first) == first
    second = RevocationRecord(user_id="u", not_before=1, expires_at=10)
    assert merged(first, second) == RevocationRecord(user_id="u", not_before=2, expires_at=10)


async def test_the_answer_tells_what_holds(context: RegistryContext, revocations: FakeRevocationStore) -> None:
    first = await revoke(context, Revoke(user_id="u", not_before=2**50))
    again = await revoke(context, Revoke(user_id="u"))
    assert again == first
    assert len(revocations.records) == 1


@pytest.mark.parametrize(
    "target",
    [
        {},
        {"tokenId": "t", "userId": "u"},
        {"tokenId": "t", "callId": "c"},
        {"tokenId": "t", "notBefore": 1},
        {"callId": "c"},
        {"userId": ""},
        {"userId": "u", "notBefore": -1},
        {"tokenId": "x" * 257},
    ],
)
def test_a_wrong_target_is_refused(target: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Revoke.model_validate(target)


def test_lifting_a_ban_ends_only_what_was_written_before() -> None:
    ban = ban_of("a", "u", "c", 100, 10**5)
    assert (ban.not_before, ban.expires_at, ban.ban) == (100, 10**8 + 100, True)
    assert key_of(ban) != key_of(ban.model_copy(update={"ban": False}))
    assert lifted(ban, 99) is None
    ended = lifted(ban, 200)
    assert ended is not None
    assert (ended.not_before, ended.expires_at) == (0, 200)
    assert lifted(ended, 300) is None

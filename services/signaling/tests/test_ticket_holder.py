"""Which tickets end with an access token."""

from __future__ import annotations

from typing import Any

import pytest

from hubbub_contracts.bus.recording import CreateRecordingTicket
from hubbub_contracts.bus.revocation import RevocationRecord
from hubbub_signaling.domain.identity import Identity
from hubbub_signaling.domain.revocations import Revocations
from hubbub_signaling.domain.ticket_holder import TicketHolder

ISSUED = 1_800_000_000
ANN = Identity("ann", expires_at=ISSUED + 60.0, issued_at=float(ISSUED), token_id="t")


def shown(identity: Identity = ANN, call_id: str = "room") -> TicketHolder:
    """The holder, as it comes back in a ticket."""
    holder = TicketHolder.of(identity, call_id)
    assert holder is not None
    request = CreateRecordingTicket(recording_id="r" * 22, holder=str(holder))
    parsed = TicketHolder.parse(f"1764043200000.{request.holder}.{'0b' * 32}")
    assert parsed == holder
    return parsed


def record(**target: Any) -> RevocationRecord:
    return RevocationRecord(**{"not_before": ISSUED * 1000 + 1, "expires_at": ISSUED * 2000, **target})


@pytest.mark.parametrize(
    ("target", "ends"),
    [
        ({"token_id": "t"}, True),
        ({"token_id": "other"}, False),
        ({"token_id": "t", "tenant": "acme"}, False),
        ({"user_id": "ann"}, True),
        ({"user_id": "ann", "not_before": ISSUED * 1000}, False),
        ({"user_id": "ann", "tenant": "acme"}, False),
        ({"user_id": "bob"}, False),
        ({"user_id": "ann", "call_id": "room"}, True),
        ({"user_id": "ann", "call_id": "room", "ban": True}, True),
        ({"user_id": "ann", "call_id": "room", "ban": True, "not_before": 0}, False),
        ({"user_id": "ann", "call_id": "another"}, False),
    ],
)
def test_a_revocation_ends_the_tickets_of_its_tokens(target: dict[str, Any], ends: bool) -> None:
    revocations = Revocations()
    assert not revocations.concern(shown())
    revocations.add(record(**target))
    assert revocations.concern(shown()) is ends
    revocations.forget_expired(ISSUED * 3.0)
    assert not revocations.concern(shown())


def test_a_token_without_a_time_of_issue_counts_as_issued_before() -> None:
    revocations = Revocations()
    revocations.add(record(user_id="ann", not_before=1))
    assert not revocations.concern(shown())
    unknown = Identity("ann", expires_at=1.0)
    assert revocations.concern(shown(unknown))


def test_servers_and_clients_without_tokens_are_no_holders() -> None:
    assert TicketHolder.of(Identity(None, operator=True), "room") is None
    assert TicketHolder.of(Identity("ann"), "room") is None
    for ticket in ("", "1.0b", f"1764043200000.{'0b' * 32}", "1.short.0b"):
        assert TicketHolder.parse(ticket) is None

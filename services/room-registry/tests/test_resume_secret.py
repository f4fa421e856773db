"""What a resume secret is worth, and the end of a session whose secret was copied."""

from __future__ import annotations

import pytest

from hubbub_contracts import ErrorCode, HubbubError, resume_secret
from hubbub_contracts.bus.peer import ClaimPeer
from hubbub_contracts.bus.records import PeerRecord
from hubbub_registry.domain.resume_secret import Verdict, classify, rotated
from hubbub_registry.handlers import peer
from hubbub_registry.handlers.context import RegistryContext
from support.fake_room_store import FakeRoomStore
from support.registry_fakes import FakeTelemetry
from support.registry_records import peer_record

FIRST = resume_secret.mint()
SECOND = resume_secret.successor(FIRST)
THIRD = resume_secret.successor(SECOND)
GRACE = 30.0
USED_AT = 1_000_000


def record(*used: str) -> PeerRecord:
    """The record after these secrets were used, each 1 s after the one before."""
    record = peer_record("one", resume_digest=resume_secret.digest(FIRST))
    for seconds, secret in enumerate(used):
        new = resume_secret.digest({FIRST: SECOND, SECOND: THIRD}[secret])
        record = rotated(record, secret, new, USED_AT + 1000 * seconds)
    return record


@pytest.mark.parametrize(
    ("used", "shown", "seconds", "verdict"),
    [
        ((), FIRST, 0, Verdict.VALID),
        ((), SECOND, 0, Verdict.WRONG),
        ((FIRST,), SECOND, 99, Verdict.VALID),
        ((FIRST,), FIRST, GRACE, Verdict.VALID),
        ((FIRST,), FIRST, GRACE + 0.001, Verdict.REUSED),
        ((FIRST, SECOND), THIRD, 0, Verdict.VALID),
        ((FIRST, SECOND), SECOND, GRACE, Verdict.VALID),
        ((FIRST, SECOND), FIRST, 0, Verdict.REUSED),
        ((FIRST, SECOND), resume_secret.mint(), 0, Verdict.WRONG),
        ((FIRST, SECOND), "", 0, Verdict.WRONG),
        ((FIRST, SECOND), FIRST[:16], 0, Verdict.REUSED),
        ((FIRST, SECOND), "\ud800", 0, Verdict.WRONG),
    ],
    ids=range(12),
)
def test_a_secret_is_good_until_its_successor_is_used(
    used: tuple[str, ...], shown: str, seconds: float, verdict: Verdict
) -> None:
    assert classify(record(*used), shown, USED_AT + round(1000 * seconds), GRACE) is verdict


def test_a_session_that_cannot_be_resumed_has_no_secret() -> None:
    assert classify(peer_record("one"), FIRST, USED_AT, GRACE) is Verdict.WRONG


def test_a_secret_that_is_kept_changes_nothing() -> None:
    assert rotated(record(), FIRST, None, USED_AT) == record()


def claim(secret: str, user_id: str | None = None) -> ClaimPeer:
    new = resume_secret.digest(resume_secret.successor(secret))
    return ClaimPeer(
        room_id="r", peer_id="one", signaling_id="new", resume_secret=secret, resume_digest=new, user_id=user_id
    )


async def test_a_copied_secret_ends_the_session(
    context: RegistryContext, store: FakeRoomStore, telemetry: FakeTelemetry
) -> None:
    store.store_peer(record(FIRST, SECOND))
    with pytest.raises(HubbubError) as other_user:
        await peer.claim(context, claim(FIRST, user_id="somebody else"))
    assert (other_user.value.code, telemetry.reused_tokens, store.tombstones) == (ErrorCode.NOT_ALLOWED, 0, {})
    with pytest.raises(HubbubError, match="used before") as refused:
        await peer.claim(context, claim(FIRST))
    assert refused.value.code is ErrorCode.NOT_ALLOWED
    assert (telemetry.reused_tokens, store.tombstones) == (1, {"one": "removed"})


async def test_a_claim_replaces_the_secret(context: RegistryContext, store: FakeRoomStore) -> None:
    store.store_peer(record())
    for _ in range(2):  # the first answer may have been lost
        (claimed,) = (await peer.claim(context, claim(FIRST))).decode().peers
        assert claimed.former_resume_digest == resume_secret.digest(FIRST)
        assert claimed.resume_family_digest == resume_secret.family_digest(SECOND)

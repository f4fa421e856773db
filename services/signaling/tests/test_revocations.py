"""Which tokens are revoked, and what becomes of the clients that hold them."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from hubbub_access import LEEWAY, Grants, KeySet, TokenVerifier, issue
from hubbub_access.key_set import new_secret
from hubbub_contracts import ErrorCode, HubbubError, ids
from hubbub_contracts.bus.revocation import RevocationRecord
from hubbub_contracts.bus.room import CreateRoom, RoomCreated
from hubbub_signaling.domain.authorization import require_room
from hubbub_signaling.domain.identity import ANYBODY, Identity
from hubbub_signaling.domain.revocations import Revocations
from hubbub_signaling.handlers.live_tokens import LiveTokens
from support.python_sdk import until
from support.signaling_fakes import FakeClient, SignalingRig, code

ISSUED = 1_800_000_000.0
BEFORE, AFTER = round(ISSUED * 1000) - 1, round(ISSUED * 1000) + 1
FAR = round(ISSUED * 1000) + 10**9
KEYS = KeySet.parse(json.dumps(new_secret("key", "app", b"s" * 32)))
ALL = Grants(rooms=("*",), join=True, publish=True, subscribe=True)


def identity(**changes: Any) -> Identity:
    known: dict[str, Any] = {"user_id": "ann", "expires_at": ISSUED + 60, "issued_at": ISSUED, "token_id": "t"}
    return Identity(**known | changes)


def record(**target: Any) -> RevocationRecord:
    return RevocationRecord(**{"not_before": AFTER, "expires_at": FAR, **target})


def is_revoked(revocations: Revocations, of: Identity) -> bool:
    try:
        revocations.applied_to(of)
    except HubbubError as error:
        return error.code is ErrorCode.UNAUTHENTICATED
    return False


@pytest.mark.parametrize(
    ("target", "shown", "revoked"),
    [
        ({"token_id": "t"}, {}, True),
        ({"token_id": "t", "not_before": 0}, {}, True),
        ({"token_id": "other"}, {}, False),
        ({"token_id": "t"}, {"token_id": None}, False),
        ({"token_id": "t"}, {"tenant": "other"}, False),
        ({"token_id": "t", "tenant": "a"}, {"tenant": "a"}, True),
        ({"user_id": "ann"}, {}, True),
        ({"user_id": "ann", "not_before": BEFORE}, {}, False),
        ({"user_id": "ann", "not_before": round(ISSUED * 1000)}, {}, False),
        ({"user_id": "ann", "not_before": BEFORE}, {"issued_at": None}, True),
        ({"user_id": "ann"}, {"token_id": None}, True),
        ({"user_id": "bob"}, {}, False),
        ({"user_id": "ann", "tenant": "a"}, {}, False),
    ],
)
def test_a_token_is_revoked(target: dict[str, Any], shown: dict[str, Any], revoked: bool) -> None:
    revocations = Revocations()
    revocations.add(record(**target))
    assert is_revoked(revocations, identity(**shown)) is revoked


def test_a_token_is_revoked_in_one_room() -> None:
    revocations = Revocations()
    revocations.add(record(user_id="ann", call_id="cafe\u0301"))
    for grants in (ALL, Grants(admin=True)):
        left = revocations.applied_to(identity(grants=grants))
        require_room(left, "tea")
        for written in ("caf\u00e9", "cafe\u0301"):
            with pytest.raises(HubbubError, match="not_allowed"):
                require_room(left, written)


def test_those_who_show_no_token_are_not_concerned() -> None:
    revocations = Revocations()
    revocations.add(record(user_id="ann"))
    assert revocations.applied_to(ANYBODY) is ANYBODY
    server = Identity("ann", operator=True)
    assert revocations.applied_to(server) is server


def test_an_older_revocation_does_not_narrow_a_newer_one() -> None:
    revocations = Revocations()
    revocations.add(record(user_id="ann", not_before=AFTER))
    revocations.add(record(user_id="ann", not_before=BEFORE))
    assert is_revoked(revocations, identity())


def test_a_revocation_is_forgotten_with_the_last_token() -> None:
    revocations = Revocations()
    for target in ({"token_id": "t"}, {"user_id": "ann"}, {"user_id": "ann", "call_id": "tea"}):
        revocations.add(record(**target))
    revocations.forget_expired(FAR / 1000 + 2 * LEEWAY - 0.001)
    assert len(revocations) == 3
    revocations.forget_expired(FAR / 1000 + 2 * LEEWAY)
    assert len(revocations) == 0


@pytest.fixture
def rig() -> SignalingRig:
    """Signaling with access tokens."""
    return SignalingRig(tokens=TokenVerifier(KEYS, "hubbub"))


def token(token_id: str = "t") -> str:
    key = KEYS.signing_key
    assert key is not None
    return issue(key, "ann", ALL, audience="hubbub", now=time.time(), lifetime=600, token_id=token_id)


async def joined(rig: SignalingRig, token_id: str = "t") -> FakeClient:
    client = rig.client(token(token_id))
    answer = await client.ask("joinRoom", {"callId": "call", "userId": "ann", "rtpCapabilities": {"codecs": []}})
    assert code(answer) is None
    return client


def in_a_minute() -> dict[str, int]:
    now = round(time.time() * 1000)
    return {"not_before": now + 1000, "expires_at": now + 60_000}


async def test_sessions_of_a_revoked_token_end(rig: SignalingRig) -> None:
    ends, stays = await joined(rig, "first"), await joined(rig, "second")
    outside = rig.client(token("first"))
    peer_id = ends.peer_id
    rig.ports.tokens.revoke(record(token_id="first", **in_a_minute()))
    await rig.ports.outbox.drain()
    assert rig.backend.departures() == [(peer_id, "removed")]
    await until(lambda: ends.socket.closed and outside.socket.closed)
    assert not stays.socket.closed
    assert code(await stays.ask("getProducers")) is None
    with pytest.raises(HubbubError, match="revoked"):
        rig.client(token("first"))
    assert code(await stays.ask("refreshToken", {"token": token("first")})) == "unauthenticated"


async def test_a_client_leaves_the_room_in_which_its_token_is_revoked(rig: SignalingRig) -> None:
    inside, elsewhere = await joined(rig), rig.client(token("other"))
    peer_id, room_id = inside.peer_id, inside.room_id
    rig.ports.tokens.revoke(record(user_id="ann", call_id="another", **in_a_minute()))
    assert not inside.socket.closed
    rig.ports.tokens.revoke(record(user_id="ann", call_id="call", **in_a_minute()))
    await rig.ports.outbox.drain()
    assert rig.backend.departures() == [(peer_id, "removed")]
    await until(lambda: inside.socket.closed)
    assert not elsewhere.socket.closed
    again = {"callId": "call", "userId": "ann", "rtpCapabilities": {"codecs": []}}
    assert code(await elsewhere.ask("joinRoom", again)) == "not_allowed"
    assert code(await elsewhere.ask("createRoom", {"callId": "call"})) == "not_allowed"
    resume = {"resumeToken": f"{room_id}.{peer_id}.secret"}
    assert code(await elsewhere.ask("resume", resume)) == "not_allowed"
    rig.backend.answers[CreateRoom] = RoomCreated(room_id="tea", call_id="tea", codec_profile="v1", rtp_capabilities={})
    assert code(await elsewhere.ask("createRoom", {"callId": "tea"})) is None


async def test_a_revocation_during_the_verification_is_not_missed(rig: SignalingRig) -> None:
    verified = rig.ports.tokens.verify(token())
    rig.ports.tokens.revoke(record(token_id="t", **in_a_minute()))
    client = FakeClient(rig.manager, verified)
    await until(lambda: client.socket.closed)


def test_revocations_that_have_expired_are_forgotten_from_time_to_time(monkeypatch: pytest.MonkeyPatch) -> None:
    revocations = Revocations()
    tokens = LiveTokens(lambda _token: ANYBODY, revocations)
    now = time.time()
    tokens.revoke(record(token_id=ids.mint(), expires_at=round((now + 10) * 1000)))
    tokens.revoke(record(token_id=ids.mint(), expires_at=round((now + 10) * 1000)))
    assert len(revocations) == 2
    monkeypatch.setattr(time, "time", lambda: now + 11 + 2 * LEEWAY)
    tokens.revoke(record(token_id=ids.mint(), expires_at=round((now + 90) * 1000)))
    assert len(revocations) == 1


def test_a_lifted_ban_leaves_the_other_revocations() -> None:
    revocations = Revocations()
    ban = record(user_id="ann", call_id="room", ban=True)
    revocations.add(ban)
    assert revocations.applied_to(identity()).closed_rooms == {"room"}
    lifted = ban.model_copy(update={"not_before": 0})
    revocations.add(lifted)
    assert revocations.applied_to(identity()).closed_rooms == frozenset()
    assert revocations.applied_to(identity(issued_at=None)).closed_rooms == frozenset()
    revocations.add(record(user_id="ann", call_id="room"))
    revocations.add(ban)
    revocations.add(lifted)
    assert revocations.applied_to(identity()).closed_rooms == {"room"}


def test_a_revocation_is_kept_while_an_expired_token_is_still_accepted() -> None:
    revocations = Revocations()
    revocations.add(record(user_id="ann", expires_at=round(ISSUED * 1000)))
    revocations.forget_expired(ISSUED + LEEWAY)
    assert is_revoked(revocations, identity())
    revocations.forget_expired(ISSUED + 3 * LEEWAY)
    assert len(revocations) == 0

"""The rules of moderation, without a store."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.moderation_records import MAX_MODERATED, UNMODERATED, Moderation, MutedSource
from hubbub_contracts.bus.records import ProducerRecord
from hubbub_registry.domain import moderation as rules
from hubbub_registry.domain.moderation import Entry, Newcomer, entry
from support.registry_records import peer_record

GUEST, WAITER = Newcomer("ann", "participant"), Newcomer("ann", "participant", may_wait=True)
VIEWER, RECORDER = Newcomer("ann", "viewer", may_wait=True), Newcomer("ann", "recorder")
MODERATOR, ADMITTED = Newcomer("ann", "participant", exempt=True), Newcomer("ann", "participant", admitted=True)
LOCKED, LOBBY, BOTH = Moderation(locked=True), Moderation(lobby=True), Moderation(locked=True, lobby=True)
BANNED, ENDED = Moderation(banned=["bob", "ann"]), Moderation(ended=True)


@pytest.mark.parametrize(
    ("moderation", "newcomer", "decided"),
    [
        (UNMODERATED, GUEST, Entry.ENTERS),
        (UNMODERATED, VIEWER, Entry.ENTERS),
        (LOCKED, GUEST, ErrorCode.ROOM_LOCKED),
        (LOCKED, VIEWER, ErrorCode.ROOM_LOCKED),
        (LOCKED, MODERATOR, Entry.ENTERS),
        (LOCKED, ADMITTED, Entry.ENTERS),
        (LOCKED, RECORDER, Entry.ENTERS),
        (LOBBY, WAITER, Entry.WAITS),
        (LOBBY, GUEST, ErrorCode.NOT_ADMITTED),
        (LOBBY, VIEWER, ErrorCode.NOT_ADMITTED),
        (LOBBY, MODERATOR, Entry.ENTERS),
        (LOBBY, ADMITTED, Entry.ENTERS),
        (LOBBY, RECORDER, Entry.ENTERS),
        (BOTH, WAITER, ErrorCode.ROOM_LOCKED),
        (BANNED, GUEST, ErrorCode.BANNED),
        (BANNED, VIEWER, ErrorCode.BANNED),
        (BANNED, MODERATOR, ErrorCode.BANNED),
        (BANNED, ADMITTED, ErrorCode.BANNED),
        (BANNED, RECORDER, Entry.ENTERS),
        (BANNED, Newcomer("eve", "participant"), Entry.ENTERS),
        (ENDED, MODERATOR, ErrorCode.ROOM_NOT_FOUND),
        (ENDED, RECORDER, ErrorCode.ROOM_NOT_FOUND),
    ],
)
def test_entry(moderation: Moderation, newcomer: Newcomer, decided: Entry | ErrorCode) -> None:
    if isinstance(decided, Entry):
        assert entry(moderation, newcomer) is decided
        return
    with pytest.raises(HubbubError) as caught:
        entry(moderation, newcomer)
    assert (caught.value.code, caught.value.retryable) == (decided, False)


def test_a_mute_is_of_one_source_of_one_user() -> None:
    muted = rules.with_muted(UNMODERATED, "ann", "microphone")
    assert muted is not None
    assert muted.is_muted("ann", "microphone")
    assert not muted.is_muted("ann", "screen-audio")
    assert not muted.is_muted("bob", "microphone")
    assert rules.with_muted(muted, "ann", "microphone") is None
    assert rules.without_muted(muted, "ann", "camera") is None
    assert rules.without_muted(muted, "ann", "microphone") == UNMODERATED


def test_a_ban_can_be_lifted() -> None:
    banned = rules.with_banned(UNMODERATED, "ann")
    assert banned is not None
    assert rules.with_banned(banned, "ann") is None
    assert rules.without_banned(banned, "bob") is None
    assert rules.without_banned(banned, "ann") == UNMODERATED


def test_a_user_has_the_last_role_that_was_given() -> None:
    first = rules.with_role(UNMODERATED, "ann", "listener")
    assert first is not None
    assert rules.with_role(first, "ann", "listener") is None
    second = rules.with_role(first, "ann", "moderator")
    assert second is not None
    assert (second.role_of("ann"), second.role_of("bob"), len(second.roles)) == ("moderator", None, 1)


def test_access_changes_what_is_named() -> None:
    assert rules.with_access(UNMODERATED, locked=None, lobby=None) is None
    assert rules.with_access(LOCKED, locked=True, lobby=False) is None
    assert rules.with_access(LOCKED, locked=None, lobby=True) == BOTH
    assert rules.with_access(BOTH, locked=False, lobby=None) == LOBBY


def test_the_lists_are_bounded() -> None:
    users = [f"user {number}" for number in range(MAX_MODERATED)]
    full = Moderation(banned=users, muted=[MutedSource(user_id=one, source="camera") for one in users])
    for user in users:
        full = rules.with_role(full, user, "speaker") or full
    changes: list[Callable[[], object]] = [
        lambda: rules.with_banned(full, "ann"),
        lambda: rules.with_muted(full, "ann", "camera"),
        lambda: rules.with_role(full, "ann", "listener"),
    ]
    for change in changes:
        with pytest.raises(HubbubError) as caught:
            change()
        assert caught.value.code is ErrorCode.QUOTA_EXCEEDED
    assert rules.with_role(full, users[0], "listener") is not None


def producer(producer_id: str, kind: str, source: str | None = None, named: object = None) -> ProducerRecord:
    app_data = {} if named is None else {"source": named}
    return ProducerRecord.model_validate(
        {"producerId": producer_id, "kind": kind, "source": source, "appData": app_data, "paused": False}
    )


TRACKS = [
    producer("stated", "audio", source="microphone"),
    producer("named", "audio", named="microphone"),
    producer("unnamed", "audio"),
    producer("misnamed", "audio", named="camera"),
    producer("garbage", "audio", named=["microphone"]),
    producer("screen", "audio", named="screen-audio"),
    producer("stated-screen", "audio", source="screen-audio", named="microphone"),
    producer("camera", "video"),
]


def test_no_name_of_a_track_evades_a_mute() -> None:
    peer = peer_record("one").model_copy(update={"producers": TRACKS})
    muted = Moderation(muted=[MutedSource(user_id="u", source="microphone")])
    after = rules.with_muted_paused(muted, peer)
    assert after is not None
    paused = {each.producer_id for each in after.producers if each.paused}
    assert paused == {"stated", "named", "unnamed", "misnamed", "garbage"}
    assert rules.with_muted_paused(muted, after) is None


def test_a_source_is_stopped() -> None:
    peer = peer_record("one").model_copy(update={"producers": TRACKS})
    after = rules.without_source(peer, "screen-audio")
    assert after is not None
    assert [each.producer_id for each in after.producers] == [
        "stated",
        "named",
        "unnamed",
        "misnamed",
        "garbage",
        "camera",
    ]
    assert rules.without_source(after, "screen") is None

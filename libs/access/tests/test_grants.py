"""What grants allow."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from hubbub_access import ALL_GRANTS, NO_GRANTS, Grants, PublishLimits


@pytest.mark.parametrize(
    ("pattern", "call_id", "allowed"),
    [
        ("standup", "standup", True),
        ("standup", "standup2", False),
        ("standup", "Standup", False),
        ("team/*", "team/one", True),
        ("team/*", "team/", True),
        ("team/*", "team", False),
        ("team/*", "teamster", False),
        ("*", "anything", True),
        ("cafe\u0301", "caf\u00e9", True),
        ("caf\u00e9", "cafe\u0301", True),
    ],
)
def test_rooms_are_exact_or_a_prefix_behind_a_separator(pattern: str, call_id: str, allowed: bool) -> None:
    assert Grants(rooms=(pattern,)).allows_room(call_id) is allowed


@pytest.mark.parametrize("pattern", ["team*", "*team", "a/*/b", "**", "", "x" * 66])
def test_other_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(ValidationError):
        Grants(rooms=(pattern,))


def test_publishing_is_limited_to_kinds_and_sources() -> None:
    voice = Grants(publish=PublishLimits(kinds=("audio",), sources=("microphone",)))
    assert voice.may_publish("audio", "microphone")
    assert not voice.may_publish("audio", "screen-audio")
    assert not voice.may_publish("audio", None)
    assert not voice.may_publish("video", "camera")
    assert Grants(publish=PublishLimits(kinds=("video",))).may_publish("video", None)
    assert Grants(publish=True).may_publish("video", "screen")


def test_nothing_is_allowed_without_a_grant_and_everything_to_an_admin() -> None:
    def allowed(grants: Grants) -> set[bool]:
        return {
            grants.may_join,
            grants.may_subscribe,
            grants.may_publish_something,
            grants.may_publish("audio", "microphone"),
            grants.allows_room("standup"),
        }

    assert allowed(NO_GRANTS) == {False}
    assert allowed(ALL_GRANTS) == {True}

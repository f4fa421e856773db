"""Parsing and negotiation of profile-level-id."""

import pytest

from hubbub_ortc import InvalidParameters
from hubbub_ortc.h264 import (
    Level,
    Profile,
    ProfileLevelId,
    format_profile_level_id,
    generate_profile_level_id_string_for_answer,
    is_same_profile,
    parse_profile_level_id,
)


@pytest.mark.parametrize(
    ("text", "profile", "level"),
    [
        ("42e01f", Profile.CONSTRAINED_BASELINE, Level.L3_1),
        ("4DE01F", Profile.CONSTRAINED_BASELINE, Level.L3_1),
        ("58e01f", Profile.CONSTRAINED_BASELINE, Level.L3_1),
        ("42001f", Profile.BASELINE, Level.L3_1),
        ("4d0032", Profile.MAIN, Level.L5),
        ("64001f", Profile.HIGH, Level.L3_1),
        ("640c1f", Profile.CONSTRAINED_HIGH, Level.L3_1),
        ("f4001f", Profile.PREDICTIVE_HIGH_444, Level.L3_1),
        ("42e00b", Profile.CONSTRAINED_BASELINE, Level.L1_1),
        ("42f00b", Profile.CONSTRAINED_BASELINE, Level.L1_B),
    ],
)
def test_parse_valid_profile_level_id(text: str, profile: Profile, level: Level) -> None:
    assert parse_profile_level_id(text) == ProfileLevelId(profile, level)


@pytest.mark.parametrize(
    "text", ["", "42e0", "42e01f0", "000000", "zzzzzz", "42e000", "42e01g", "42_01f", "58001f", 4251679, None]
)
def test_parse_invalid_profile_level_id_returns_none(text: object) -> None:
    assert parse_profile_level_id(text) is None


def test_level_1b_is_formatted_for_profiles_that_have_it() -> None:
    assert format_profile_level_id(ProfileLevelId(Profile.MAIN, Level.L1_B)) == "4d100b"
    assert format_profile_level_id(ProfileLevelId(Profile.HIGH, Level.L1_B)) is None


def test_default_profile_is_constrained_baseline() -> None:
    assert is_same_profile({}, {"profile-level-id": "42e034"})
    assert not is_same_profile({}, {"profile-level-id": "4d0032"})


def test_answer_has_the_lower_level() -> None:
    offer, answer = {"profile-level-id": "42e01f"}, {"profile-level-id": "42e034"}
    assert generate_profile_level_id_string_for_answer(answer, offer) == "42e01f"


def test_answer_has_the_local_level_if_both_allow_asymmetry() -> None:
    offer = {"profile-level-id": "42e01f", "level-asymmetry-allowed": "1"}
    answer = {"profile-level-id": "42e034", "level-asymmetry-allowed": 1}
    assert generate_profile_level_id_string_for_answer(answer, offer) == "42e034"


def test_answer_without_any_profile_level_id_is_none() -> None:
    assert generate_profile_level_id_string_for_answer({}, {"profile-level-id": ""}) is None


def test_different_profiles_are_invalid() -> None:
    with pytest.raises(InvalidParameters):
        generate_profile_level_id_string_for_answer({"profile-level-id": "640c1f"}, {"profile-level-id": "42e01f"})

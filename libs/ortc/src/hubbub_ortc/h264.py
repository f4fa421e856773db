"""H264's `profile-level-id` (RFC 6184, section 8.1) and its negotiation.

The value is three bytes in hexadecimal: profile_idc, profile_iop (constraint flags), level_idc. The semantics are those
of h264-profile-level-id 2.3.3, which follows libwebrtc.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum, IntEnum
from typing import NamedTuple

from .errors import InvalidParameters
from .json_value import is_set


class Profile(Enum):
    """A profile. The value is the canonical profile_idc and profile_iop."""

    CONSTRAINED_BASELINE = "42e0"
    BASELINE = "4200"
    MAIN = "4d00"
    CONSTRAINED_HIGH = "640c"
    HIGH = "6400"
    PREDICTIVE_HIGH_444 = "f400"


class Level(IntEnum):
    """A level. The value is level_idc, except for 1b, whose level_idc is 11 as for level 1.1."""

    L1_B = 0
    L1 = 10
    L1_1 = 11
    L1_2 = 12
    L1_3 = 13
    L2 = 20
    L2_1 = 21
    L2_2 = 22
    L3 = 30
    L3_1 = 31
    L3_2 = 32
    L4 = 40
    L4_1 = 41
    L4_2 = 42
    L5 = 50
    L5_1 = 51
    L5_2 = 52


class ProfileLevelId(NamedTuple):
    """A parsed `profile-level-id`."""

    profile: Profile
    level: Level


class _Pattern(NamedTuple):
    """profile_idc, and the profile_iop bits of the profile (`iop & mask == bits`)."""

    idc: int
    mask: int
    bits: int
    profile: Profile


# RFC 6184, table 5. The first match decides.
_PATTERNS = (
    _Pattern(0x42, 0b0100_1111, 0b0100_0000, Profile.CONSTRAINED_BASELINE),
    _Pattern(0x4D, 0b1000_1111, 0b1000_0000, Profile.CONSTRAINED_BASELINE),
    _Pattern(0x58, 0b1100_1111, 0b1100_0000, Profile.CONSTRAINED_BASELINE),
    _Pattern(0x42, 0b0100_1111, 0b0000_0000, Profile.BASELINE),
    _Pattern(0x58, 0b1100_1111, 0b1000_0000, Profile.BASELINE),
    _Pattern(0x4D, 0b1010_1111, 0b0000_0000, Profile.MAIN),
    _Pattern(0x64, 0b1111_1111, 0b0000_0000, Profile.HIGH),
    _Pattern(0x64, 0b1111_1111, 0b0000_1100, Profile.CONSTRAINED_HIGH),
    _Pattern(0xF4, 0b1111_1111, 0b0000_0000, Profile.PREDICTIVE_HIGH_444),
)

_LEVEL_IDCS = frozenset(level.value for level in Level if level is not Level.L1_B)
# With level_idc 11, this bit of profile_iop means level 1b instead of level 1.1.
_CONSTRAINT_SET3 = 0x10
_LEVEL_1B = {
    Profile.CONSTRAINED_BASELINE: "42f00b",
    Profile.BASELINE: "42100b",
    Profile.MAIN: "4d100b",
}

# The default in libwebrtc, and so in every browser. RFC 6184 has Baseline level 1 instead.
_DEFAULT = ProfileLevelId(Profile.CONSTRAINED_BASELINE, Level.L3_1)

# Six characters that parseInt() in the reference parses completely, including a sign.
_HEX = re.compile(r"[0-9a-fA-F]{6}|-[0-9a-fA-F]{5}")


def parse_profile_level_id(text: object) -> ProfileLevelId | None:
    """The profile and level of `text`, or None when it is not valid."""
    if not isinstance(text, str) or not _HEX.fullmatch(text):
        return None
    number = int(text, 16)
    idc, iop, level_idc = number >> 16 & 0xFF, number >> 8 & 0xFF, number & 0xFF
    if level_idc == Level.L1_1 and iop & _CONSTRAINT_SET3:
        level = Level.L1_B
    elif level_idc in _LEVEL_IDCS:
        level = Level(level_idc)
    else:
        return None
    for pattern in _PATTERNS:
        if pattern.idc == idc and iop & pattern.mask == pattern.bits:
            return ProfileLevelId(pattern.profile, level)
    return None


def format_profile_level_id(value: ProfileLevelId) -> str | None:
    """The canonical text, or None for level 1b of a profile without that level."""
    if value.level is Level.L1_B:
        return _LEVEL_1B.get(value.profile)
    return f"{value.profile.value}{value.level:02x}"


def is_same_profile(params1: Mapping[str, object], params2: Mapping[str, object]) -> bool:
    """Whether two sets of codec parameters have the same profile. Levels do not matter."""
    first, second = _profile_level_of(_as_mapping(params1)), _profile_level_of(_as_mapping(params2))
    return first is not None and second is not None and first.profile is second.profile


def generate_profile_level_id_string_for_answer(
    local_supported: Mapping[str, object], remote_offered: Mapping[str, object]
) -> str | None:
    """The `profile-level-id` of the answer to an offer (RFC 6184, section 8.2.2).

    The level is the lower one of the two, or the local one if both sides allow asymmetry. None when neither side has a
    `profile-level-id`, or when the answer has no canonical text. Raises `InvalidParameters` when the profiles differ.
    """
    local_supported, remote_offered = _as_mapping(local_supported), _as_mapping(remote_offered)
    local, remote = _profile_level_of(local_supported), _profile_level_of(remote_offered)
    if not is_set(local_supported.get("profile-level-id")) and not is_set(remote_offered.get("profile-level-id")):
        return None
    if local is None:
        raise InvalidParameters("invalid local profile-level-id")
    if remote is None:
        raise InvalidParameters("invalid remote profile-level-id")
    if local.profile is not remote.profile:
        raise InvalidParameters("H264 profile mismatch")
    if _allows_asymmetry(local_supported) and _allows_asymmetry(remote_offered):
        return format_profile_level_id(local)
    level = local.level if _is_lower(local.level, remote.level) else remote.level
    return format_profile_level_id(ProfileLevelId(local.profile, level))


def _as_mapping(params: object) -> Mapping[str, object]:
    """`params`, or an empty mapping when it is not an object. Raises InvalidParameters for null."""
    if params is None:
        raise InvalidParameters("codec parameters are null")
    return params if isinstance(params, Mapping) else {}


def _profile_level_of(params: Mapping[str, object]) -> ProfileLevelId | None:
    text = params.get("profile-level-id")
    return parse_profile_level_id(text) if is_set(text) else _DEFAULT


def _allows_asymmetry(params: Mapping[str, object]) -> bool:
    allowed = params.get("level-asymmetry-allowed")
    return allowed in (1, "1")  # True == 1 as well


def _is_lower(a: Level, b: Level) -> bool:
    """Whether `a` is lower than `b` in the reference, where 1b lies between 1 and 1.1.

    The reference is inconsistent: when `b` is 1b, every level except 1 counts as lower. This is kept, so that both ends
    of a pipe between this implementation and the reference compute the same answer.
    """
    if a is Level.L1_B:
        return b not in (Level.L1, Level.L1_B)
    if b is Level.L1_B:
        return a is not Level.L1
    return a < b

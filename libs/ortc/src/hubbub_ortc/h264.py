"""H264's `profile-level-id` (RFC 6184, section 8.1) and its negotiation.

Profile and level are three bytes in hexadecimal: profile_idc, profile_iop (constraint flags), level_idc.
Semantics are those of h264-profile-level-id 2.3.3, which are those of libwebrtc.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum, IntEnum
from typing import NamedTuple

from .errors import InvalidParameters
from .json_value import is_set


class Profile(Enum):
    """A profile; the value is the canonical profile_idc and profile_iop."""

    CONSTRAINED_BASELINE = "42e0"
    BASELINE = "4200"
    MAIN = "4d00"
    CONSTRAINED_HIGH = "640c"
    HIGH = "6400"
    PREDICTIVE_HIGH_444 = "f400"


class Level(IntEnum):
    """A level; the value is level_idc, except for 1b, which shares 11 with level 1.1."""

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
    """profile_idc, and the profile_iop bits that make the profile (`iop & mask == bits`)."""

    idc: int
    mask: int
    bits: int
    profile: Profile


# RFC 6184, table 5; the first match decides.
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
# With level_idc 11, this bit of profile_iop says level 1b instead of level 1.1.
_CONSTRAINT_SET3 = 0x10
_LEVEL_1B = {
    Profile.CONSTRAINED_BASELINE: "42f00b",
    Profile.BASELINE: "42100b",
    Profile.MAIN: "4d100b",
}

# RFC 6184 says Baseline level 1; libwebrtc, and so every browser, takes this when nothing is given.
_DEFAULT = ProfileLevelId(Profile.CONSTRAINED_BASELINE, Level.L3_1)

# Six characters that the reference's parseInt() reads to their end, its sign included.
_HEX = re.compile(r"[0-9a-fA-F]{6}|-[0-9a-fA-F]{5}")


def parse_profile_level_id(text: object) -> ProfileLevelId | None:
    """The profile and level that `text` names; None if it names none that exists."""
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
    """The canonical text; None for level 1b of a profile that has no such level."""
    if value.level is Level.L1_B:
        return _LEVEL_1B.get(value.profile)
    return f"{value.profile.value}{value.level:02x}"


def is_same_profile(params1: Mapping[str, object], params2: Mapping[str, object]) -> bool:
    """Whether two sets of codec parameters mean the same profile, whatever their level."""
    first, second = _profile_level_of(_readable(params1)), _profile_level_of(_readable(params2))
    return first is not None and second is not None and first.profile is second.profile


def generate_profile_level_id_string_for_answer(
    local_supported: Mapping[str, object], remote_offered: Mapping[str, object]
) -> str | None:
    """The `profile-level-id` to answer an offer with (RFC 6184, section 8.2.2).

    Both sides must mean the same profile, otherwise `InvalidParameters`. The level is the lower one of
    the two, or the local one if both sides allow asymmetry. None if neither side has a
    `profile-level-id`, or if the answer cannot be expressed as one.
    """
    local_supported, remote_offered = _readable(local_supported), _readable(remote_offered)
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


def _readable(params: object) -> Mapping[str, object]:
    """`params` if it is an object; whatever else there is has no parameters, but null is refused."""
    if params is None:
        raise InvalidParameters("codec parameters are null")
    return params if isinstance(params, Mapping) else {}


def _profile_level_of(params: Mapping[str, object]) -> ProfileLevelId | None:
    text = params.get("profile-level-id")
    return parse_profile_level_id(text) if is_set(text) else _DEFAULT


def _allows_asymmetry(params: Mapping[str, object]) -> bool:
    allowed = params.get("level-asymmetry-allowed")
    return allowed in (1, "1")  # true equals 1


def _is_lower(a: Level, b: Level) -> bool:
    """Whether the reference takes `a` to be below `b`, where 1b stands between 1 and 1.1.

    It is asymmetric: against a `b` of 1b, every other level but 1 counts as lower too. Kept, because
    the two ends of a pipe between this and the reference must come to the same answer.
    """
    if a is Level.L1_B:
        return b not in (Level.L1, Level.L1_B)
    if b is Level.L1_B:
        return a is not Level.L1
    return a < b

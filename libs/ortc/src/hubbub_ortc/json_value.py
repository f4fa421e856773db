"""Reads untrusted JSON with JavaScript's rules, which the reference implementation follows.

- *Missing* (undefined) differs from null. A missing field stays missing in a result, and a null field stays null.
- A value is *set* when it is truthy in JavaScript: not missing, null, false, 0, NaN or the empty string. Empty lists
  and objects are set.
- A *number* is an int or a float, but not a bool.
- An *object* is a dict or a list. A list is an object whose keys are its indices. null is not an object.
- `MAX_ENTRIES` bounds every list and object, so that matching two lists stays cheap for any input. Clients have up to
  about 40 codecs and 20 header extensions.
"""

from __future__ import annotations

from enum import Enum
from math import isnan
from typing import Any, TypeGuard

from .errors import InvalidParameters

MAX_ENTRIES = 200

JsonObject = dict[str, Any]


class Missing(Enum):
    """The type of `MISSING`."""

    MISSING = "missing"


MISSING = Missing.MISSING
"""The value of an absent field, where absent and null must be distinguished."""


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether `value` is a JSON number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_set(value: object) -> bool:
    """Whether `value` is truthy in JavaScript."""
    if is_number(value):
        return value != 0 and not (isinstance(value, float) and isnan(value))
    return value is not None and value is not False and value is not MISSING and value != ""


def same(a: object, b: object) -> bool:
    """JavaScript's `===`: no conversions, 1 is not true, and containers are equal by identity only."""
    if (is_number(a) and is_number(b)) or (isinstance(a, str) and isinstance(b, str)):
        return a == b
    return a is b


def without_missing(fields: JsonObject) -> JsonObject:
    """`fields` without the missing ones."""
    return {key: value for key, value in fields.items() if value is not MISSING}


def as_object(value: object, name: str) -> JsonObject:
    """A shallow copy of the JSON object `value`. `name` is its name in error messages."""
    if isinstance(value, (dict, list)) and len(value) > MAX_ENTRIES:
        raise InvalidParameters(f"{name} has more than {MAX_ENTRIES} entries")
    if isinstance(value, dict):
        return dict(value)
    if isinstance(value, list):
        return {str(index): entry for index, entry in enumerate(value)}
    raise InvalidParameters(f"{name} is not an object")


def as_list(value: object, name: str) -> list[Any]:
    """A shallow copy of the JSON array `value`."""
    if not isinstance(value, (list, tuple)):
        raise InvalidParameters(f"{name} is not an array")
    if len(value) > MAX_ENTRIES:
        raise InvalidParameters(f"{name} has more than {MAX_ENTRIES} entries")
    return list(value)


def optional_list(value: object, name: str) -> list[Any]:
    """Like `as_list`, with an empty list for a value that is not set."""
    return as_list(value, name) if is_set(value) else []


def object_in(owner: JsonObject, key: str) -> JsonObject:
    """A shallow copy of the object under `key`."""
    return as_object(owner.get(key), key)


def objects_in(owner: JsonObject, key: str) -> list[JsonObject]:
    """Shallow copies of the objects in the array under `key`."""
    return [as_object(entry, f"{key}[]") for entry in as_list(owner.get(key), key)]


def optional_objects_in(owner: JsonObject, key: str) -> list[JsonObject]:
    """Like `objects_in`, with an empty list for a field that is absent or null."""
    return objects_in(owner, key) if owner.get(key) is not None else []


def require_number(owner: JsonObject, key: str, name: str) -> None:
    """Raises InvalidParameters unless `owner` has a number under `key`."""
    if not is_number(owner.get(key)):
        raise InvalidParameters(f"missing {name}.{key}")


def require_string(owner: JsonObject, key: str, name: str) -> str:
    """The non-empty string under `key`. Raises InvalidParameters when there is none."""
    value = owner.get(key)
    if not isinstance(value, str) or not value:
        raise InvalidParameters(f"missing {name}.{key}")
    return value


def optional_number(owner: JsonObject, key: str, name: str) -> None:
    """Raises InvalidParameters when the value under `key` is set but not a number."""
    if is_set(owner.get(key)) and not is_number(owner[key]):
        raise InvalidParameters(f"invalid {name}.{key}")


def optional_string(owner: JsonObject, key: str, name: str) -> None:
    """Raises InvalidParameters when the value under `key` is set but not a string."""
    if is_set(owner.get(key)) and not isinstance(owner[key], str):
        raise InvalidParameters(f"invalid {name}.{key}")


def default_flag(owner: JsonObject, key: str, name: str) -> None:
    """Sets the flag under `key`, false by default. Raises InvalidParameters when it is set but not a bool."""
    if is_set(owner.get(key)) and owner[key] is not True:
        raise InvalidParameters(f"invalid {name}.{key}")
    owner[key] = owner.get(key) is True

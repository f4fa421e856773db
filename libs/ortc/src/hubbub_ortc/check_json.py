"""Comparison of JSON values for `check`."""

from __future__ import annotations

from collections.abc import Iterator

from .json_value import is_number

_MAX_SHOWN = 80


def differences(expected: object, actual: object, path: str = "") -> Iterator[str]:
    """One line for each place where two JSON values differ. 1 equals 1.0, but not true."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in {**expected, **actual}:
            here = f"{path}.{key}" if path else str(key)
            if key not in actual:
                yield f"{here}: missing"
            elif key not in expected:
                yield f"{here}: unexpected {_show(actual[key])}"
            else:
                yield from differences(expected[key], actual[key], here)
    elif isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            yield f"{path or 'value'}: expected {len(expected)} entries, got {len(actual)}"
        for index, (left, right) in enumerate(zip(expected, actual, strict=False)):
            yield from differences(left, right, f"{path}[{index}]")
    elif not _same_scalar(expected, actual):
        yield f"{path or 'value'}: expected {_show(expected)}, got {_show(actual)}"


def as_javascript_prints(before: object, after: object) -> object:
    """`after` as `JSON.stringify` prints it when `before` was normalised into it in place.

    In JavaScript an array is an object, and fields set on it are not printed. So where `before` has an array and
    `after` an object, the array is printed.
    """
    if isinstance(before, list) and isinstance(after, dict):
        return before
    if isinstance(before, dict) and isinstance(after, dict):
        return {key: as_javascript_prints(before.get(key), value) for key, value in after.items()}
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [as_javascript_prints(left, right) for left, right in zip(before, after, strict=True)]
    return after


def _same_scalar(expected: object, actual: object) -> bool:
    if is_number(expected) and is_number(actual):
        return expected == actual
    return type(expected) is type(actual) and expected == actual


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."

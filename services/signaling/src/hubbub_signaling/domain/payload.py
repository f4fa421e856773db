"""Limits on the payload of any event. The other services do not check them again.

A value that one service accepts and the next cannot read would be stored first and refused afterwards.
"""

from __future__ import annotations

import json
from typing import Any

from hubbub_contracts import ErrorCode, HubbubError

MAX_DEPTH = 32
"""Levels of arrays and objects, the payload's own included. Parameters of browsers have seven."""


def check_payload(payload: object) -> None:
    """Raises `invalid_argument`, with the name of the field, for deep nesting and for text that is not Unicode.

    JSON can spell half of a surrogate pair, for example of an emoji that was cut in two. UTF-8 cannot.
    """
    fields = payload if isinstance(payload, dict) else {"payload": payload}
    for name, value in fields.items():
        if _is_deeper_than(MAX_DEPTH - 1, value):
            raise _invalid(name, f"is nested more than {MAX_DEPTH} levels deep")
        if not _is_unicode(name) or not _is_unicode(value):
            raise _invalid(name, "is not valid Unicode")


def _is_deeper_than(levels: int, value: object) -> bool:
    containers = [value] if isinstance(value, dict | list) else []
    for _ in range(levels):
        if not containers:
            return False
        containers = [child for each in containers for child in _children(each) if isinstance(child, dict | list)]
    return bool(containers)


def _children(container: dict[str, Any] | list[Any]) -> Any:
    return container.values() if isinstance(container, dict) else container


def _is_unicode(value: object) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _invalid(name: str, problem: str) -> HubbubError:
    field = name[:64] if _is_unicode(name) else "payload"
    return HubbubError(ErrorCode.INVALID_ARGUMENT, f"{field}: {problem}")

"""The time limit of a request.

The remaining time travels with a request, because the clocks of two hosts differ. The receiver counts it from the
receipt, and adds the time for which the message may have waited there unread.
"""

from __future__ import annotations

from collections.abc import Mapping

from hubbub_contracts import ErrorCode, HubbubError

from . import headers
from .operation import unix_ms

TOLERATED_SKEW = 5.0
"""Seconds by which the clock of a sender may differ that sends a point in time: one of an older version."""


def timeout_header(remaining: float) -> dict[str, str]:
    """Returns the header of a request that may take another `remaining` seconds."""
    return {headers.TIMEOUT: str(max(1, int(remaining * 1000)))}


def read_remaining(message_headers: Mapping[str, str]) -> float | None:
    """Returns the seconds that a received request may take; None without a limit. Raises `invalid_argument`."""
    if (timeout := _number(message_headers, headers.TIMEOUT)) is not None:
        return timeout / 1000
    if (deadline := _number(message_headers, headers.DEADLINE)) is not None:
        return (deadline - unix_ms()) / 1000 + TOLERATED_SKEW
    return None


def _number(message_headers: Mapping[str, str], name: str) -> int | None:
    text = message_headers.get(name)
    if text is None:
        return None
    try:
        return int(text)
    except ValueError as error:
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, f"{name} is not a number") from error

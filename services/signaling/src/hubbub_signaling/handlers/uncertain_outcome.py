"""Requests whose outcome is unknown."""

from __future__ import annotations

from hubbub_contracts import ErrorCode, HubbubError

_AFTER_THE_WRITE = frozenset({ErrorCode.DEADLINE_EXCEEDED, ErrorCode.TOO_LARGE, ErrorCode.INTERNAL})
"""Codes of a request that may have been carried out: its reply was lost, too large for the bus, or malformed."""


def may_have_taken_effect(error: BaseException) -> bool:
    """Whether the service may have carried out a request that failed with this error."""
    return not isinstance(error, HubbubError) or error.retryable or error.code in _AFTER_THE_WRITE

"""Requests whose outcome is unknown."""

from __future__ import annotations

from hubbub_contracts import ErrorCode, HubbubError


def may_have_taken_effect(error: BaseException) -> bool:
    """Whether the registry may have carried out a request that failed with this error."""
    return not isinstance(error, HubbubError) or error.retryable or error.code is ErrorCode.DEADLINE_EXCEEDED

"""The error of an operation for which the bus failed."""

from __future__ import annotations

from hubbub_contracts import ErrorCode, HubbubError


def bus_failed(error: Exception) -> HubbubError:
    """A retryable `unavailable`, from the client's error."""
    return HubbubError(ErrorCode.UNAVAILABLE, f"the bus failed: {error}", retryable=True)

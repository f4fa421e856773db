"""Errors with stable codes."""

from __future__ import annotations

from pydantic import ValidationError


class CallError(Exception):
    """A failed operation.

    `code` is a code of the server, such as `room_not_found`, `quota_exceeded` or `unavailable`; or one of this client:
    `unreachable`, `invalid_argument`, `invalid_state`, `cancelled`, `unsupported_codec`, `internal`.
    """

    def __init__(self, code: str, message: str, *, retryable: bool = False) -> None:
        """`retryable`: the same request may succeed later."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.retryable = retryable

    def __str__(self) -> str:
        """The code and the message."""
        return f"{self.code}: {self.message}"

    @classmethod
    def of(cls, error: BaseException) -> CallError:
        """Converts any error: `invalid_argument` when a request cannot be made of the arguments, else `internal`."""
        if isinstance(error, CallError):
            return error
        code = "invalid_argument" if isinstance(error, ValidationError) else "internal"
        return cls(code, str(error) or type(error).__name__)

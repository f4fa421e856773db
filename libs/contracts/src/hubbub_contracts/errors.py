"""Errors as data. A code is stable, and says whose fault it is."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from .base import Model


class ErrorCode(StrEnum):
    """Every code that a caller can meet."""

    INVALID_ARGUMENT = "invalid_argument"
    INVALID_STATE = "invalid_state"
    NOT_ALLOWED = "not_allowed"
    NOT_FOUND = "not_found"
    ROOM_NOT_FOUND = "room_not_found"
    CONFLICT = "conflict"
    UNSUPPORTED = "unsupported"
    QUOTA_EXCEEDED = "quota_exceeded"
    TOO_LARGE = "too_large"
    RATE_LIMITED = "rate_limited"
    UNKNOWN_EVENT = "unknown_event"
    UNAVAILABLE = "unavailable"
    DEADLINE_EXCEEDED = "deadline_exceeded"
    CANCELLED = "cancelled"
    INTERNAL = "internal"


Fault = Literal["client", "server"]

FAULT: dict[ErrorCode, tuple[Fault, str]] = {
    ErrorCode.INVALID_ARGUMENT: ("client", "a field is missing, has the wrong type or contradicts another"),
    ErrorCode.INVALID_STATE: ("client", "not now: the session or the object is in another state"),
    ErrorCode.NOT_ALLOWED: ("client", "not this peer's to do"),
    ErrorCode.NOT_FOUND: (
        "client",
        "no such transport, producer, consumer or peer, or it belongs to another peer",
    ),
    ErrorCode.ROOM_NOT_FOUND: ("client", "no such room: it was never created, or it was empty for too long"),
    ErrorCode.CONFLICT: ("client", "the id is taken by something else"),
    ErrorCode.UNSUPPORTED: ("client", "no codec, or no feature, that both sides have"),
    ErrorCode.QUOTA_EXCEEDED: ("client", "a limit on rooms, peers, transports, producers or consumers"),
    ErrorCode.TOO_LARGE: ("client", "the message is larger than is allowed"),
    ErrorCode.RATE_LIMITED: ("client", "too many messages in too short a time"),
    ErrorCode.UNKNOWN_EVENT: ("client", "no such event"),
    ErrorCode.UNAVAILABLE: ("server", "a service that is needed does not answer now"),
    ErrorCode.DEADLINE_EXCEEDED: ("server", "it took too long, and was not done, or not known to be done"),
    ErrorCode.CANCELLED: ("client", "given up because the peer left or the socket was lost"),
    ErrorCode.INTERNAL: ("server", "a bug; the log has it under the trace id"),
}
"""Whose fault each code is, and what it means."""


class ErrorBody(Model):
    """What stands under `error` in an answer."""

    code: str
    message: str
    retryable: bool = False


class ErrorReply(Model):
    """An answer that is an error."""

    error: ErrorBody


class HubbubError(Exception):
    """An error that may be told to the caller as it is."""

    def __init__(self, code: ErrorCode, message: str, *, retryable: bool = False) -> None:
        super().__init__(f"{code.value}: {message}")
        self.code = code
        self.message = message
        self.retryable = retryable

    def reply(self) -> ErrorReply:
        """The error as an answer."""
        return ErrorReply(error=ErrorBody(code=self.code.value, message=self.message, retryable=self.retryable))

    @classmethod
    def from_body(cls, body: ErrorBody) -> HubbubError:
        """The error that another service answered with; a code that is not known here reads as `internal`."""
        try:
            code = ErrorCode(body.code)
        except ValueError:
            code = ErrorCode.INTERNAL
        return cls(code, body.message, retryable=body.retryable)

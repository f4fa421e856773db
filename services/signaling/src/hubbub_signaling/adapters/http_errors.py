"""Errors over HTTP: their status, their body, and the bound of what is read."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from hubbub_contracts import ErrorCode, HubbubError

from ..handlers.client_request import as_hubbub_error

STATUS: Mapping[ErrorCode, int] = {
    ErrorCode.INVALID_ARGUMENT: 400,
    ErrorCode.INVALID_STATE: 409,
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.NOT_ALLOWED: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.ROOM_NOT_FOUND: 404,
    ErrorCode.CONFLICT: 409,
    ErrorCode.UNSUPPORTED: 422,
    ErrorCode.QUOTA_EXCEEDED: 429,
    ErrorCode.TOO_LARGE: 413,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.UNKNOWN_EVENT: 404,
    ErrorCode.UNAVAILABLE: 503,
    ErrorCode.DEADLINE_EXCEEDED: 504,
    ErrorCode.CANCELLED: 503,
    ErrorCode.MUTED: 403,
    ErrorCode.ROOM_LOCKED: 403,
    ErrorCode.BANNED: 403,
    ErrorCode.NOT_ADMITTED: 403,
    ErrorCode.INTERNAL: 500,
}
"""The HTTP status of each error code."""

RETRY_AFTER = 1
"""Seconds after which a client may repeat a request that failed for a moment."""
_LATER = frozenset({429, 503})


class HttpError(HubbubError):
    """An error with a status and headers that its code does not tell."""

    def __init__(self, status: int, code: ErrorCode, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(code, message)
        self.status = status
        self.headers = headers or {}


def install_error_handlers(app: FastAPI) -> None:
    """Answers the errors of all routes with an `ErrorReply`."""
    for kind in (HubbubError, Exception):
        app.add_exception_handler(kind, _on_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)


async def read_body(request: Request, limit: int) -> bytes:
    """The body of a request. Raises `too_large` when it has more than `limit` bytes."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise HubbubError(ErrorCode.TOO_LARGE, f"a body may have at most {limit} bytes")
    return bytes(body)


async def _on_error(_request: Request, error: Exception) -> Response:
    failure = as_hubbub_error(error, "http")
    if isinstance(failure, HttpError):
        return JSONResponse(failure.reply().wire(), failure.status, dict(failure.headers))
    status = STATUS[failure.code]
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    if failure.retryable and status in _LATER:
        headers = {"Retry-After": str(RETRY_AFTER)}
    return JSONResponse(failure.reply().wire(), status, headers)


async def _on_invalid(_request: Request, error: Exception) -> Response:
    problem = error.errors()[0] if isinstance(error, RequestValidationError) else {"loc": (), "msg": str(error)}
    where = ".".join(str(part) for part in problem["loc"][1:])[:128]
    failure = HubbubError(ErrorCode.INVALID_ARGUMENT, f"{where}: {problem['msg']}")
    return JSONResponse(failure.reply().wire(), STATUS[failure.code])

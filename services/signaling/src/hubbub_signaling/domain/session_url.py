"""The last part of a session URL: `<peer id>.<secret>`.

Together with the room it is a resume token, so that any instance can serve the URL.
"""

from __future__ import annotations

from hubbub_contracts import ErrorCode, HubbubError, ids

from .resume_token import ResumeToken


def session_key(resume_token: str) -> str:
    """The part of the URL for this resume token."""
    token = ResumeToken.parse(resume_token)
    return f"{token.peer_id}.{token.secret}"


def resume_token(tenant: str | None, call_id: str, key: str) -> ResumeToken:
    """The resume token of a session URL. Raises `not_found` when the URL cannot be one."""
    try:
        return ResumeToken.parse(f"{ids.room_id(call_id, tenant)}.{key}")
    except HubbubError as error:
        raise HubbubError(ErrorCode.NOT_FOUND, "no such session") from error

"""Ids. The requester generates them at random, so that a retried create request takes effect once."""

from __future__ import annotations

import base64
import binascii
import secrets

_CALL_PREFIX = "c"
"""An id never starts with a dash, which command lines would take for an option."""
CALL_KEY_LENGTH = 22
"""128 bits in base64url."""


def mint() -> str:
    """A new id of 128 random bits, URL-safe, never starting with a dash."""
    while (minted := secrets.token_urlsafe(16)).startswith("-"):
        pass
    return minted


def mint_call(key: str) -> str:
    """A new id of 128 random bits for a call of the conversation at this key of the bucket `calls`."""
    return f"{_CALL_PREFIX}{key}{mint()}"


def call_key(call_id: str) -> str | None:
    """The key of the bucket `calls` at which the call is while it is live. None: not the id of a call."""
    start, end = len(_CALL_PREFIX), len(_CALL_PREFIX) + CALL_KEY_LENGTH
    return call_id[start:end] if call_id.startswith(_CALL_PREFIX) and len(call_id) > end else None


def room_id(call_id: str) -> str:
    """The base64url of a call id: one valid subject token for any characters in the call id."""
    return base64.urlsafe_b64encode(call_id.encode("utf-8", "surrogatepass")).decode().rstrip("=")


def call_id(room: str) -> str:
    """The call id that `room` encodes. Raises ValueError when `room` is not a room id."""
    try:
        return base64.urlsafe_b64decode(room + "=" * (-len(room) % 4)).decode("utf-8", "surrogatepass")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError(f"not a room id: {room!r}") from error

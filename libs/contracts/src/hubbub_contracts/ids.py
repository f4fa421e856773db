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


def of_tenant(name: str, tenant: str | None) -> bytes:
    """A name, such as a call id or a user id, of one tenant. None: the only tenant, whose names are as they are.

    The byte 0xFF is part of no UTF-8 text, so no name of one tenant is one of another.
    """
    encoded = name.encode("utf-8", "surrogatepass")
    return encoded if tenant is None else b"\xff" + tenant.encode() + b"\xff" + encoded


def room_id(call_id: str, tenant: str | None = None) -> str:
    """The base64url of a call id and its tenant: one valid subject token for any characters in the call id."""
    return base64.urlsafe_b64encode(of_tenant(call_id, tenant)).decode().rstrip("=")


def call_id(room: str) -> str:
    """The call id that `room` encodes. Raises ValueError when `room` is not a room id."""
    return _decode(room)[1]


def tenant(room: str) -> str | None:
    """The tenant that `room` encodes; None: the only one. Raises ValueError when `room` is not a room id."""
    # `_` are six bits, all set: no UTF-8 text begins with them.
    return _decode(room)[0] if room.startswith("_") else None


def _decode(room: str) -> tuple[str | None, str]:
    try:
        decoded = base64.urlsafe_b64decode(room + "=" * (-len(room) % 4))
        if not decoded.startswith(b"\xff"):
            return None, decoded.decode("utf-8", "surrogatepass")
        tenant, separator, name = decoded[1:].partition(b"\xff")
        if not separator:
            raise ValueError("no call id")
        return tenant.decode(), name.decode("utf-8", "surrogatepass")
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"not a room id: {room!r}") from error

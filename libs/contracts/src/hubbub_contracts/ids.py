"""Ids: minted at random by whoever asks, so that a retry of a create has the effect of one."""

from __future__ import annotations

import base64
import binascii
import secrets


def mint() -> str:
    """A new id of 128 random bits, URL-safe, never beginning with a dash."""
    while (minted := secrets.token_urlsafe(16)).startswith("-"):
        pass
    return minted


def room_id(call_id: str) -> str:
    """The base64url of the call's id: one token of a subject, whatever the id holds."""
    return base64.urlsafe_b64encode(call_id.encode("utf-8", "surrogatepass")).decode().rstrip("=")


def call_id(room: str) -> str:
    """The call's id that `room` was made from. Raises ValueError where there is none."""
    try:
        return base64.urlsafe_b64decode(room + "=" * (-len(room) % 4)).decode("utf-8", "surrogatepass")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError(f"not a room id: {room!r}") from error

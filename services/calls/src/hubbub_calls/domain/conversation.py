"""The key of a call: one for each conversation.

A conversation is a group, or a set of users who call each other. It has one live call, because the call's key in the
bucket is derived from it: two calls that start at once meet at the same key, where one write wins. A call's id begins
with that key, so the record of an id is found without an index.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable

from hubbub_contracts import ids

_PREFIX = "c"
"""An id never starts with a dash, which command lines would take for an option."""
KEY_LENGTH = 22
"""128 bits in base64url."""


def conversation_key(users: Iterable[str], group_id: str | None) -> str:
    """The key of the group's call, or without a group of the call between these users."""
    named = ["users", *sorted(set(users))] if group_id is None else ["group", group_id]
    digest = hashlib.sha256(json.dumps(named).encode()).digest()
    return base64.urlsafe_b64encode(digest).decode()[:KEY_LENGTH]


def mint_call_id(key: str) -> str:
    """A new id of 128 random bits for a call of this conversation."""
    return f"{_PREFIX}{key}{ids.mint()}"


def key_of(call_id: str) -> str | None:
    """The key of the call's conversation. None: not the id of a call."""
    key = call_id[len(_PREFIX) : len(_PREFIX) + KEY_LENGTH]
    return key if call_id.startswith(_PREFIX) and len(call_id) > len(_PREFIX) + KEY_LENGTH else None

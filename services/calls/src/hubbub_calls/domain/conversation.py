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


def conversation_key(users: Iterable[str], group_id: str | None, tenant: str | None = None) -> str:
    """The key of the group's call, or without a group of the call between these users, of a tenant."""
    named = ["users", *sorted(set(users))] if group_id is None else ["group", group_id]
    if tenant is not None:
        named = ["tenant", tenant, *named]
    digest = hashlib.sha256(json.dumps(named).encode()).digest()
    return base64.urlsafe_b64encode(digest).decode()[: ids.CALL_KEY_LENGTH]

"""Tokens with which commands act on a running installation."""

from __future__ import annotations

from hubbub_access import Grants, SigningKey, issue
from hubbub_contracts import ids

_USER, _LIFETIME = "hubbub-token", 60.0
"""The user of such a token, and the seconds until it expires."""


def admin_token(signing: SigningKey, audience: str, now: float) -> str:
    """A token that allows everything for a minute. `now` is in Unix seconds."""
    return issue(
        signing,
        _USER,
        Grants(admin=True),
        audience=audience,
        now=now,
        lifetime=_LIFETIME,
        token_id=ids.mint(),
    )

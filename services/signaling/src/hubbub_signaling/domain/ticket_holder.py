"""Who has asked for a ticket: what a ticket says of it, so that a revoked token also ends its tickets.

`<user><user in the room><token><time of issue>`: three digests of 12 characters, and Unix seconds. A ticket has at most
128 characters, so it cannot contain the ids. Two holders with the same digest would lose their tickets together.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import Self

from hubbub_access.grants import normalized
from hubbub_contracts import ids

from .identity import Identity

_DIGEST = r"([A-Za-z0-9_-]{12})"
_TICKET = re.compile(rf"[0-9]+\.{_DIGEST}{_DIGEST}{_DIGEST}([0-9]{{0,12}})\.[0-9a-f]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class TicketHolder:
    """Digests of the user and the token with which a ticket was made."""

    user: str
    user_in_room: str
    token: str
    issued_at: float | None
    """When the token was issued, in Unix seconds; None: it does not tell."""

    @classmethod
    def of(cls, identity: Identity, call_id: str) -> Self | None:
        """The holder of an access token that may read the recordings of a room; None for a client without a token."""
        user = identity.token_user
        if user is None:
            return None
        return cls(
            user_digest(*user, None),
            user_digest(*user, normalized(call_id)),
            token_digest(identity.tenant, identity.token_id or ""),
            identity.issued_at,
        )

    @classmethod
    def parse(cls, ticket: str) -> Self | None:
        """The holder that a ticket names; None: it names none. The recorder decides whether the ticket is genuine."""
        match = _TICKET.fullmatch(ticket)
        if match is None:
            return None
        user, user_in_room, token, issued_at = match.groups()
        return cls(user, user_in_room, token, float(issued_at) if issued_at else None)

    def __str__(self) -> str:
        """As a ticket contains it."""
        issued_at = "" if self.issued_at is None else str(max(0, int(self.issued_at)))
        return f"{self.user}{self.user_in_room}{self.token}{issued_at}"


def user_digest(tenant: str | None, user_id: str, room: str | None) -> str:
    """Of a user, in all rooms or in one. The room is a normalized call id."""
    return _digest(b"user", ids.of_tenant(user_id, tenant), b"" if room is None else ids.of_tenant(room, tenant))


def token_digest(tenant: str | None, token_id: str) -> str:
    """Of the `jti` of a token."""
    return _digest(b"token", ids.of_tenant(token_id, tenant))


def _digest(*parts: bytes) -> str:
    hashed = hashlib.sha256(b"".join(len(part).to_bytes(4) + part for part in parts))
    return base64.urlsafe_b64encode(hashed.digest()[:9]).decode()

"""What is stored of revoked access tokens."""

from __future__ import annotations

from hubbub_contracts import ids, subjects
from hubbub_contracts.bus.revocation import RevocationRecord, Revoke
from hubbub_contracts.recording import TICKET_LIFETIME

_HOUR = 3_600_000
"""Milliseconds."""


def record_of(request: Revoke, now: int, ttl: float) -> RevocationRecord:
    """The record of a request at the time `now`, in Unix milliseconds. By default it is kept for `ttl` seconds."""
    not_before = now if request.not_before is None else request.not_before
    # A time to come is kept until the tokens that were issued before it have expired.
    expires_at = max(now, not_before) + round(ttl * 1000) if request.expires_at is None else request.expires_at
    # A ticket that was made with such a token may outlive it. Whole hours: a repeated request changes nothing.
    expires_at = max(expires_at, -(-(now + TICKET_LIFETIME) // _HOUR) * _HOUR)
    return RevocationRecord(
        tenant=request.tenant,
        token_id=request.token_id,
        user_id=request.user_id,
        call_id=request.call_id,
        not_before=not_before,
        expires_at=expires_at,
    )


def key_of(record: RevocationRecord) -> str:
    """The key of the record in its bucket."""
    if record.user_id is None:
        return subjects.revoked_token_key(record.tenant, record.token_id or "")
    room_id = None if record.call_id is None else ids.room_id(record.call_id)
    if record.ban and room_id is not None:
        return subjects.banned_user_key(record.tenant, record.user_id, room_id)
    return subjects.revoked_user_key(record.tenant, record.user_id, room_id)


def ban_of(tenant: str | None, user_id: str, call_id: str, now: int, ttl: float) -> RevocationRecord:
    """The record of a ban at the time `now`, in Unix milliseconds."""
    request = Revoke(tenant=tenant, user_id=user_id, call_id=call_id)
    return record_of(request, now, ttl).model_copy(update={"ban": True})


def lifted(ban: RevocationRecord, now: int) -> RevocationRecord | None:
    """What replaces the record of a ban that is lifted at the time `now`; None: nothing, it is lifted or came later."""
    if ban.not_before == 0 or ban.not_before > now:
        return None
    return ban.model_copy(update={"not_before": 0, "expires_at": now})


def merged(stored: RevocationRecord | None, added: RevocationRecord) -> RevocationRecord:
    """What revokes all that both revoke."""
    if stored is None:
        return added
    return added.model_copy(
        update={
            "not_before": max(stored.not_before, added.not_before),
            "expires_at": max(stored.expires_at, added.expires_at),
        }
    )

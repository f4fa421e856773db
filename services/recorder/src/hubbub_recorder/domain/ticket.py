"""Tickets: addresses of a recording's files that work without a header, for `<video>` elements and links.

A ticket is `<expiry>.<holder>.<HMAC-SHA256>`, without the holder if nobody is named. The key is in the recording's
record, so a ticket ends with its recording. Signaling refuses the tickets of a holder whose access token was revoked.
"""

from __future__ import annotations

import hashlib
import hmac
import re

_TICKET = re.compile(r"([0-9]{1,15})\.(?:([A-Za-z0-9_-]{1,48})\.)?[0-9a-f]{64}", re.ASCII)


def new_ticket(key: str, recording_id: str, expires_at: int, holder: str | None = None) -> str:
    """The ticket of a recording until `expires_at`, in Unix milliseconds."""
    content = str(expires_at) if holder is None else f"{expires_at}.{holder}"
    mac = hmac.new(key.encode(), f"{recording_id}.{content}".encode(), hashlib.sha256)
    return f"{content}.{mac.hexdigest()}"


def is_valid(ticket: str, key: str, recording_id: str, now: int) -> bool:
    """Whether this is a ticket of the recording, and has not expired. `now` is Unix milliseconds."""
    match = _TICKET.fullmatch(ticket)
    if match is None:
        return False
    expires_at = int(match.group(1))
    return now < expires_at and hmac.compare_digest(ticket, new_ticket(key, recording_id, expires_at, match.group(2)))

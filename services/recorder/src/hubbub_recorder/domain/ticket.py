"""Tickets: addresses of a recording's files that work without a header, for `<video>` elements and links.

A ticket is `<expiry>.<HMAC-SHA256>`. The key is in the recording's record, so a ticket ends with its recording.
"""

from __future__ import annotations

import hashlib
import hmac
import re

_TICKET = re.compile(r"([0-9]{1,15})\.[0-9a-f]{64}", re.ASCII)


def new_ticket(key: str, recording_id: str, expires_at: int) -> str:
    """The ticket of a recording until `expires_at`, in Unix milliseconds."""
    mac = hmac.new(key.encode(), f"{recording_id}.{expires_at}".encode(), hashlib.sha256)
    return f"{expires_at}.{mac.hexdigest()}"


def is_valid(ticket: str, key: str, recording_id: str, now: int) -> bool:
    """Whether this is a ticket of the recording, and has not expired. `now` is Unix milliseconds."""
    match = _TICKET.fullmatch(ticket)
    if match is None:
        return False
    expires_at = int(match.group(1))
    return now < expires_at and hmac.compare_digest(ticket, new_ticket(key, recording_id, expires_at))

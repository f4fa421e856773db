"""Signs deliveries. Source: Standard Webhooks, "Signature scheme"."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence

_PREFIX = "whsec_"
_SECRET_BYTES = 32


def new_secret() -> str:
    """A random key, as receivers configure it."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def signed_headers(keys: Sequence[str], event_id: str, now: float, body: bytes) -> Mapping[str, str]:
    """The headers of a delivery.

    Arguments:
        keys: each signs, so that a receiver accepts the delivery with either while a key is replaced.
        event_id: the same for each attempt.
        now: Unix seconds; receivers refuse old ones, so that a delivery cannot be replayed by others.
    """
    timestamp = str(int(now))
    content = f"{event_id}.{timestamp}.".encode() + body
    signatures = (f"v1,{_sign(key, content)}" for key in keys)
    return {"webhook-id": event_id, "webhook-timestamp": timestamp, "webhook-signature": " ".join(signatures)}


def _sign(key: str, content: bytes) -> str:
    secret = base64.b64decode(key.removeprefix(_PREFIX))
    return base64.b64encode(hmac.digest(secret, content, hashlib.sha256)).decode()

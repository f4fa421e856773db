"""Codec profiles: versions of the router capabilities. A room keeps the one it was made with."""

from __future__ import annotations

from functools import cache
from typing import Any

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_ortc import DEFAULT_MEDIA_CODECS, generate_router_rtp_capabilities

CURRENT = "v1"
"""What new rooms are made with."""


@cache
def rtp_capabilities(profile: str) -> dict[str, Any]:
    """The router capabilities of a profile. Raises `unavailable`, for a replica that knows it, when it is newer."""
    if profile != CURRENT:
        raise HubbubError(
            ErrorCode.UNAVAILABLE, f"this replica does not know the codec profile {profile}", retryable=True
        )
    return dict(generate_router_rtp_capabilities(DEFAULT_MEDIA_CODECS))

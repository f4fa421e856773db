"""Codec profiles: versions of the router's RTP capabilities. A room keeps the profile it was created with."""

from __future__ import annotations

from functools import cache
from typing import Any

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_ortc import DEFAULT_MEDIA_CODECS, generate_router_rtp_capabilities, with_red

CURRENT = "v1"
"""The profile of new rooms."""


@cache
def rtp_capabilities(profile: str) -> dict[str, Any]:
    """Returns the router's RTP capabilities of `profile`.

    Raises a retryable `unavailable` for an unknown profile: during a rolling upgrade a newer replica may know it.
    """
    if profile != CURRENT:
        raise HubbubError(
            ErrorCode.UNAVAILABLE, f"this replica does not know the codec profile {profile}", retryable=True
        )
    return dict(with_red(generate_router_rtp_capabilities(DEFAULT_MEDIA_CODECS)))

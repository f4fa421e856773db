"""Codec profiles: versions of the router's RTP capabilities. A room keeps the profile it was created with."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.records import RoomRecord
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


def capabilities_of(room: RoomRecord) -> dict[str, Any]:
    """The router's RTP capabilities in a room: those of its profile, with the codecs that may be sent there.

    Raises as `rtp_capabilities`.
    """
    capabilities = rtp_capabilities(room.codec_profile)
    allowed = room.chosen.codecs
    if allowed is None:
        return capabilities
    media = {codec["preferredPayloadType"] for codec in capabilities["codecs"] if _subtype(codec) in _with_red(allowed)}
    codecs = [
        codec
        for codec in capabilities["codecs"]
        if codec["preferredPayloadType"] in media or codec.get("parameters", {}).get("apt") in media
    ]
    return {**capabilities, "codecs": codecs}


def _with_red(allowed: Sequence[str]) -> set[str]:
    """RED (RFC 2198) carries opus."""
    return {*allowed, "red"} if "opus" in allowed else {*allowed}


def _subtype(codec: dict[str, Any]) -> str:
    return str(codec["mimeType"]).partition("/")[2].lower()

"""Router RTP capabilities by codec profile. A room keeps the profile that it was created with."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from hubbub_contracts.errors import ErrorCode, HubbubError
from hubbub_ortc import DEFAULT_MEDIA_CODECS, generate_router_rtp_capabilities, with_red
from hubbub_ortc.types import RtpCapabilities

PROFILES: Final[Mapping[str, list[dict[str, Any]]]] = {"v1": DEFAULT_MEDIA_CODECS}
"""The media codecs of each profile. A published profile never changes, as rooms may use it; add a new one instead.

RED is added to every profile: a room works whether or not all its nodes and clients know it."""


@cache
def router_capabilities(profile: str) -> RtpCapabilities:
    """The RTP capabilities of a router with this profile. Raises `unsupported` when this version does not know it."""
    codecs = PROFILES.get(profile)
    if codecs is None:
        raise HubbubError(ErrorCode.UNSUPPORTED, f"this media node does not know the codec profile {profile[:32]!r}")
    return with_red(generate_router_rtp_capabilities(codecs))

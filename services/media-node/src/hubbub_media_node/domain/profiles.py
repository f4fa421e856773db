"""Router capabilities by codec profile. A room keeps the profile that it was made with for its life."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from hubbub_contracts.errors import ErrorCode, HubbubError
from hubbub_ortc import DEFAULT_MEDIA_CODECS, generate_router_rtp_capabilities
from hubbub_ortc.types import RtpCapabilities

PROFILES: Final[Mapping[str, list[dict[str, Any]]]] = {"v1": DEFAULT_MEDIA_CODECS}
"""The media codecs of each profile. One that rooms still have is never changed: a new one is added beside it."""


@cache
def router_capabilities(profile: str) -> RtpCapabilities:
    """What a router of this profile can handle; `unsupported` when this version of the node does not know it."""
    codecs = PROFILES.get(profile)
    if codecs is None:
        raise HubbubError(ErrorCode.UNSUPPORTED, f"this node does not know the codec profile {profile[:32]!r}")
    return generate_router_rtp_capabilities(codecs)

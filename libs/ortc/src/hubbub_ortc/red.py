"""RED (RFC 2198): redundant opus, which mediasoup does not have.

A router offers it behind opus. mediasoup-client produces the first codec only, so it sends plain opus, and receives
both. Its payload type is fixed and outside of those that `generate_router_rtp_capabilities` allocates, so that the
other codecs keep theirs.
"""

from __future__ import annotations

from typing import Final

from .errors import InvalidParameters
from .types import RtpCapabilities, RtpCodecCapability, RtpCodecParameters, RtpParameters

RED: Final = "audio/red"
_OPUS: Final = "audio/opus"
_PAYLOAD_TYPE: Final = 63
"""That of Chromium."""


def with_red(capabilities: RtpCapabilities) -> RtpCapabilities:
    """The capabilities with RED behind opus; unchanged without opus."""
    codecs: list[RtpCodecCapability] = []
    for codec in capabilities["codecs"]:
        codecs.append(codec)
        if _is(codec, _OPUS):
            codecs.append(_capability(codec))
    return {**capabilities, "codecs": codecs}


def without_red(parameters: RtpParameters) -> RtpParameters:
    """The parameters without RED."""
    return {**parameters, "codecs": [codec for codec in parameters["codecs"] if not _is(codec, RED)]}


def offer_red(consumable: RtpParameters, router: RtpCapabilities) -> RtpParameters:
    """Consumable parameters that offer RED behind opus, if the router has it, whether or not the producer sends it.

    Raises `InvalidParameters` for a producer of RED without opus, whose blocks would be of an unknown codec.
    """
    plain = without_red(consumable)
    if not any(_is(codec, _OPUS) for codec in plain["codecs"]):
        if len(plain["codecs"]) < len(consumable["codecs"]):
            raise InvalidParameters("audio/red without audio/opus")
        return plain
    red = [_parameters(codec) for codec in router["codecs"] if _is(codec, RED)]
    return {**plain, "codecs": [*plain["codecs"], *red]}


def _is(codec: RtpCodecCapability | RtpCodecParameters, mime_type: str) -> bool:
    return codec["mimeType"].lower() == mime_type


def _capability(opus: RtpCodecCapability) -> RtpCodecCapability:
    return {
        "kind": "audio",
        "mimeType": RED,
        "preferredPayloadType": _PAYLOAD_TYPE,
        "clockRate": opus["clockRate"],
        "channels": opus["channels"],
        "parameters": {},
        "rtcpFeedback": [],
    }


def _parameters(red: RtpCodecCapability) -> RtpCodecParameters:
    return {
        "mimeType": red["mimeType"],
        "payloadType": _PAYLOAD_TYPE,
        "clockRate": red["clockRate"],
        "channels": red["channels"],
        "parameters": {},
        "rtcpFeedback": [],
    }

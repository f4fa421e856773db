"""Allocation of a router's payload types."""

from collections.abc import Callable
from typing import Any

import pytest

from hubbub_ortc import (
    InvalidParameters,
    PayloadTypesExhausted,
    Unsupported,
    generate_router_rtp_capabilities,
    supported_rtp_capabilities,
)

VP8 = {"mimeType": "video/VP8", "clockRate": 90000}
OPUS = {"mimeType": "audio/opus", "clockRate": 48000, "channels": 2}


def payload_types(*codecs: dict[str, Any]) -> list[tuple[str, int | None]]:
    caps = generate_router_rtp_capabilities(codecs)
    return [(codec["mimeType"], codec["preferredPayloadType"]) for codec in caps["codecs"]]


def test_supported_capabilities_equal_those_of_the_reference(load: Callable[[str], Any]) -> None:
    assert supported_rtp_capabilities() == load("router/supported-rtp-capabilities")


def test_dynamic_payload_types_ascend_from_100_and_video_gets_rtx() -> None:
    assert payload_types(OPUS, VP8) == [("audio/opus", 100), ("video/VP8", 101), ("video/rtx", 102)]


def test_preferred_payload_type_is_not_allocated_again() -> None:
    asked = {**VP8, "preferredPayloadType": 100}
    assert payload_types(asked, OPUS) == [("video/VP8", 100), ("video/rtx", 101), ("audio/opus", 102)]


def test_static_payload_type_is_kept() -> None:
    assert payload_types({"mimeType": "audio/PCMA", "clockRate": 8000}) == [("audio/PCMA", 8)]


def test_duplicated_payload_type_is_invalid() -> None:
    with pytest.raises(InvalidParameters, match="duplicated"):
        payload_types({**OPUS, "preferredPayloadType": 100}, {**VP8, "preferredPayloadType": 100})


def test_unknown_codec_is_unsupported() -> None:
    with pytest.raises(Unsupported, match="video/H265"):
        payload_types({"mimeType": "video/H265", "clockRate": 90000})


def test_sixteen_video_codecs_exhaust_the_dynamic_payload_types() -> None:
    assert len(payload_types(*[VP8] * 16)) == 32
    with pytest.raises(PayloadTypesExhausted):
        payload_types(*[VP8] * 17)


def test_results_do_not_share_state() -> None:
    generate_router_rtp_capabilities([VP8])["codecs"][0]["rtcpFeedback"].clear()
    assert generate_router_rtp_capabilities([VP8])["codecs"][0]["rtcpFeedback"]

"""What the client receives and sends of what the router has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hubbub_client import CallError
from hubbub_client.capabilities import receive_capabilities, send_parameters
from hubbub_ortc.validate_capabilities import validate_rtp_capabilities
from hubbub_ortc.validate_parameters import validate_rtp_parameters

ROUTER: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "tests/fixtures/router/router-rtp-capabilities.json").read_text()
)


def parameters(kind: str, codec: Any = "vp8") -> dict[str, Any]:
    """The parameters of a sent track."""
    track = send_parameters(ROUTER, kind, codec, mid="3", cname="me", ssrc=1, rtx_ssrc=2)
    return track.rtp_parameters


def test_every_codec_is_received_with_its_retransmissions() -> None:
    capabilities = receive_capabilities(ROUTER)
    validate_rtp_capabilities(capabilities)
    names = [one["mimeType"].lower() for one in capabilities["codecs"]]
    assert {"audio/opus", "video/vp8", "video/vp9", "video/h264", "video/av1"} < set(names)
    videos = [one for one in names if one not in ("audio/opus", "video/rtx")]
    assert names.count("video/rtx") == len(videos)
    feedback = {(two["type"], two["parameter"]) for one in capabilities["codecs"] for two in one["rtcpFeedback"]}
    assert feedback == {("nack", ""), ("nack", "pli")}
    assert {one["uri"].rpartition(":")[2] for one in capabilities["headerExtensions"]} == {"mid", "ssrc-audio-level"}


def test_codecs_that_the_client_does_not_know_are_left_out() -> None:
    unknown = {"kind": "video", "mimeType": "video/H266", "clockRate": 90_000, "preferredPayloadType": 120}
    capabilities = receive_capabilities({"codecs": [*ROUTER["codecs"], unknown], "headerExtensions": []})
    assert "video/h266" not in [one["mimeType"].lower() for one in capabilities["codecs"]]


@pytest.mark.parametrize(
    ("kind", "codec", "names"),
    [
        ("audio", "vp8", ["audio/opus"]),
        ("video", "vp8", ["video/VP8", "video/rtx"]),
        ("video", "h264", ["video/H264", "video/rtx"]),
    ],
)
def test_a_track_is_sent_with_the_routers_payload_types(kind: str, codec: str, names: list[str]) -> None:
    sent = parameters(kind, codec)
    validate_rtp_parameters(sent)
    assert [one["mimeType"] for one in sent["codecs"]] == names
    of_router = {one["preferredPayloadType"]: one["mimeType"] for one in ROUTER["codecs"]}
    assert all(of_router[one["payloadType"]] == one["mimeType"] for one in sent["codecs"])
    assert sent["encodings"][0]["ssrc"] == 1
    assert ("rtx" in sent["encodings"][0]) == (kind == "video")
    if codec == "h264":
        assert sent["codecs"][0]["parameters"]["profile-level-id"].startswith("42")


def test_a_codec_that_the_router_does_not_have_is_refused() -> None:
    without = {"codecs": [one for one in ROUTER["codecs"] if one["mimeType"] != "video/H264"]}
    with pytest.raises(CallError, match="unsupported_codec"):
        send_parameters(without, "video", "h264", mid="0", cname="me", ssrc=1, rtx_ssrc=2)

"""Defaults and errors of validation, in particular where JavaScript and Python differ."""

from typing import Any

import pytest

from hubbub_ortc import (
    InvalidParameters,
    validate_rtp_capabilities,
    validate_rtp_parameters,
    validate_sctp_stream_parameters,
)

OPUS: dict[str, Any] = {"mimeType": "audio/opus", "payloadType": 111, "clockRate": 48000}


def params(**changes: Any) -> dict[str, Any]:
    return {"codecs": [OPUS], **changes}


def test_defaults_are_set() -> None:
    assert validate_rtp_parameters(params(encodings=[{}])) == {
        "codecs": [{**OPUS, "channels": 1, "parameters": {}, "rtcpFeedback": []}],
        "headerExtensions": [],
        "encodings": [{"dtx": False}],
        "rtcp": {"reducedSize": True},
    }


def test_kind_is_derived_from_the_mime_type() -> None:
    caps = {"codecs": [{"kind": "audio", "mimeType": "VIDEO/VP8", "clockRate": 90000, "channels": 2}]}
    (codec,) = validate_rtp_capabilities(caps)["codecs"]
    assert codec["kind"] == "video"
    assert "channels" not in codec


@pytest.mark.parametrize(
    "bad",
    [
        None,
        "x",
        {},
        {"codecs": None},
        {"codecs": [None]},
        {"codecs": [{**OPUS, "clockRate": True}]},
        {"codecs": [{**OPUS, "payloadType": "111"}]},
        {"codecs": [{**OPUS, "mimeType": "vıdeo/VP8"}]},
        {"codecs": [{**OPUS, "mimeType": "video/\u2028"}]},
        {"codecs": [{**OPUS, "parameters": {"apt": "1"}}]},
        {"codecs": [{**OPUS, "parameters": {"stereo": True}}]},
        params(mid=5),
        params(headerExtensions={}),
        params(headerExtensions=[{"uri": "x", "id": 1, "encrypt": 1}]),
        params(encodings=[{"ssrc": "1"}]),
        params(encodings=[{"rtx": []}]),
        params(rtcp="x"),
    ],
)
def test_malformed_parameters_are_rejected(bad: object) -> None:
    with pytest.raises(InvalidParameters):
        validate_rtp_parameters(bad)


@pytest.mark.parametrize("unset", [None, False, 0, "", float("nan")])
def test_falsy_values_of_javascript_are_not_set(unset: object) -> None:
    normalised = validate_rtp_parameters(params(headerExtensions=unset, encodings=unset, rtcp=unset, msid=unset))
    assert normalised["headerExtensions"] == []
    assert normalised["rtcp"] == {"reducedSize": True}


def test_array_is_read_as_an_object_with_indices() -> None:
    normalised = validate_rtp_parameters({"codecs": [{**OPUS, "parameters": ["x"]}]})
    assert normalised["codecs"][0]["parameters"] == {"0": "x"}


@pytest.mark.parametrize(
    ("given", "ordered"),
    [({}, True), ({"maxRetransmits": 3}, False), ({"ordered": False}, False), ({"ordered": 0}, True)],
)
def test_data_channel_is_ordered_unless_retransmissions_are_limited(given: dict[str, Any], ordered: bool) -> None:
    assert validate_sctp_stream_parameters({"streamId": 0, **given})["ordered"] is ordered


@pytest.mark.parametrize(
    "given",
    [{"maxRetransmits": 1, "maxPacketLifeTime": 1}, {"ordered": True, "maxRetransmits": 1}, {"streamId": "0"}],
)
def test_contradictory_stream_parameters_are_rejected(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameters):
        validate_sctp_stream_parameters({"streamId": 0, **given})

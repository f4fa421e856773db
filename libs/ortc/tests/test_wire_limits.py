"""Limits on the parameters of producers and data channels."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hubbub_ortc import (
    InvalidParameters,
    check_sctp_wire_limits,
    check_wire_limits,
    validate_rtp_parameters,
    validate_sctp_stream_parameters,
)


def test_parameters_of_recorded_clients_pass(fixtures: Path, load: Callable[[str], Any]) -> None:
    recorded = [load(str(file.relative_to(fixtures).with_suffix(""))) for file in fixtures.glob("*/produce-*.json")]
    assert len(recorded) > 30
    for produced in recorded:
        if "rtpParameters" in produced:
            check_wire_limits(validate_rtp_parameters(produced["rtpParameters"]))
        else:
            check_sctp_wire_limits(validate_sctp_stream_parameters(produced["sctpStreamParameters"]))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("codecs", 0, "payloadType"), 128),
        (("codecs", 0, "payloadType"), 1.5),
        (("codecs", 0, "payloadType"), 72),
        (("codecs", 0, "clockRate"), -1),
        (("codecs", 0, "parameters"), {"apt": 300}),
        (("codecs", 0, "parameters"), {"x": "1\r\na=candidate:1"}),
        (("codecs", 0, "parameters"), {"x\n": 1}),
        (("codecs", 0, "parameters"), {"x": float("nan")}),
        (("codecs", 0, "rtcpFeedback"), [{"type": "nack\n"}]),
        (("headerExtensions", 0, "id"), 256),
        (("headerExtensions", 0, "uri"), "urn:x\r\n"),
        (("encodings", 0, "ssrc"), 2**32),
        (("encodings", 0, "rtx"), {"ssrc": -1}),
        (("encodings", 0, "maxBitrate"), "fast"),
        (("rtcp", "cname"), "\0"),
        (("msid",), "x" * 2000),
    ],
)
def test_parameters_out_of_range_are_rejected(path: tuple[Any, ...], value: object, load: Callable[[str], Any]) -> None:
    params = load("chromium-156/produce-video-vp8")["rtpParameters"]
    owner = params
    for step in path[:-1]:
        owner = owner[step]
    owner[path[-1]] = value
    with pytest.raises(InvalidParameters):
        check_wire_limits(validate_rtp_parameters(params))


@pytest.mark.parametrize("stream_id", [-1, 65535, 0.5])
def test_invalid_stream_id_is_rejected(stream_id: float) -> None:
    with pytest.raises(InvalidParameters):
        check_sctp_wire_limits(validate_sctp_stream_parameters({"streamId": stream_id}))

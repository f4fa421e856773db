"""Negotiation from one browser's producer to another browser's consumer."""

from collections.abc import Callable
from typing import Any

import pytest

from hubbub_ortc import (
    InvalidParameters,
    RandomSsrc,
    Unsupported,
    can_consume,
    get_consumable_rtp_parameters,
    get_consumer_rtp_parameters,
    get_pipe_consumer_rtp_parameters,
    get_producer_rtp_parameters_mapping,
    validate_rtp_capabilities,
    validate_rtp_parameters,
)
from hubbub_ortc.header_extensions import ABS_SEND_TIME, DEPENDENCY_DESCRIPTOR, MID, TRANSPORT_WIDE_CC
from hubbub_ortc.types import RtpCapabilities, RtpParameters

Consumable = Callable[[str], RtpParameters]


@pytest.fixture
def consumable(produced: Consumable, router: RtpCapabilities, ssrcs: RandomSsrc) -> Consumable:
    """The consumable parameters of a recorded producer on the default router."""

    def negotiate(name: str) -> RtpParameters:
        params = validate_rtp_parameters(produced(name))
        mapping, params = get_producer_rtp_parameters_mapping(params, router, random_ssrc=ssrcs)
        return get_consumable_rtp_parameters("video", params, router, mapping)

    return negotiate


def test_mapping_translates_payload_types_and_numbers_streams(produced: Consumable, router: RtpCapabilities) -> None:
    params = validate_rtp_parameters(produced("chromium-156/produce-video-vp8-simulcast3"))
    mapping, _ = get_producer_rtp_parameters_mapping(params, router, random_ssrc=lambda: 500)
    assert [codec["mappedPayloadType"] for codec in mapping["codecs"]] == [101, 102]
    assert [encoding["mappedSsrc"] for encoding in mapping["encodings"]] == [500, 501, 502]
    assert [encoding["rid"] for encoding in mapping["encodings"]] == ["r0", "r1", "r2"]


def test_rtx_codec_without_media_codec_is_invalid(produced: Consumable, router: RtpCapabilities) -> None:
    params = validate_rtp_parameters(produced("chromium-156/produce-video-vp8"))
    params["codecs"][1]["parameters"]["apt"] = 77
    with pytest.raises(InvalidParameters):
        get_producer_rtp_parameters_mapping(params, router)


def test_codec_unknown_to_the_router_is_unsupported(produced: Consumable) -> None:
    params = validate_rtp_parameters(produced("chromium-156/produce-video-vp8"))
    with pytest.raises(Unsupported):
        get_producer_rtp_parameters_mapping(params, {"codecs": [], "headerExtensions": []})


def test_mapping_of_other_parameters_is_invalid(produced: Consumable, router: RtpCapabilities) -> None:
    params = validate_rtp_parameters(produced("chromium-156/produce-video-vp8"))
    with pytest.raises(InvalidParameters):
        get_consumable_rtp_parameters("video", params, router, {"codecs": [], "encodings": []})


def test_three_simulcast_streams_become_one_stream_with_three_spatial_layers(
    consumable: Consumable, load: Callable[[str], Any], ssrcs: RandomSsrc
) -> None:
    caps = validate_rtp_capabilities(load("firefox-153/recv-rtp-capabilities"))
    offered = consumable("chromium-156/produce-video-vp8-simulcast3-L1T3")
    assert can_consume(offered, caps)
    encodings: list[Any] = get_consumer_rtp_parameters(offered, caps, random_ssrc=ssrcs)["encodings"]
    (encoding,) = encodings
    assert encoding["scalabilityMode"] == "L3T3"
    assert encoding["rtx"]["ssrc"] == encoding["ssrc"] + 1
    assert encoding["maxBitrate"] == 1_500_000


def test_transport_cc_replaces_remb(consumable: Consumable, load: Callable[[str], Any]) -> None:
    caps = validate_rtp_capabilities(load("chromium-156/recv-rtp-capabilities"))
    consumer = get_consumer_rtp_parameters(consumable("chromium-156/produce-video-vp8"), caps)
    assert TRANSPORT_WIDE_CC in [extension["uri"] for extension in consumer["headerExtensions"]]
    feedback = [entry["type"] for entry in consumer["codecs"][0]["rtcpFeedback"]]
    assert "transport-cc" in feedback
    assert "goog-remb" not in feedback


def test_without_rtx_there_is_no_rtx_codec_and_no_nack(consumable: Consumable, load: Callable[[str], Any]) -> None:
    caps = validate_rtp_capabilities(load("chromium-156/recv-rtp-capabilities"))
    offered = consumable("chromium-156/produce-video-vp8")
    consumer = get_consumer_rtp_parameters(offered, caps, enable_rtx=False)
    assert [codec["mimeType"] for codec in consumer["codecs"]] == ["video/VP8"]
    assert {"type": "nack", "parameter": ""} not in consumer["codecs"][0]["rtcpFeedback"]
    assert "rtx" not in consumer["encodings"][0]


def test_endpoint_without_the_codec_cannot_consume(consumable: Consumable, load: Callable[[str], Any]) -> None:
    caps = validate_rtp_capabilities(load("firefox-153/recv-rtp-capabilities"))
    offered = consumable("chromium-156/produce-video-h264-42e01f")
    assert not can_consume(offered, caps)
    with pytest.raises(Unsupported):
        get_consumer_rtp_parameters(offered, caps)


def test_pipe_keeps_all_streams_and_drops_hop_by_hop_extensions(consumable: Consumable, ssrcs: RandomSsrc) -> None:
    offered = consumable("chromium-156/produce-video-vp8-simulcast3")
    pipe = get_pipe_consumer_rtp_parameters(offered, enable_rtx=True, random_ssrc=ssrcs)
    encodings: list[Any] = pipe["encodings"]
    first = encodings[0]
    assert [encoding["ssrc"] - first["ssrc"] for encoding in encodings] == [0, 1, 2]
    assert [encoding["rtx"]["ssrc"] - first["rtx"]["ssrc"] for encoding in encodings] == [0, 1, 2]
    uris = [extension["uri"] for extension in pipe["headerExtensions"]]
    assert DEPENDENCY_DESCRIPTOR in uris
    assert not {MID, ABS_SEND_TIME, TRANSPORT_WIDE_CC} & set(uris)


def test_nulls_are_kept(consumable: Consumable, load: Callable[[str], Any]) -> None:
    caps = validate_rtp_capabilities(load("pymediasoup-1.5/recv-rtp-capabilities.with-nulls"))
    offered = consumable("pymediasoup-1.5/produce-video-vp8.with-nulls")
    consumer = get_consumer_rtp_parameters(offered, caps)
    assert consumer["msid"] is None
    assert "maxBitrate" not in consumer["encodings"][0]

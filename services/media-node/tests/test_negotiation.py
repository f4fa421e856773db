"""Negotiation of recorded client parameters, and whether the core accepts the result."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_media_core import MediaCore, commands
from hubbub_media_core.specs import CodecMapping, IceCredentials
from hubbub_media_node.domain.codec_profiles import router_capabilities
from hubbub_media_node.domain.negotiation import (
    NegotiatedConsumer,
    NegotiatedProducer,
    consume,
    produce,
    without_nulls,
)
from hubbub_ortc.header_extensions import ABS_SEND_TIME, TRANSPORT_WIDE_CC
from support.node_rig import FIXTURES, fixture

ROUTER = router_capabilities("v1")
CLIENTS = ["chromium-156", "firefox-153", "pymediasoup-1.5"]
RECORDED = sorted(
    f"{client}/{path.name}"
    for client in CLIENTS
    for path in Path(FIXTURES / client).glob("produce-*.json")
    if not path.name.startswith("produce-data")
)


def produced(name: str, **changed: Any) -> NegotiatedProducer:
    recorded = fixture(name)
    return produce(recorded["kind"], {**recorded["rtpParameters"], **changed}, ROUTER, cname="fallback", paused=False)


def consumed(
    producer: NegotiatedProducer,
    client: str = "chromium-156",
    mid: str = "0",
    capabilities: dict[str, Any] | None = None,
) -> NegotiatedConsumer:
    capabilities = capabilities or fixture(f"{client}/recv-rtp-capabilities.json")
    return consume(producer.spec.kind, producer.consumable, capabilities, mid=mid, is_used=lambda _: False)


async def test_the_core_accepts_the_parameters_of_every_recorded_client() -> None:
    transports = itertools.count(1)
    async with MediaCore([("127.0.0.1", 0)]) as core:
        await core.call(0, commands.CreateRouter(router=1))

        async def transport() -> int:
            core_id = next(transports)
            ice = IceCredentials(ufrag=f"ufrag{core_id}", pwd="p" * 32)
            await core.call(0, commands.CreateTransport(transport=core_id, router=1, ice=ice))
            return core_id

        for number, name in enumerate(RECORDED, 1):
            producer = produced(name)
            await core.call(
                0, commands.CreateProducer(producer=number, transport=await transport(), spec=producer.spec)
            )
            spec = consumed(producer, "chromium-156").spec
            await core.call(
                0,
                commands.CreateConsumer(consumer=number, transport=await transport(), producer=number, spec=spec),
            )
        assert len(RECORDED) > 20


def test_a_producer_maps_the_clients_payload_types_to_the_routers() -> None:
    (codec,) = produced("chromium-156/produce-video-vp8.json").spec.codecs
    router_type = next(each for each in ROUTER["codecs"] if each["mimeType"] == "video/VP8")["preferredPayloadType"]
    assert router_type is not None
    assert codec == CodecMapping(
        codec="video/VP8",
        clock_rate=90_000,
        payload_type=96,
        rtx_payload_type=97,
        router_payload_type=router_type,
        nack=True,
        pli=True,
        fir=True,
    )


def test_inband_fec_follows_the_clients_opus_parameters() -> None:
    assert produced("chromium-156/produce-audio-opus.json").spec.codecs[0].inband_fec
    assert not produced("chromium-156/produce-video-vp8.json").spec.codecs[0].inband_fec


def test_a_consumer_uses_the_routers_payload_types() -> None:
    producer = produced("chromium-156/produce-video-vp8.json")
    (codec,) = consumed(producer).spec.codecs
    assert codec.payload_type == codec.router_payload_type == producer.spec.codecs[0].router_payload_type
    assert codec.rtx_payload_type is not None


def test_rid_simulcast_has_encodings_without_ssrcs_lowest_layer_first() -> None:
    simulcast = produced("chromium-156/produce-video-vp8-simulcast3.json")
    assert simulcast.type == "simulcast"
    assert [(each.rid, each.ssrc) for each in simulcast.spec.encodings] == [("r0", None), ("r1", None), ("r2", None)]


def test_a_consumer_of_simulcast_has_one_encoding_with_rtx() -> None:
    consumer = consumed(produced("chromium-156/produce-video-vp8-simulcast3.json"))
    (encoding,) = consumer.parameters["encodings"]
    assert encoding["scalabilityMode"] == "L3T3"
    assert consumer.spec.rtx_ssrc == consumer.spec.ssrc + 1
    assert consumer.ssrcs == {consumer.spec.ssrc, consumer.spec.ssrc + 1}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("produce-audio-opus", "simple"),
        ("produce-video-vp8", "simple"),
        ("produce-video-vp9-svc-L3T3_KEY", "svc"),
        ("produce-video-av1-L1T3", "svc"),
        ("produce-video-h264-simulcast", "simulcast"),
    ],
)
def test_the_producer_type_depends_on_encodings_and_layers(name: str, expected: str) -> None:
    assert produced(f"chromium-156/{name}.json").type == expected


@pytest.mark.parametrize("name", ["produce-video-vp9-svc-L3T3_KEY", "produce-video-av1-L1T3"])
def test_encodings_of_a_codec_with_svc_are_simulcast(name: str) -> None:
    encodings = [{"rid": rid, "scalabilityMode": "L1T2"} for rid in ("r0", "r1")]
    producer = produced(f"chromium-156/{name}.json", encodings=encodings)
    assert producer.type == "simulcast"
    assert [each.rid for each in producer.spec.encodings] == ["r0", "r1"]
    assert consumed(producer).parameters["encodings"][0]["scalabilityMode"] == "L2T2"


def test_one_encoding_with_temporal_layers_is_simulcast_when_the_codec_has_no_svc() -> None:
    layered = produced("chromium-156/produce-video-vp8.json", encodings=[{"ssrc": 1, "scalabilityMode": "L1T3"}])
    assert layered.type == "simulcast"


def test_a_consumer_gets_the_producers_cname_and_msid_and_an_empty_cname_is_replaced() -> None:
    simulcast = produced("chromium-156/produce-video-vp8-simulcast3.json")
    assert consumed(simulcast).spec.cname == "fallback"
    name = "chromium-156/produce-audio-opus.json"
    audio = consumed(produced(name))
    given = fixture(name)["rtpParameters"]
    assert audio.parameters["rtcp"]["cname"] == audio.spec.cname == given["rtcp"]["cname"]
    assert audio.parameters["msid"] == given["msid"]


def test_feedback_is_transport_cc_then_remb_then_none_depending_on_the_extensions() -> None:
    name = "chromium-156/produce-video-vp8.json"
    assert produced(name).spec.feedback == "transport-cc"
    extensions = fixture(name)["rtpParameters"]["headerExtensions"]
    without_cc = [each for each in extensions if each["uri"] != TRANSPORT_WIDE_CC]
    assert produced(name, headerExtensions=without_cc).spec.feedback == "goog-remb"
    neither = [each for each in without_cc if each["uri"] != ABS_SEND_TIME]
    assert produced(name, headerExtensions=neither).spec.feedback == "none"


def test_an_audio_consumer_has_no_congestion_feedback_and_no_nack() -> None:
    spec = consumed(produced("chromium-156/produce-audio-opus.json")).spec
    assert spec.feedback == "none"
    assert [codec.nack for codec in spec.codecs] == [False]


def test_unknown_header_extensions_are_omitted() -> None:
    name = "chromium-156/produce-audio-opus.json"
    given = fixture(name)["rtpParameters"]["headerExtensions"]
    strange = {"uri": "urn:example:strange", "id": 15, "encrypt": False, "parameters": {}}
    extensions = produced(name, headerExtensions=[*given, strange]).spec.extensions
    assert extensions == produced(name, headerExtensions=given).spec.extensions


def test_explicit_nulls_are_treated_as_absent() -> None:
    assert produced("pymediasoup-1.5/produce-video-vp8.with-nulls.json").spec.codecs == (
        produced("pymediasoup-1.5/produce-video-vp8.json").spec.codecs
    )


def test_consumer_parameters_contain_no_nulls() -> None:
    parameters = consumed(produced("pymediasoup-1.5/produce-video-vp8.with-nulls.json")).parameters
    assert without_nulls(parameters) == parameters


@pytest.mark.parametrize(
    "changed",
    [
        {"codecs": []},
        {"codecs": "VP8"},
        {"encodings": []},
        {"mid": "m" * 33},
        {"encodings": [{"rid": "r" * 33}]},
        {"encodings": [{"ssrc": 2**32}]},
        {"encodings": [{"ssrc": -1}]},
        {"rtcp": {"cname": "c" * 256}},
        {"codecs": [{"mimeType": "audio/opus", "payloadType": 111, "clockRate": 48000, "channels": 2}]},
        {"codecs": [{"mimeType": "video/VP8", "payloadType": 128, "clockRate": 90000}]},
        {"headerExtensions": [{"uri": TRANSPORT_WIDE_CC, "id": 256}]},
    ],
    ids=lambda changed: repr(changed)[:40],
)
def test_malformed_parameters_are_an_invalid_argument(changed: dict[str, Any]) -> None:
    with pytest.raises(HubbubError) as refused:
        produced("chromium-156/produce-video-vp8.json", **changed)
    assert refused.value.code is ErrorCode.INVALID_ARGUMENT


def test_deeply_nested_parameters_are_an_invalid_argument() -> None:
    nested: Any = {}
    for _ in range(500):
        nested = {"deeper": nested}
    with pytest.raises(HubbubError) as refused:
        produced("chromium-156/produce-video-vp8.json", extra=nested)
    assert refused.value.code is ErrorCode.INVALID_ARGUMENT


def test_a_codec_that_the_router_lacks_is_unsupported() -> None:
    strange = {"mimeType": "video/H266", "payloadType": 96, "clockRate": 90000}
    with pytest.raises(HubbubError) as refused:
        produced("chromium-156/produce-video-vp8.json", codecs=[strange])
    assert refused.value.code is ErrorCode.UNSUPPORTED


def test_consuming_without_a_matching_codec_is_unsupported() -> None:
    producer = produced("chromium-156/produce-video-av1-L1T3.json")
    capabilities = fixture("chromium-156/recv-rtp-capabilities.json")
    capabilities["codecs"] = [each for each in capabilities["codecs"] if each["mimeType"] != "video/AV1"]
    with pytest.raises(HubbubError) as refused:
        consume("video", producer.consumable, capabilities, mid="0", is_used=lambda _: False)
    assert refused.value.code is ErrorCode.UNSUPPORTED


def test_a_used_ssrc_is_not_assigned_again() -> None:
    producer = produced("chromium-156/produce-video-vp8.json")
    capabilities = fixture("chromium-156/recv-rtp-capabilities.json")
    checked: list[int] = []

    def first_two_are_used(ssrc: int) -> bool:
        checked.append(ssrc)
        return len(checked) <= 2

    spec = consume("video", producer.consumable, capabilities, mid="0", is_used=first_two_are_used).spec
    assert spec.ssrc not in checked[:2]


def test_an_unknown_codec_profile_is_unsupported() -> None:
    with pytest.raises(HubbubError) as refused:
        router_capabilities("v0")
    assert refused.value.code is ErrorCode.UNSUPPORTED


RED = {"mimeType": "audio/red", "payloadType": 63, "clockRate": 48000, "channels": 2, "parameters": {"": "111/111"}}


def test_red_stands_behind_opus_and_changes_no_payload_type() -> None:
    expected = fixture("router/router-rtp-capabilities.json")
    opus, red, *others = ROUTER["codecs"]
    assert {**ROUTER, "codecs": [opus, *others]} == expected
    assert (red["mimeType"], red["preferredPayloadType"], red["parameters"]) == ("audio/red", 63, {})


@pytest.mark.parametrize(
    ("client", "codecs"), [("chromium-156", ["audio/opus", "audio/red"]), ("firefox-153", ["audio/opus"])]
)
def test_a_client_that_supports_red_may_get_opus_and_red(client: str, codecs: list[str]) -> None:
    consumer = consumed(produced("firefox-153/produce-audio-opus.json"), capabilities=received_capabilities(client))
    assert [codec["mimeType"] for codec in consumer.parameters["codecs"]] == codecs
    assert [codec.codec for codec in consumer.spec.codecs] == codecs


def test_red_of_a_client_becomes_opus() -> None:
    recorded = fixture("chromium-156/produce-audio-opus.json")["rtpParameters"]
    producer = produced("chromium-156/produce-audio-opus.json", codecs=[RED, *recorded["codecs"]])
    assert [codec.codec for codec in producer.spec.codecs] == ["audio/red", "audio/opus"]
    assert [codec["mimeType"] for codec in producer.consumable["codecs"]] == ["audio/opus", "audio/red"]
    consumer = consumed(producer, "firefox-153")
    assert [codec["mimeType"] for codec in consumer.parameters["codecs"]] == ["audio/opus"]


def test_red_without_opus_is_refused() -> None:
    with pytest.raises(HubbubError, match="audio/red without audio/opus"):
        produced("chromium-156/produce-audio-opus.json", codecs=[RED])


def test_a_client_without_opus_cannot_consume_red() -> None:
    capabilities = received_capabilities("chromium-156")
    capabilities["codecs"] = [codec for codec in capabilities["codecs"] if codec["mimeType"] != "audio/opus"]
    with pytest.raises(HubbubError) as refused:
        consumed(produced("chromium-156/produce-audio-opus.json"), capabilities=capabilities)
    assert refused.value.code is ErrorCode.UNSUPPORTED


def received_capabilities(client: str) -> dict[str, Any]:
    """The recorded capabilities of a client; Chromium's with RED, as mediasoup-client has them from this router."""
    capabilities: dict[str, Any] = fixture(f"{client}/recv-rtp-capabilities.json")
    if client.startswith("chromium"):
        red = next(codec for codec in ROUTER["codecs"] if codec["mimeType"] == "audio/red")
        capabilities["codecs"] = [*capabilities["codecs"], dict(red)]
    return capabilities


def test_a_consumer_under_the_numbers_of_an_offer_is_rewritten_from_the_routers() -> None:
    producer = produced("chromium-156/produce-video-vp8.json")
    capabilities = fixture("chromium-156/recv-rtp-capabilities.json")
    codecs = [codec for codec in capabilities["codecs"] if codec["mimeType"] == "video/VP8"]
    capabilities["codecs"] = [{**codecs[0], "preferredPayloadType": 35}]
    extensions = [each for each in capabilities["headerExtensions"] if each["kind"] == "video"]
    capabilities["headerExtensions"] = [{**each, "preferredId": 15 - each["preferredId"]} for each in extensions]
    consumer = consume(
        "video",
        producer.consumable,
        capabilities,
        mid="video",
        is_used=lambda _: False,
        endpoint_numbers=True,
    )
    [codec] = consumer.spec.codecs
    router_type = producer.consumable["codecs"][0]["payloadType"]
    assert (codec.router_payload_type, codec.payload_type, router_type != 35) == (router_type, 35, True)
    assert consumer.spec.mid == "video"
    assert consumer.parameters["codecs"][0]["payloadType"] == 35

"""A consumer under the numbers of its endpoint."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from hubbub_ortc import (
    get_consumable_rtp_parameters,
    get_consumer_rtp_parameters,
    get_producer_rtp_parameters_mapping,
    with_endpoint_numbers,
    with_router_ids,
)
from hubbub_ortc.types import RtpCapabilities, RtpParameters


def consumed(
    produced: Callable[[str], RtpParameters], router: RtpCapabilities, caps: RtpCapabilities
) -> tuple[RtpParameters, RtpParameters, dict[int, int]]:
    """A consumer of VP8: with the router's numbers, with the endpoint's, and the router's payload types."""
    parameters = produced("chromium-156/produce-video-vp8")
    mapping, negotiated = get_producer_rtp_parameters_mapping(parameters, router)
    consumable = get_consumable_rtp_parameters("video", negotiated, router, mapping)
    own = get_consumer_rtp_parameters(consumable, with_router_ids(caps, consumable), enable_rtx=True)
    return own, *with_endpoint_numbers(own, caps)


def shifted(caps: RtpCapabilities) -> RtpCapabilities:
    """The capabilities under other payload types and extension ids."""
    changed: Any = deepcopy(caps)
    for codec in changed["codecs"]:
        codec["preferredPayloadType"] -= 60
        if "apt" in codec["parameters"]:
            codec["parameters"]["apt"] -= 60
    for extension in changed["headerExtensions"]:
        extension["preferredId"] = 15 - extension["preferredId"]
    result: RtpCapabilities = changed
    return result


def test_payload_types_and_ids_are_the_endpoints(
    produced: Callable[[str], RtpParameters], router: RtpCapabilities
) -> None:
    caps = shifted(router)
    own, numbered, router_types = consumed(produced, router, caps)
    types = {codec["mimeType"]: codec["payloadType"] for codec in own["codecs"]}
    assert types, "the endpoint has VP8"
    assert {codec["mimeType"]: codec["payloadType"] for codec in numbered["codecs"]} == {
        mime: number - 60 for mime, number in types.items()
    }
    assert router_types == {number - 60: number for number in types.values()}
    [media, rtx] = numbered["codecs"]
    assert rtx["parameters"]["apt"] == media["payloadType"]
    assert {each["uri"]: each["id"] for each in numbered["headerExtensions"]} == {
        each["uri"]: 15 - each["id"] for each in own["headerExtensions"]
    }


def test_without_rtx_the_consumer_has_no_rtx_stream(
    produced: Callable[[str], RtpParameters], router: RtpCapabilities
) -> None:
    caps: Any = deepcopy(router)
    caps["codecs"] = [codec for codec in caps["codecs"] if not codec["mimeType"].endswith("/rtx")]
    _, numbered, router_types = consumed(produced, router, caps)
    assert len(numbered["codecs"]) == len(router_types) == 1
    assert "rtx" not in numbered["encodings"][0]

"""A consumer's parameters under the payload types and header extension ids of its endpoint.

mediasoup's consumers have the router's, and the client writes those into a description of its own. An SDP answer has to
keep the numbers of the offer (RFC 3264, section 6.1; RFC 8285, section 6).
"""

from __future__ import annotations

from .codec_match import apt_of, find_match, find_rtx, is_rtx
from .json_value import JsonObject
from .types import RtpCapabilities, RtpCodecParameters, RtpParameters


def with_router_ids(caps: RtpCapabilities, consumable: RtpParameters) -> RtpCapabilities:
    """The endpoint's capabilities with the router's ids of the header extensions, for `get_consumer_rtp_parameters`."""
    ids = {extension["uri"]: extension["id"] for extension in consumable["headerExtensions"]}
    extensions = [
        {**extension, "preferredId": ids[extension["uri"]]}
        for extension in caps["headerExtensions"]
        if extension["uri"] in ids
    ]
    return {**caps, "headerExtensions": extensions}  # type: ignore[typeddict-item]  # copies of its extensions


def with_endpoint_numbers(parameters: RtpParameters, caps: RtpCapabilities) -> tuple[RtpParameters, dict[int, int]]:
    """A consumer's parameters under the numbers of `caps`, and the router's payload type of each of its own.

    RTX codecs that the endpoint has not for the same media codec are left out, and so is the RTX stream without any.
    """
    codecs: list[RtpCodecParameters] = []
    router_types: dict[int, int] = {}
    own_types: dict[object, int] = {}
    capabilities: list[JsonObject] = [dict(codec) for codec in caps["codecs"]]
    for codec in parameters["codecs"]:
        described: JsonObject = dict(codec)
        own_media = own_types.get(apt_of(described)) if is_rtx(described) else None
        match = find_rtx(own_media, capabilities) if is_rtx(described) else find_match(described, capabilities)
        number = match.get("preferredPayloadType") if match else None
        if not isinstance(number, int) or number in router_types:
            continue
        fmtp = codec["parameters"] if own_media is None else {**codec["parameters"], "apt": own_media}
        codecs.append({**codec, "payloadType": number, "parameters": fmtp})
        router_types[number] = codec["payloadType"]
        own_types[codec["payloadType"]] = number
    ids = {extension["uri"]: extension["preferredId"] for extension in caps["headerExtensions"]}
    extensions = [
        {**extension, "id": ids[extension["uri"]]}
        for extension in parameters["headerExtensions"]
        if extension["uri"] in ids
    ]
    encodings = parameters["encodings"]
    if not any(is_rtx(dict(codec)) for codec in codecs):
        encodings = [{key: value for key, value in each.items() if key != "rtx"} for each in encodings]  # type: ignore[misc]
    own: RtpParameters = {**parameters, "codecs": codecs, "headerExtensions": extensions, "encodings": encodings}  # type: ignore[typeddict-item]
    return own, router_types

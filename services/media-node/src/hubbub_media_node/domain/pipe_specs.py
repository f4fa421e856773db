"""The parameters of a producer on a link between two routers.

Payload types and extension ids are the router's; they are the same on all routers of a room. The codecs are those that
the client sends: what a router may offer to consumers besides (RED) is not on the link.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from hubbub_contracts.types import MediaKind
from hubbub_media_core.specs import EncodingSpec, PipeConsumerSpec, PipedEncoding, ProducerSpec
from hubbub_ortc import get_pipe_consumer_rtp_parameters
from hubbub_ortc.types import RtpParameters

from .core_specs import codec_mappings, extension_mappings


@dataclass(frozen=True, slots=True)
class PipeSpecs:
    """The two ends of a pipe."""

    consumer: PipeConsumerSpec
    """At the producer's router."""
    producer: ProducerSpec
    """At the other router."""


def pipe_parameters(origin: ProducerSpec, consumable: RtpParameters, next_ssrcs: Callable[[], int]) -> RtpParameters:
    """The parameters of the streams on the link.

    Arguments:
        origin: the spec of the client's producer.
        consumable: the parameters from which its consumers' are derived.
        next_ssrcs: returns the first of a block of SSRCs that the link has never used.
    """
    parameters = get_pipe_consumer_rtp_parameters(consumable, enable_rtx=True, random_ssrc=next_ssrcs)
    sent = {codec.router_payload_type for codec in origin.codecs}
    codecs = [
        codec
        for codec in parameters["codecs"]
        if codec["payloadType"] in sent or codec["parameters"].get("apt") in sent
    ]
    return {**parameters, "codecs": codecs}


def pipe_specs(kind: MediaKind, parameters: RtpParameters, *, paused: bool, is_microphone: bool) -> PipeSpecs:
    """Both ends of a pipe, from `pipe_parameters`. `paused`: the pipe's producer starts paused."""
    codecs = codec_mappings(
        parameters["codecs"], {codec["payloadType"]: codec["payloadType"] for codec in parameters["codecs"]}
    )
    extensions = extension_mappings(parameters["headerExtensions"])
    has_rtx = any(codec.rtx_payload_type is not None for codec in codecs)
    encodings: list[PipedEncoding] = []
    for encoding in parameters["encodings"]:
        ssrc, rtx = encoding["ssrc"], encoding.get("rtx")
        assert ssrc is not None
        encodings.append(PipedEncoding(ssrc=ssrc, rtx_ssrc=rtx["ssrc"] if has_rtx and rtx else None))
    cname = parameters["rtcp"].get("cname")
    assert cname is not None
    return PipeSpecs(
        consumer=PipeConsumerSpec(
            kind=kind, codecs=codecs, encodings=tuple(encodings), cname=cname, extensions=extensions
        ),
        producer=ProducerSpec(
            kind=kind,
            codecs=codecs,
            encodings=tuple(EncodingSpec(ssrc=each.ssrc, rtx_ssrc=each.rtx_ssrc) for each in encodings),
            extensions=extensions,
            paused=paused,
            is_microphone=is_microphone,
        ),
    )


def on_node_link(specs: PipeSpecs, consumable: RtpParameters) -> PipeSpecs:
    """The same between nodes, where packets are lost and bandwidth is limited: video has congestion feedback."""
    transport_cc = [each for each in extension_mappings(consumable["headerExtensions"]) if each.kind == "transport_cc"]
    if specs.consumer.kind == "audio" or not transport_cc:
        return specs
    extensions = (*(each for each in specs.consumer.extensions if each.kind != "transport_cc"), *transport_cc)
    return PipeSpecs(
        consumer=replace(specs.consumer, extensions=extensions),
        producer=replace(specs.producer, extensions=extensions, feedback="transport-cc"),
    )

"""A video in three encodings, and which of them arrive."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from .caller import Caller, Consumer, rtp_parameters
from .recording import SIMULCAST, Source, samples

SSRCS = (1000, 2000, 3000)
"""Of the encodings of every sender: the server must not take different senders' ones for the same."""
_LAYER_OF = {sample.payload[-32:]: layer for layer, track in enumerate(SIMULCAST) for sample in samples(track)}


@asynccontextmanager
async def simulcast(sender: Caller, sources: dict[int, Source] | None = None) -> AsyncIterator[str]:
    """Sends three encodings of a video. Yields the producer's id. `sources` gets what sends each, by SSRC."""
    up = await sender.transport("send")
    parameters = rtp_parameters("video", SSRCS[0])
    parameters["encodings"] = [{"ssrc": ssrc, "rtx": {"ssrc": ssrc + 1}, "scalabilityMode": "L1T3"} for ssrc in SSRCS]
    produced = await sender.call("produce", transportId=up.id, kind="video", rtpParameters=parameters)
    started = {ssrc: Source(up, track, ssrc) for ssrc, track in zip(SSRCS, SIMULCAST, strict=True)}
    if sources is not None:
        sources.update(started)
    up.on_key_frame_request = lambda ssrc: started[ssrc].request_key_frame()
    yield str(produced["id"])
    for source in started.values():
        await source.stop()


async def received_layers(consumer: Consumer) -> set[int]:
    """The encodings from which the next packets come.

    Packets of another encoding may precede them: they were sent before the receiver was told of a change, and are read
    after that.
    """
    layers: deque[int] = deque(maxlen=20)
    for _ in range(100):
        stream = await consumer.wait_packets(1)
        layers.append(_LAYER_OF[stream.last_payload[-32:]])
        if len(layers) == layers.maxlen and len(set(layers)) == 1:
            break
    return set(layers)


async def reported_layers(receiver: Caller, consumer: Consumer, spatial: int) -> dict[str, Any]:
    """Waits until the last report says that the consumer receives this spatial layer. Returns the layers."""
    while True:
        reports = receiver.events("consumerLayersChanged", consumerId=consumer.id)
        layers: dict[str, Any] = reports[-1].get("layers", {}) if reports else {}
        if layers.get("spatialLayer") == spatial:
            return layers
        await receiver.wait_for_more()


async def receives_layer(receiver: Caller, consumer: Consumer, spatial: int) -> None:
    """Waits until a consumer receives this spatial layer, and the last report says so.

    The estimate of the bandwidth falls when the machine stands still. Lower layers are received then for a while.
    """
    while True:
        await reported_layers(receiver, consumer, spatial)
        if await received_layers(consumer) == {spatial}:
            return


async def wanted_encodings(sender: Caller, encodings: list[bool]) -> None:
    """Waits until the sender is asked for these encodings."""
    while [one["encodings"] for one in sender.events("producerLayersWanted")][-1:] != [encodings]:
        await sender.wait_for_more()

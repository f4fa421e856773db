"""A client limits the layers of a simulcast video, and receives them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from support.caller import Caller, Consumer, rtp_parameters
from support.installation import Installation
from support.recording import SIMULCAST, Source, samples

SSRCS = (1000, 2000, 3000)
_LAYER_OF = {sample.payload[-32:]: layer for layer, track in enumerate(SIMULCAST) for sample in samples(track)}


@asynccontextmanager
async def simulcast(alice: Caller) -> AsyncIterator[str]:
    """Alice sends three encodings of a video. Yields the producer's id."""
    up = await alice.transport("send")
    parameters = rtp_parameters("video", SSRCS[0])
    parameters["encodings"] = [{"ssrc": ssrc, "rtx": {"ssrc": ssrc + 1}, "scalabilityMode": "L1T3"} for ssrc in SSRCS]
    produced = await alice.call("produce", transportId=up.id, kind="video", rtpParameters=parameters)
    sources = {ssrc: Source(up, track, ssrc) for ssrc, track in zip(SSRCS, SIMULCAST, strict=True)}
    up.on_key_frame_request = lambda ssrc: sources[ssrc].request_key_frame()
    yield str(produced["id"])
    for source in sources.values():
        await source.stop()


async def received_layers(consumer: Consumer) -> set[int]:
    """The encodings from which the next packets come."""
    layers = set[int]()
    for _ in range(20):
        stream = await consumer.wait_packets(1)
        layers.add(_LAYER_OF[stream.last_payload[-32:]])
    return layers


async def reported(bob: Caller, consumer: Consumer, spatial: int) -> dict[str, Any]:
    """Waits until the last report says that the consumer receives this spatial layer. Returns the layers."""
    while True:
        reports = bob.events("consumerLayersChanged", consumerId=consumer.id)
        layers: dict[str, Any] = reports[-1].get("layers", {}) if reports else {}
        if layers.get("spatialLayer") == spatial:
            return layers
        await bob.wait_for_more()


async def test_a_consumer_receives_the_layers_that_it_prefers(installation: Installation, call_id: str) -> None:
    async with Caller(installation.url) as alice, Caller(installation.url) as bob:
        await alice.join(call_id)
        await bob.join(call_id)
        async with simulcast(alice) as producer_id:
            await bob.event("newProducer", producerId=producer_id)
            lowest = {"spatialLayer": 0}
            consumer = await bob.consume(producer_id, resume=False, paused=False, preferredLayers=lowest)
            assert await received_layers(consumer) == {0}
            await reported(bob, consumer, 0)

            answer = await bob.call("setPreferredLayers", consumerId=consumer.id, spatialLayer=9)
            assert answer == {"preferredLayers": {"spatialLayer": 2, "temporalLayer": 2}}
            await reported(bob, consumer, 2)
            assert await received_layers(consumer) == {2}

            await bob.call("setPreferredLayers", consumerId=consumer.id, spatialLayer=0, temporalLayer=0)
            await reported(bob, consumer, 0)
            assert await received_layers(consumer) == {0}

            await bob.call("pauseConsumer", consumerId=consumer.id)
            paused = bob.events("consumerLayersChanged", consumerId=consumer.id)[-1]
            assert paused == {"consumerId": consumer.id}


async def test_a_consumer_without_a_preference_receives_the_highest_layer(
    installation: Installation, call_id: str
) -> None:
    async with Caller(installation.url) as alice, Caller(installation.url) as bob:
        await alice.join(call_id)
        await bob.join(call_id)
        async with simulcast(alice) as producer_id:
            await bob.event("newProducer", producerId=producer_id)
            consumer = await bob.consume(producer_id)
            await reported(bob, consumer, 2)
            assert await received_layers(consumer) == {2}


async def wanted(alice: Caller, encodings: list[bool]) -> None:
    """Waits until Alice is asked to send these encodings."""
    while [one["encodings"] for one in alice.events("producerLayersWanted")][-1:] != [encodings]:
        await alice.wait_for_more()


async def test_a_sender_is_asked_for_the_layers_that_somebody_receives(
    installation: Installation, call_id: str
) -> None:
    async with Caller(installation.url) as alice, Caller(installation.url) as bob:
        await alice.join(call_id, resumable=True)
        await bob.join(call_id)
        async with simulcast(alice) as producer_id:
            await bob.event("newProducer", producerId=producer_id)
            await wanted(alice, [True, False, False])
            consumer = await bob.consume(producer_id)
            await wanted(alice, [True, True, True])
            await bob.call("setPreferredLayers", consumerId=consumer.id, spatialLayer=1)
            await wanted(alice, [True, True, False])
            await alice.cut()
            async with Caller(installation.url) as again:
                resumed = await again.call("resume", resumeToken=alice.resume_token, lastRevision=0)
                assert [one["encodingsWanted"] for one in resumed["producers"]] == [[True, True, False]]
                await again.call("leaveRoom")


async def test_clients_read_the_servers_counters_of_their_objects(installation: Installation, call_id: str) -> None:
    async with Caller(installation.url) as alice, Caller(installation.url) as bob:
        await alice.join(call_id)
        await bob.join(call_id)
        async with simulcast(alice) as producer_id:
            await bob.event("newProducer", producerId=producer_id)
            consumer = await bob.consume(producer_id, resume=False, paused=False)
            await consumer.wait_packets(20)
            [sent] = (await bob.call("getStats", consumerId=consumer.id))["stats"]
            assert (sent["type"], sent["kind"]) == ("outbound-rtp", "video")
            assert sent["packetCount"] >= 20
            received = (await alice.call("getStats", producerId=producer_id))["stats"]
            assert {one["ssrc"] for one in received} <= {*SSRCS}
            assert all(one["packetCount"] > 0 for one in received)

"""A client limits the layers of a simulcast video, and receives them."""

from __future__ import annotations

import pytest

from support.caller import Caller
from support.installation import Installation
from support.simulcast import SSRCS, received_layers, receives_layer, reported_layers, simulcast, wanted_encodings


@pytest.fixture(params=["one worker", "two workers", "two nodes"])
def installation(request: pytest.FixtureRequest, installation: Installation) -> Installation:
    """All tests run with both peers on one worker, with a worker for each, and with a node for each."""
    if request.param == "one worker":
        return installation
    name = "spread_installation" if request.param == "two workers" else "two_node_installation"
    return request.getfixturevalue(name)  # type: ignore[no-any-return]


async def test_a_consumer_receives_the_layers_that_it_prefers(installation: Installation, call_id: str) -> None:
    async with Caller(installation.url) as alice, Caller(installation.url) as bob:
        await alice.join(call_id)
        await bob.join(call_id)
        async with simulcast(alice) as producer_id:
            await bob.event("newProducer", producerId=producer_id)
            lowest = {"spatialLayer": 0}
            consumer = await bob.consume(producer_id, resume=False, paused=False, preferredLayers=lowest)
            assert await received_layers(consumer) == {0}
            await reported_layers(bob, consumer, 0)

            answer = await bob.call("setPreferredLayers", consumerId=consumer.id, spatialLayer=9)
            assert answer == {"preferredLayers": {"spatialLayer": 2, "temporalLayer": 2}}
            await receives_layer(bob, consumer, 2)

            await bob.call("setPreferredLayers", consumerId=consumer.id, spatialLayer=0, temporalLayer=0)
            await reported_layers(bob, consumer, 0)
            assert await received_layers(consumer) == {0}

            await bob.call("pauseConsumer", consumerId=consumer.id)
            while bob.events("consumerLayersChanged", consumerId=consumer.id)[-1] != {"consumerId": consumer.id}:
                await bob.wait_for_more()


async def test_a_consumer_without_a_preference_receives_the_highest_layer(
    installation: Installation, call_id: str
) -> None:
    async with Caller(installation.url) as alice, Caller(installation.url) as bob:
        await alice.join(call_id)
        await bob.join(call_id)
        async with simulcast(alice) as producer_id:
            await bob.event("newProducer", producerId=producer_id)
            consumer = await bob.consume(producer_id)
            await receives_layer(bob, consumer, 2)


async def test_a_sender_is_asked_for_the_layers_that_somebody_receives(
    installation: Installation, call_id: str
) -> None:
    async with Caller(installation.url) as alice, Caller(installation.url) as bob:
        await alice.join(call_id, resumable=True)
        await bob.join(call_id)
        async with simulcast(alice) as producer_id:
            await bob.event("newProducer", producerId=producer_id)
            await wanted_encodings(alice, [True, False, False])
            consumer = await bob.consume(producer_id)
            await wanted_encodings(alice, [True, True, True])
            await bob.call("setPreferredLayers", consumerId=consumer.id, spatialLayer=1)
            await wanted_encodings(alice, [True, True, False])
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

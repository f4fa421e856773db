"""Sender and receiver learn how well a stream arrives."""

from __future__ import annotations

import pytest

from support.caller import Caller
from support.installation import Installation


@pytest.fixture(params=["one worker", "two workers", "two nodes"])
def installation(request: pytest.FixtureRequest, installation: Installation) -> Installation:
    """Sender and receiver are on one worker, on a worker each, or on a node each."""
    if request.param == "one worker":
        return installation
    name = "spread_installation" if request.param == "two workers" else "two_node_installation"
    return request.getfixturevalue(name)  # type: ignore[no-any-return]


async def test_loss_on_the_way_to_the_server_lowers_the_score(installation: Installation, call_id: str) -> None:
    async with Caller(installation.url) as alice, Caller(installation.url) as bob:
        await alice.join(call_id)
        await bob.join(call_id)
        producer_id = await alice.publish("audio")
        await bob.event("newProducer", producerId=producer_id)
        consumer = await bob.consume(producer_id)
        await consumer.wait_packets(100)
        assert alice.events("producerScore") == bob.events("consumerScore") == []
        [received] = (await alice.call("getStats", producerId=producer_id))["stats"]
        assert received["score"] == 10

        alice.sources[producer_id].loses_every = 3
        pushed = await alice.event("producerScore", producerId=producer_id)
        [stream] = pushed["score"]
        assert (stream["encodingIdx"], stream["ssrc"]) == (0, received["ssrc"])
        assert stream["score"] < 10
        scores = (await bob.event("consumerScore", consumerId=consumer.id))["score"]
        assert scores["score"] == 10
        assert scores["producerScores"] == [scores["producerScore"]]
        assert scores["producerScore"] < 10
        [received] = (await alice.call("getStats", producerId=producer_id))["stats"]
        assert received["score"] < 10
        [sent] = (await bob.call("getStats", consumerId=consumer.id))["stats"]
        assert sent["score"] == 10

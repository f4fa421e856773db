"""What a client may rely on: events in their order, and none about an object before the answer that introduces it."""

from __future__ import annotations

import asyncio

from support.caller import Caller
from support.installation import Installation


async def test_a_room_looks_the_same_to_everybody_however_many_come_at_once(
    installation: Installation, call_id: str
) -> None:
    callers = [Caller(installation.url) for _ in range(12)]
    try:
        await asyncio.gather(*(caller.open() for caller in callers))
        joined = await asyncio.gather(*(caller.join(call_id) for caller in callers))
        everybody = {caller.peer_id for caller in callers}
        assert len(everybody) == len(callers)
        for caller, answer in zip(callers, joined, strict=True):
            in_snapshot = {peer["peerId"] for peer in answer["peers"]}
            for peer_id in everybody - in_snapshot - {caller.peer_id}:
                await caller.event("peerJoined", peerId=peer_id)
            events = caller.events("peerJoined")
            assert {event["peerId"] for event in events} == everybody - in_snapshot - {caller.peer_id}
            revisions = [answer["revision"], *(event["revision"] for event in events)]
            assert revisions == sorted(set(revisions))
    finally:
        await asyncio.gather(*(caller.close() for caller in callers))


async def test_nothing_is_told_of_a_room_before_the_answer_to_the_join(
    installation: Installation, call_id: str
) -> None:
    async with Caller(installation.url) as alice:
        await alice.join(call_id)
        for _ in range(10):
            async with Caller(installation.url) as bob:
                producing, joining = await asyncio.gather(alice.publish("audio"), bob.join(call_id))
                await bob_knows(bob, joining, producing)
                assert [one.name.split()[0] for one in bob.log[:2]] == ["ack", "ack"]


async def bob_knows(bob: Caller, joined: dict[str, object], producer_id: str) -> None:
    """Either the answer to the join holds the producer, or an event came after it: never both."""
    peers = joined["peers"]
    assert isinstance(peers, list)
    listed = [one["producerId"] for peer in peers for one in peer["producers"]]
    if producer_id not in listed:
        await bob.event("newProducer", producerId=producer_id)
    assert len(bob.events("newProducer", producerId=producer_id)) + listed.count(producer_id) == 1


async def test_pausing_and_resuming_ends_as_the_last_word_says(installation: Installation, call_id: str) -> None:
    async with Caller(installation.url) as alice, Caller(installation.url) as bob:
        await alice.join(call_id)
        await bob.join(call_id)
        producer_id = await alice.publish("audio")
        await bob.event("newProducer")
        words = ["pauseProducer", "resumeProducer"] * 10 + ["pauseProducer"]
        answers = [await alice.start_request(word, {"producerId": producer_id}) for word in words]
        assert await asyncio.gather(*answers) == [{}] * len(words)
        while len(bob.events("producerPaused")) + len(bob.events("producerResumed")) < len(words):
            await bob.wait_for_more()
        told = [one.name for one in bob.log if one.name in ("producerPaused", "producerResumed")]
        assert told == [
            {"pauseProducer": "producerPaused", "resumeProducer": "producerResumed"}[word] for word in words
        ]
        (listed,) = (await bob.call("getProducers"))["producers"]
        assert listed["paused"] is True


async def test_a_slow_operation_of_one_client_delays_no_other(installation: Installation, call_id: str) -> None:
    async with Caller(installation.url) as alice, Caller(installation.url) as bob:
        await alice.join(call_id)
        await bob.join(call_id)
        slow = [await alice.start_request("createTransport", {"direction": "recv"}) for _ in range(8)]
        assert await bob.request("getProducers") == {"producers": []}
        assert len({offer["id"] for offer in await asyncio.gather(*slow)}) == 8
        refused = await alice.request("createTransport", {"direction": "recv"})
        assert refused["error"]["code"] == "quota_exceeded"

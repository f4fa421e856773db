"""Ordering guarantees: events in order, and none about an object before the answer that introduces it."""

from __future__ import annotations

import asyncio

from support.caller import Caller
from support.installation import Installation


async def test_concurrent_joins_give_every_client_the_same_room(installation: Installation, call_id: str) -> None:
    callers = [Caller(installation.url) for _ in range(12)]
    try:
        await asyncio.gather(*(caller.open() for caller in callers))
        joined = await asyncio.gather(*(caller.join(call_id) for caller in callers))
        all_peers = {caller.peer_id for caller in callers}
        assert len(all_peers) == len(callers)
        for caller, answer in zip(callers, joined, strict=True):
            in_snapshot = {peer["peerId"] for peer in answer["peers"]}
            for peer_id in all_peers - in_snapshot - {caller.peer_id}:
                await caller.event("peerJoined", peerId=peer_id)
            events = caller.events("peerJoined")
            assert {event["peerId"] for event in events} == all_peers - in_snapshot - {caller.peer_id}
            revisions = [answer["revision"], *(event["revision"] for event in events)]
            assert revisions == sorted(set(revisions))
    finally:
        await asyncio.gather(*(caller.close() for caller in callers))


async def test_no_room_event_precedes_the_answer_to_the_join(installation: Installation, call_id: str) -> None:
    async with Caller(installation.url) as alice:
        await alice.join(call_id)
        for _ in range(10):
            async with Caller(installation.url) as bob:
                producing, joining = await asyncio.gather(alice.publish("audio"), bob.join(call_id))
                await check_producer_is_announced_once(bob, joining, producing)
                assert [one.name.split()[0] for one in bob.log[:2]] == ["ack", "ack"]


async def check_producer_is_announced_once(bob: Caller, joined: dict[str, object], producer_id: str) -> None:
    """Either the answer to the join lists the producer, or an event follows, but not both."""
    peers = joined["peers"]
    assert isinstance(peers, list)
    listed = [one["producerId"] for peer in peers for one in peer["producers"]]
    if producer_id not in listed:
        await bob.event("newProducer", producerId=producer_id)
    assert len(bob.events("newProducer", producerId=producer_id)) + listed.count(producer_id) == 1


async def test_last_of_many_pauses_and_resumes_wins(installation: Installation, call_id: str) -> None:
    async with Caller(installation.url) as alice, Caller(installation.url) as bob:
        await alice.join(call_id)
        await bob.join(call_id)
        producer_id = await alice.publish("audio")
        await bob.event("newProducer")
        requests = ["pauseProducer", "resumeProducer"] * 10 + ["pauseProducer"]
        answers = [await alice.start_request(request, {"producerId": producer_id}) for request in requests]
        assert await asyncio.gather(*answers) == [{}] * len(requests)
        while len(bob.events("producerPaused")) + len(bob.events("producerResumed")) < len(requests):
            await bob.wait_for_more()
        received = [one.name for one in bob.log if one.name in ("producerPaused", "producerResumed")]
        assert received == [
            {"pauseProducer": "producerPaused", "resumeProducer": "producerResumed"}[request] for request in requests
        ]
        (listed,) = (await bob.call("getProducers"))["producers"]
        assert listed["paused"] is True


async def test_slow_requests_of_one_client_do_not_delay_another(installation: Installation, call_id: str) -> None:
    async with Caller(installation.url) as alice, Caller(installation.url) as bob:
        await alice.join(call_id)
        await bob.join(call_id)
        slow = [await alice.start_request("createTransport", {"direction": "recv"}) for _ in range(8)]
        assert await bob.request("getProducers") == {"producers": []}
        assert len({offer["id"] for offer in await asyncio.gather(*slow)}) == 8
        refused = await alice.request("createTransport", {"direction": "recv"})
        assert refused["error"]["code"] == "quota_exceeded"

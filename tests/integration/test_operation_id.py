"""An event with an `operationId` takes effect once, however often it is sent."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from support.caller import Caller, rtp_capabilities, rtp_parameters
from support.eventually import wait_for_counts
from support.installation import Installation


async def test_repeated_operation_returns_the_first_result(installation: Installation, call_id: str) -> None:
    async with Caller(installation.url) as alice, Caller(installation.url) as bob:
        await bob.join(call_id)
        join = {"callId": call_id, "userId": "alice", "rtpCapabilities": rtp_capabilities(), "operationId": "join"}
        first = await alice.request("joinRoom", join)
        assert "error" not in first
        assert await alice.request("joinRoom", join) == first

        create = {"direction": "send", "operationId": "transport"}
        # The second is sent while the first is in progress.
        offers = await asyncio.gather(
            await alice.start_request("createTransport", create), await alice.start_request("createTransport", create)
        )
        assert offers[0] == offers[1]

        produce = {
            "transportId": offers[0]["id"],
            "kind": "audio",
            "rtpParameters": rtp_parameters("audio", 5),
            "operationId": "produce",
        }
        produced = [await alice.request("produce", produce) for _ in range(3)]
        assert produced[0] == produced[1] == produced[2]

        close = {"producerId": produced[0]["id"], "operationId": "close"}
        assert await alice.request("closeProducer", close) == await alice.request("closeProducer", close) == {}
        await bob.event("producerClosed")
        assert (await alice.request("closeProducer", {"producerId": produced[0]["id"]}))["error"]["code"] == "not_found"
        assert len(bob.events("peerJoined")) == len(bob.events("newProducer")) == len(bob.events("producerClosed")) == 1
        await wait_for_counts(installation, rooms=1, peers=2, transports=1)


async def test_different_operation_ids_are_independent(installation: Installation, call_id: str) -> None:
    async with Caller(installation.url) as alice, Caller(installation.url) as bob:
        await alice.join(call_id)
        await bob.join(call_id)
        ids = {
            (await caller.call("createTransport", direction="recv", **more))["id"]
            for caller, more in ((alice, {"operationId": "1"}), (alice, {"operationId": "2"}), (alice, {}), (alice, {}))
        }
        ids.add((await bob.call("createTransport", direction="recv", operationId="1"))["id"])
        assert len(ids) == 5


async def test_failed_operation_can_be_repeated(installation: Installation, call_id: str) -> None:
    async with Caller(installation.url) as alice:
        join = {"callId": call_id, "userId": "alice", "rtpCapabilities": rtp_capabilities(), "operationId": "join"}
        assert (await alice.request("joinRoom", join))["error"]["code"] == "room_not_found"
        await alice.call("createRoom", callId=call_id)
        assert "peerId" in await alice.request("joinRoom", join)


async def test_operation_id_of_another_event_is_a_conflict(installation: Installation, call_id: str) -> None:
    async with Caller(installation.url) as alice, Caller(installation.url) as bob:
        await alice.join(call_id)
        await bob.join(call_id)
        transport = await alice.call("createTransport", direction="send", operationId="1")
        produce = {"transportId": transport["id"], "kind": "audio", "rtpParameters": rtp_parameters("audio", 7)}
        assert (await alice.request("produce", {**produce, "operationId": "1"}))["error"]["code"] == "conflict"
        produced = await alice.call("produce", **produce, operationId="2")
        close = {"producerId": produced["id"], "operationId": "2"}
        assert (await alice.request("closeProducer", close))["error"]["code"] == "conflict"
        assert (await alice.request("leaveRoom", {"operationId": "2"}))["error"]["code"] == "conflict"
        await bob.event("newProducer", producerId=produced["id"])
        assert [one["producerId"] for one in (await bob.call("getProducers"))["producers"]] == [produced["id"]]
        assert bob.events("peerLeft") == bob.events("producerClosed") == []


@pytest.mark.parametrize("instance", [0, 1], ids=["same instance", "other instance"])
async def test_operation_is_found_again_after_a_resume(tmp_path: Path, call_id: str, instance: int) -> None:
    with Installation(tmp_path, signalings=2) as installation:
        async with Caller(installation.urls[0]) as alice, Caller(installation.urls[0]) as bob:
            await alice.join(call_id, resumable=True)
            await bob.join(call_id)
            send = {"direction": "send", "operationId": "send"}
            receive = {"direction": "recv", "operationId": "receive"}
            sending, receiving = (
                await alice.call("createTransport", **send),
                await alice.call("createTransport", **receive),
            )
            produce = {"transportId": sending["id"], "kind": "audio", "operationId": "produce"}
            first = rtp_parameters("audio", 7, mid="0")
            produced = await alice.call("produce", **produce, rtpParameters=first)
            consumed_producer = await bob.publish("audio")
            await alice.event("newProducer", producerId=consumed_producer)
            consume = {"transportId": receiving["id"], "producerId": consumed_producer, "operationId": "consume"}
            consumed = await alice.call("consume", **consume)
            await alice.cut()

            async with Caller(installation.urls[instance]) as again:
                await again.call("resume", resumeToken=alice.resume_token)
                assert (await again.call("createTransport", **send))["id"] == sending["id"]
                assert (await again.call("createTransport", **receive))["id"] == receiving["id"]
                second = rtp_parameters("audio", 9, mid="1")
                assert await again.call("produce", **produce, rtpParameters=second) == produced
                assert await again.call("consume", **consume) == consumed
            await wait_for_counts(installation, rooms=1, peers=2, producers=2, transports=3, consumers=1)

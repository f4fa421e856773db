"""An event with an `operationId` takes effect once, however often it is sent."""

from __future__ import annotations

import asyncio

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
        assert (await alice.request("closeProducer", {"producerId": produced[0]["id"]}))["error"]["code"] == "not_found"

        await bob.event("producerClosed")
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

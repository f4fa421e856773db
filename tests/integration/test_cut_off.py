"""A client that is gone before it is answered leaves nobody in the room, whatever was done for it meanwhile."""

from __future__ import annotations

import asyncio

from support.caller import Caller, rtp_capabilities
from support.eventually import wait_for_counts
from support.installation import Installation

TRIES = 25


def ids_of(witness: Caller, event: str) -> set[str]:
    """The peers that these events were about."""
    return {each["peerId"] for each in witness.events(event)}


async def test_whoever_is_cut_off_while_joining_is_not_in_the_room(installation: Installation, call_id: str) -> None:
    join = {"callId": call_id, "userId": "u", "rtpCapabilities": rtp_capabilities()}

    async def try_once(delay: float) -> None:
        async with Caller(installation.url) as caller:
            await caller.start_request("joinRoom", join)
            await asyncio.sleep(delay)  # not a wait for anything: the cut comes at another moment each time
            await caller.cut()

    async with Caller(installation.url) as witness:
        await witness.join(call_id)
        for number in range(TRIES):
            await try_once(number * 0.0005)
        await wait_for_counts(installation, rooms=1, peers=1)
        async with asyncio.timeout(
            5
        ):  # the counts are asked for, what happened comes over the socket: either may be first
            while ids_of(witness, "peerJoined") != ids_of(witness, "peerLeft"):
                await asyncio.sleep(0.02)


async def test_who_joins_and_leaves_in_one_breath_is_not_in_the_room(installation: Installation, call_id: str) -> None:
    join = {"callId": call_id, "userId": "u", "rtpCapabilities": rtp_capabilities()}
    async with Caller(installation.url) as witness, Caller(installation.url) as caller:
        await witness.join(call_id)
        for _ in range(TRIES):
            joining = await caller.start_request("joinRoom", join)
            leaving = await caller.start_request("leaveRoom", {})
            await joining
            if "error" in await leaving:
                assert "error" in await joining
        await wait_for_counts(installation, rooms=1, peers=1)


async def test_whoever_is_cut_off_while_resuming_stays_no_longer_than_the_grace(
    installation: Installation, call_id: str
) -> None:
    async with Caller(installation.url) as witness:
        await witness.join(call_id)
        for number in range(8):
            async with Caller(installation.url) as caller, Caller(installation.url) as again:
                await caller.join(call_id, resumable=True)
                await caller.cut()
                await again.start_request("resume", {"resumeToken": caller.resume_token})
                await asyncio.sleep(number * 0.001)
                await again.cut()
        await wait_for_counts(installation, within=20, rooms=1, peers=1)

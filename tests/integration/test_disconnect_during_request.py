"""A client that disconnects before it gets an answer leaves no peer in the room."""

from __future__ import annotations

import asyncio

from support.caller import Caller, rtp_capabilities
from support.eventually import wait_for_counts
from support.installation import Installation

TRIES = 25


def ids_of(observer: Caller, event: str) -> set[str]:
    """The peers of these events."""
    return {each["peerId"] for each in observer.events(event)}


async def test_client_that_disconnects_while_joining_is_not_in_the_room(
    installation: Installation, call_id: str
) -> None:
    join = {"callId": call_id, "userId": "u", "rtpCapabilities": rtp_capabilities()}

    async def try_once(delay: float) -> None:
        async with Caller(installation.url) as caller:
            await caller.start_request("joinRoom", join)
            await asyncio.sleep(delay)  # disconnects at a different moment each time
            await caller.cut()

    async with Caller(installation.url) as observer:
        await observer.join(call_id)
        for number in range(TRIES):
            await try_once(number * 0.0005)
        await wait_for_counts(installation, rooms=1, peers=1)
        # The counts may show the end before the events arrive.
        async with asyncio.timeout(20):
            while ids_of(observer, "peerJoined") != ids_of(observer, "peerLeft"):
                await asyncio.sleep(0.02)


async def test_client_that_leaves_right_after_joining_is_not_in_the_room(
    installation: Installation, call_id: str
) -> None:
    join = {"callId": call_id, "userId": "u", "rtpCapabilities": rtp_capabilities()}
    async with Caller(installation.url) as observer, Caller(installation.url) as caller:
        await observer.join(call_id)
        for _ in range(TRIES):
            joining = await caller.start_request("joinRoom", join)
            leaving = await caller.start_request("leaveRoom", {})
            await joining
            if "error" in await leaving:
                assert "error" in await joining
        await wait_for_counts(installation, rooms=1, peers=1)


async def test_client_that_disconnects_while_resuming_is_removed_after_the_grace_period(
    installation: Installation, call_id: str
) -> None:
    async with Caller(installation.url) as observer:
        await observer.join(call_id)
        for number in range(8):
            async with Caller(installation.url) as caller, Caller(installation.url) as again:
                await caller.join(call_id, resumable=True)
                await caller.cut()
                await again.start_request("resume", {"resumeToken": caller.resume_token})
                await asyncio.sleep(number * 0.001)
                await again.cut()
        await wait_for_counts(installation, within=60, rooms=1, peers=1)

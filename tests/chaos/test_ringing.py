"""Services are killed while calls ring: devices ring on, on another instance if need be, and each ring ends once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from support.client_socket import ClientSocket
from support.installation import Installation
from support.people import People

RING_TIMEOUT = 20.0
"""Seconds; longer than a busy machine takes to start an instance again."""
RECOVERY = 30.0
pytestmark = pytest.mark.chaos


@pytest.fixture
def ringing(tmp_path: Path) -> Iterator[Installation]:
    """Two instances of signaling and of calls."""
    with Installation(tmp_path, signalings=2, calls=2, environment={"RING_TIMEOUT": str(RING_TIMEOUT)}) as running:
        yield running


@pytest.fixture
async def people(ringing: Installation) -> AsyncIterator[People]:
    """Three users."""
    async with AsyncExitStack() as stack, aiohttp.ClientSession() as http:
        yield People(ringing, stack, http)


def names(device: ClientSocket) -> list[str]:
    """The events that the device got, in order."""
    return [one.name for one in device.log if not one.name.startswith("ack")]


async def test_ring_moves_to_the_other_signaling_instance_and_a_hang_up_meanwhile_does_not(people: People) -> None:
    ann, bob, carol = people.ann, people.bob, people.carol
    anns = await people.device(ann, signaling=1)
    bobs = await people.device(bob, device="phone")
    ignoring = await people.device(bob, device="tablet")
    live, hung_up = [(await people.call(caller, bob, signaling=1))["callId"] for caller in (ann, carol)]
    for device in (bobs, ignoring):
        for call_id in (live, hung_up):
            await ring_of(device, call_id)
    await ignoring.call("ignore", callId=live)
    people.installation.signaling[0].kill()
    await bobs.wait_closed()
    await people.ask("POST", f"/calls/{hung_up}/leave", carol, signaling=1)

    again = await people.device(bob, signaling=1, device="phone")
    still_ignoring = await people.device(bob, signaling=1, device="tablet")
    await ring_of(again, live)
    assert (await again.call("accept", callId=live))["call"]["state"] == "active"
    await anns.event("callAccepted", callId=live, userId=bob)
    await still_ignoring.event("callAccepted", callId=live, elsewhere=True)
    assert names(again) == ["incomingCall"]
    assert names(still_ignoring) == ["callAccepted"]


async def test_caller_hears_of_an_answer_that_was_given_while_its_instance_was_dead(people: People) -> None:
    ann, bob = people.ann, people.bob
    anns = await people.device(ann)
    bobs = await people.device(bob, signaling=1)
    call_id = (await people.call(ann, bob))["callId"]
    await ring_of(bobs, call_id)
    people.installation.signaling[0].kill()
    await anns.wait_closed()
    await bobs.call("accept", callId=call_id)
    shown = await people.ask("GET", f"/calls/{call_id}", ann, signaling=1)
    assert {each["userId"]: each["state"] for each in shown["participants"]} == {ann: "accepted", bob: "accepted"}


async def test_devices_ring_on_when_a_calls_instance_is_killed(people: People) -> None:
    ann, bob, carol = people.ann, people.bob, people.carol
    anns, bobs, carols = [await people.device(each) for each in (ann, bob, carol)]
    answered = (await people.call(ann, bob))["callId"]
    await ring_of(bobs, answered)
    people.installation.calls[0].kill()
    missed = (await people.call(ann, carol))["callId"]
    await ring_of(carols, missed)
    await bobs.call("accept", callId=answered)
    await anns.event("callAccepted", callId=answered)
    await carols.event("callMissed", within=RING_TIMEOUT + RECOVERY, callId=missed, reason="timeout")
    await anns.event("callEnded", callId=missed, reason="missed")
    assert names(carols) == ["incomingCall", "callMissed"]


async def test_device_that_connects_without_a_calls_service_rings_when_it_is_back(people: People) -> None:
    ann, bob = people.ann, people.bob
    call_id = (await people.call(ann, bob))["callId"]
    for process in people.installation.calls:
        process.kill()
    late = await people.device(bob)
    await people.ask("GET", f"/calls/{call_id}", bob, status=503)
    assert names(late) == []
    people.installation.calls[0].start()
    await ring_of(late, call_id)
    await late.event("callMissed", within=RING_TIMEOUT + RECOVERY, callId=call_id)
    assert names(late) == ["incomingCall", "callMissed"]


async def test_ring_survives_a_restart_of_the_bus(people: People) -> None:
    ann, bob = people.ann, people.bob
    anns, bobs = await people.device(ann), await people.device(bob, signaling=1)
    call_id = (await people.call(ann, bob))["callId"]
    await ring_of(bobs, call_id)
    people.installation.nats.kill()
    people.installation.nats.start()
    async with asyncio.timeout(RECOVERY):
        while "error" in (answer := await bobs.request("accept", {"callId": call_id})):
            assert answer["error"]["retryable"], answer
            await asyncio.sleep(0.1)
    await anns.event("callAccepted", within=RECOVERY, callId=call_id, userId=bob)
    assert names(anns) == ["callAccepted"]
    assert names(bobs) == ["incomingCall"]


async def ring_of(device: ClientSocket, call_id: str) -> None:
    """Waits until the call rings this device."""
    async with asyncio.timeout(RECOVERY):
        while not any(ring["call"]["callId"] == call_id for ring in device.events("incomingCall")):
            await device.wait_for_more()

"""The devices of an instance: replay, changes, gaps and presence."""

from __future__ import annotations

import asyncio
from typing import Any

from hubbub_contracts.bus.message import DeliverMessage
from hubbub_contracts.bus.presence import ConnectedDevices, DeviceStatuses, FindDevices
from hubbub_contracts.call import PresenceStatus
from hubbub_contracts.socket.base import Push
from hubbub_signaling.domain.calls.presence import combine
from hubbub_signaling.handlers.calls import hub as hub_module
from hubbub_signaling.handlers.calls.hub import CallHub
from support.calls_fakes import CALL_ID, FakeCallsBackend, call_record, with_part

OTHER_ID = f"{CALL_ID}-2"


class FakeDevice:
    """A device that records its events."""

    def __init__(self, user_id: str, device_id: str = "phone") -> None:
        self.user_id = user_id
        self.tenant: str | None = None
        self.device_id = device_id
        self.status: PresenceStatus = "online"
        self.pushes: list[Push] = []

    def push(self, push: Push) -> None:
        self.pushes.append(push)

    @property
    def events(self) -> list[str]:
        """The names of the events."""
        return [push.event for push in self.pushes]


async def hub_over(backend: FakeCallsBackend) -> CallHub:
    hub = CallHub(backend, clock=lambda: 0)
    await hub.start()
    return hub


async def connected(hub: CallHub, *devices: FakeDevice) -> None:
    for device in devices:
        hub.attach(device)
    await settled()


async def settled() -> None:
    """Returns when all tasks wait."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_connecting_device_gets_the_rings_of_its_user() -> None:
    backend = FakeCallsBackend()
    backend.store(call_record(bob="ringing"))
    hub = await hub_over(backend)
    bob, ann = FakeDevice("bob"), FakeDevice("ann")
    await connected(hub, bob, ann)
    assert (bob.events, ann.events) == (["incomingCall"], [])
    tablet = FakeDevice("bob", "tablet")
    await connected(hub, tablet)
    assert (bob.events, tablet.events) == (["incomingCall"], ["incomingCall"])
    await hub.stop()


async def test_ring_that_ends_during_the_replay_does_not_ring() -> None:
    backend = FakeCallsBackend()
    backend.store(call_record(bob="ringing"))
    backend.before_live_reply = lambda: backend.store(call_record(state="ended", bob="cancelled"))
    hub, bob = await hub_over(backend), FakeDevice("bob")
    await connected(hub, bob)
    assert bob.events == []
    await hub.stop()


async def test_ring_that_starts_during_the_replay_rings_once() -> None:
    backend = FakeCallsBackend()
    backend.before_live_reply = lambda: backend.store(call_record(bob="ringing"))
    hub, bob = await hub_over(backend), FakeDevice("bob")
    await connected(hub, bob)
    assert bob.events == ["incomingCall"]
    await hub.stop()


async def test_replay_waits_until_the_calls_service_answers(monkeypatch: Any) -> None:
    monkeypatch.setattr(hub_module, "RETRY_INTERVAL", 0.0)
    backend = FakeCallsBackend()
    backend.failures = 3
    hub, bob = await hub_over(backend), FakeDevice("bob")
    hub.attach(bob)
    backend.store(call_record(bob="ringing"))
    await settled()
    assert bob.events == ["incomingCall"]
    await hub.stop()


async def test_change_is_told_once_and_old_changes_never() -> None:
    backend = FakeCallsBackend()
    hub, bob, ann = await hub_over(backend), FakeDevice("bob"), FakeDevice("ann")
    await connected(hub, bob, ann)
    backend.store(call_record(bob="ringing"))
    backend.store(with_part(call_record(state="active", bob="accepted"), "bob", answered_by="phone"))
    backend._revision -= 2
    backend.store(call_record(bob="ringing"))
    assert (bob.events, ann.events) == (["incomingCall"], ["callAccepted"])
    await hub.stop()


async def test_after_a_gap_the_difference_is_told() -> None:
    backend = FakeCallsBackend()
    hub, bob, ann = await hub_over(backend), FakeDevice("bob"), FakeDevice("ann")
    await connected(hub, bob, ann)
    backend.store(call_record(bob="ringing"))
    backend.store(call_record(state="ended", ann="left", bob="missed"), lost=True)
    backend.archive(CALL_ID, lost=True)
    backend.on_gap()
    await settled()
    assert (bob.events, ann.events) == (["incomingCall", "callMissed"], ["callMissed", "callEnded"])
    backend.on_gap()
    await settled()
    assert len(bob.events) == 2
    await hub.stop()


async def test_answer_that_was_lost_is_told_after_the_gap() -> None:
    backend = FakeCallsBackend()
    hub, bob, ann = await hub_over(backend), FakeDevice("bob"), FakeDevice("ann")
    await connected(hub, bob, ann)
    backend.store(call_record(bob="ringing"))
    backend.store(with_part(call_record(state="active", bob="accepted"), "bob", answered_by="tablet"), lost=True)
    backend.on_gap()
    await settled()
    assert (bob.events, ann.events) == (["incomingCall", "callAccepted"], ["callAccepted"])
    await hub.stop()


async def test_next_call_of_a_conversation_ends_the_one_whose_end_was_missed() -> None:
    backend = FakeCallsBackend()
    hub, bob = await hub_over(backend), FakeDevice("bob")
    await connected(hub, bob)
    backend.store(call_record(bob="ringing"))
    backend.store(call_record(OTHER_ID, bob="ringing"))
    assert bob.events == ["incomingCall", "callCancelled", "incomingCall"]
    await hub.stop()


async def test_call_that_the_store_has_lost_ends() -> None:
    backend = FakeCallsBackend()
    hub, bob, ann = await hub_over(backend), FakeDevice("bob"), FakeDevice("ann")
    await connected(hub, bob, ann)
    backend.store(call_record(bob="ringing"))
    backend.live.clear()
    backend.on_gap()
    await settled()
    assert (bob.events, ann.events) == (["incomingCall", "callCancelled"], ["callEnded"])
    await hub.stop()


async def test_device_that_is_not_to_be_disturbed_or_has_left_is_not_rung() -> None:
    backend = FakeCallsBackend()
    hub, phone, tablet, gone = await hub_over(backend), *(FakeDevice("bob", each) for each in ("a", "b", "c"))
    await connected(hub, phone, tablet, gone)
    phone.status = "doNotDisturb"
    hub.detach(gone)
    backend.store(call_record(bob="ringing"))
    assert (phone.events, tablet.events, gone.events) == ([], ["incomingCall"], [])
    await hub.stop()


async def test_message_is_delivered_to_users_and_to_other_devices_of_the_sender() -> None:
    hub = await hub_over(FakeCallsBackend())
    phone, tablet, bob, carol = (
        FakeDevice(*each) for each in (("ann", "a"), ("ann", "b"), ("bob", "a"), ("carol", "a"))
    )
    await connected(hub, phone, tablet, bob, carol)
    message = DeliverMessage(sender_id="ann", device_id="a", user_ids=["bob", "ann", "dave"], data={"text": "hello"})
    assert (await hub.deliver(message)).devices == 2
    assert (phone.events, tablet.events, bob.events, carol.events) == ([], ["message"], ["message"], [])
    await hub.stop()


async def test_presence_is_that_of_all_devices_on_all_instances() -> None:
    hub = await hub_over(FakeCallsBackend())
    phone, tablet = FakeDevice("bob", "a"), FakeDevice("bob", "b")
    await connected(hub, phone, tablet)
    tablet.status = "away"
    here = await hub.find_devices(FindDevices(user_ids=["bob", "ann", "bob"]))
    assert [(user.user_id, sorted(user.statuses)) for user in here.users] == [("bob", ["away", "online"])]
    there = ConnectedDevices(users=[DeviceStatuses(user_id="bob", statuses=["doNotDisturb"])])
    away = ConnectedDevices(users=[DeviceStatuses(user_id="carol", statuses=["away", "away"])])
    combined = combine(["bob", "ann", "carol"], [here, there, away])
    assert [(user.status, user.devices) for user in combined] == [("doNotDisturb", 3), ("offline", 0), ("away", 2)]
    assert [user.status for user in combine(["bob"], [here])] == ["online"]
    for device in (phone, tablet):
        hub.detach(device)
    assert (await hub.find_devices(FindDevices(user_ids=["bob"]))).users == []
    await hub.stop()

"""Ringing over the socket and HTTP, with two signaling and two calls instances."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from support.caller import Caller
from support.client_socket import ClientSocket, Refused
from support.installation import Installation
from support.people import People

RING_TIMEOUT = 12.0
"""Seconds; longer than a busy machine takes for the requests of a test about a ring."""
RING_ENDS_WITHIN = 40.0
API_KEY = "key-of-the-tests-0123456789"


@pytest.fixture(scope="module")
def ringing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with a short ring."""
    environment = {"RING_TIMEOUT": str(RING_TIMEOUT), "ENTRY_TIMEOUT": "30", "API_KEY": API_KEY}
    directory = tmp_path_factory.mktemp("calls")
    with Installation(directory, signalings=2, calls=2, environment=environment, reconnect_grace=1) as running:
        yield running


@pytest.fixture
async def people(ringing: Installation) -> AsyncIterator[People]:
    """Three users."""
    async with AsyncExitStack() as stack, aiohttp.ClientSession() as http:
        yield People(ringing, stack, http)


async def test_call_from_ring_to_history(people: People) -> None:
    ann, bob = people.ann, people.bob
    anns = await people.device(ann)
    phone, tablet = await people.device(bob), await people.device(bob, signaling=1)
    call = await people.call(ann, bob, displayName="Ann", appData={"topic": "tea"})
    call_id = call["callId"]
    for device in (phone, tablet):
        incoming = (await device.event("incomingCall"))["call"]
        assert (incoming["callId"], incoming["callerName"], incoming["appData"]) == (call_id, "Ann", {"topic": "tea"})
    joined = await phone.call("accept", callId=call_id)
    assert (joined["callId"], joined["userId"], joined["call"]["state"]) == (call_id, bob, "active")
    assert joined["rtpCapabilities"]["codecs"]
    assert await tablet.event("callAccepted") == {"callId": call_id, "userId": bob, "elsewhere": True}
    assert await anns.event("callAccepted") == {"callId": call_id, "userId": bob, "elsewhere": False}

    await people.peer(ann, call_id)
    bobs_peer = await people.peer(bob, call_id)
    for user in (ann, bob):
        await tablet.event("participantJoined", callId=call_id, userId=user)
    seen = await people.ask("GET", f"/calls/{call_id}/participants", ann)
    assert [each["userId"] for each in seen["participants"]] == [ann, bob]

    await people.ask("POST", f"/calls/{call_id}/leave", bob)
    await anns.event("participantLeft", userId=bob)
    await anns.event("callEnded", callId=call_id, reason="left")
    await bobs_peer.event("roomClosed")
    ended = (await people.ask("GET", "/calls", ann))["calls"]
    assert [(each["callId"], each["state"], each["endReason"]) for each in ended] == [(call_id, "ended", "left")]
    assert (await people.ask("GET", f"/calls/{call_id}", bob))["callId"] == call_id
    for device in (phone, tablet):
        assert len(device.events("incomingCall")) == 1
        assert device.events("callMissed") == device.events("callCancelled") == []
    assert phone.events("callAccepted") == []


async def test_ring_that_nobody_answers_is_missed_once(people: People) -> None:
    ann, bob = people.ann, people.bob
    anns = await people.device(ann)
    devices = [await people.device(bob, signaling=each) for each in (0, 1)]
    call_id = (await people.call(ann, bob))["callId"]
    for device in devices:
        await device.event(
            "callMissed", within=RING_ENDS_WITHIN, callId=call_id, userId=bob, callerId=ann, reason="timeout"
        )
    await anns.event("callEnded", callId=call_id, reason="missed")
    missed = await people.ask("GET", "/calls?missed=true", bob)
    assert [each["callId"] for each in missed["calls"]] == [call_id]
    for device in devices:
        assert [one.name for one in device.log] == ["incomingCall", "callMissed"]
    assert [one.name for one in anns.log] == ["callMissed", "callEnded"]


async def test_callee_who_connects_while_it_rings_is_rung_and_later_not(people: People) -> None:
    ann, bob = people.ann, people.bob
    call_id = (await people.call(ann, bob))["callId"]
    late = await people.device(bob, signaling=1)
    ring = await late.event("incomingCall")
    assert ring["call"]["callId"] == call_id
    assert 0 < ring["ringFor"] <= RING_TIMEOUT * 1000
    await late.event("callMissed", within=RING_ENDS_WITHIN)
    too_late = await people.device(bob)
    next_call = (await people.call(people.carol, bob))["callId"]
    await too_late.event("incomingCall")
    assert [one.payload["call"]["callId"] for one in too_late.log] == [next_call]


async def test_decline_ends_the_ring_everywhere_and_ignore_on_one_device(people: People) -> None:
    ann, bob = people.ann, people.bob
    anns, phone = await people.device(ann), await people.device(bob, device="phone")
    tablet = await people.device(bob, signaling=1, device="tablet")
    call_id = (await people.call(ann, bob))["callId"]
    await phone.event("incomingCall")
    assert await phone.call("ignore", callId=call_id) == {}
    again = await people.device(bob, device="phone")
    other = await people.device(bob)
    await other.event("incomingCall")
    assert await tablet.call("decline", callId=call_id) == {}
    for device in (phone, again, other):
        await device.event("callDeclined", userId=bob, elsewhere=True)
    await anns.event("callDeclined", userId=bob, reason="declined", elsewhere=False)
    await anns.event("callEnded", reason="declined")
    assert again.events("incomingCall") == []
    assert tablet.events("callDeclined") == []


async def test_cancel_takes_the_call_back(people: People) -> None:
    ann, bob = people.ann, people.bob
    anns, bobs = await people.device(ann), await people.device(bob)
    call_id = (await people.call(ann, bob))["callId"]
    await bobs.event("incomingCall")
    assert await anns.call("cancel", callId=call_id) == {}
    await bobs.event("callCancelled", callId=call_id)
    with pytest.raises(Refused) as late:
        await bobs.call("accept", callId=call_id)
    assert late.value.code == "invalid_state"
    assert bobs.events("callMissed") == bobs.events("callEnded") == []


async def test_two_who_call_each_other_are_in_one_call(people: People) -> None:
    ann, bob = people.ann, people.bob
    await people.device(ann)
    first, second = await asyncio.gather(people.call(ann, bob), people.call(bob, ann))
    assert first["callId"] == second["callId"]
    assert (await people.ask("GET", f"/calls/{first['callId']}", ann))["state"] == "active"


async def test_busy_and_do_not_disturb(people: People) -> None:
    ann, bob, carol = people.ann, people.bob, people.carol
    phone, tablet = await people.device(bob), await people.device(bob, signaling=1)
    # An instance that is slow to answer is not counted, here and below.
    async with asyncio.timeout(30):
        while (presence := await tablet.call("setPresence", status="doNotDisturb"))["devices"] < 2:
            pass
        assert presence == {"userId": bob, "status": "doNotDisturb", "devices": 2}
        while (call := await people.call(ann, bob))["state"] != "ended":
            await people.ask("POST", f"/calls/{call['callId']}/leave", ann)
        assert call["endReason"] == "busy"
        await phone.event("callMissed", callId=call["callId"], reason="busy")
        await tablet.call("setPresence", status="away")
        users: list[dict[str, Any]] = [{"devices": 0}]
        while users[0]["devices"] < 2:
            presences = f"/presence?userId={bob}&userId={carol}"
            users = (await people.ask("GET", presences, ann, signaling=1))["users"]
        assert users == [
            {"userId": bob, "status": "online", "devices": 2},
            {"userId": carol, "status": "offline", "devices": 0},
        ]
    await phone.close()
    await tablet.close()
    async with asyncio.timeout(30):
        while (await people.ask("GET", f"/presence?userId={bob}", ann))["users"][0]["status"] != "offline":
            await asyncio.sleep(0.05)
    answered = await people.call(ann, bob)
    await people.ask("POST", f"/calls/{answered['callId']}/join", bob)
    assert (await people.call(carol, bob))["endReason"] == "busy"


async def test_group_sees_its_call_and_who_is_in_it(people: People) -> None:
    ann, bob, carol = people.ann, people.bob, people.carol
    group = secrets.token_hex(8)
    bobs = await people.device(bob)
    call_id = (await people.call(ann, bob, groupId=group))["callId"]
    await bobs.event("incomingCall")
    anns_peer = await people.peer(ann, call_id)
    await bobs.event("participantJoined", userId=ann)
    await bobs.event("callMissed", within=RING_ENDS_WITHIN, userId=bob)
    [shown] = (await people.ask("GET", f"/calls?groupId={group}", carol))["calls"]
    assert {each["userId"]: each["state"] for each in shown["participants"]} == {ann: "joined", bob: "missed"}
    joined = await people.ask("POST", f"/calls/{call_id}/join", carol)
    carols_peer = await people.peer(carol, joined["callId"])
    await bobs.event("participantJoined", userId=carol)
    await anns_peer.call("leaveRoom")
    await bobs.event("participantLeft", userId=ann)
    await people.ask("POST", f"/calls/{call_id}/end", carol, status=403)
    await carols_peer.cut()
    await bobs.event("callEnded", callId=call_id, reason="left")
    assert (await people.ask("GET", f"/calls?groupId={group}", carol))["calls"][0]["state"] == "ended"


async def test_message_reaches_devices_on_all_instances_in_order(people: People) -> None:
    ann, bob, carol = people.ann, people.bob, people.carol
    anns, anns_tablet = await people.device(ann), await people.device(ann, signaling=1)
    bobs = [await people.device(bob, signaling=each) for each in (0, 1)]
    carols = await people.device(carol)
    users = [bob, f"{ann}-offline"]
    sent = [anns.call("sendMessage", userIds=users, groupId="g", data={"number": each}) for each in range(5)]
    await asyncio.gather(*sent)
    for device in (anns_tablet, *bobs):
        await device.event("message", data={"number": 4})
        expected = [{"userId": ann, "userIds": users, "groupId": "g", "data": {"number": each}} for each in range(5)]
        assert device.events("message") == expected
    assert carols.events("message") == anns.events("message") == []


async def test_sender_learns_how_many_devices_got_its_message(people: People) -> None:
    ann, bob, _carol = people.ann, people.bob, people.carol
    anns, anns_tablet = await people.device(ann), await people.device(ann, signaling=1)
    bobs = [await people.device(bob, signaling=each) for each in (0, 1)]
    for users, devices in (([bob], 3), ([f"{bob}-offline"], 1)):
        # An instance that is slow to answer is not counted.
        async with asyncio.timeout(30):
            while (await anns.call("sendMessage", userIds=users, data={}))["devices"] != devices:
                pass
    for device in (anns_tablet, *bobs):
        await device.event("message", data={})


async def test_ending_a_call_empties_its_room(people: People) -> None:
    ann, bob = people.ann, people.bob
    call_id = (await people.call(ann, bob))["callId"]
    await people.ask("POST", f"/calls/{call_id}/join", bob)
    peers = [await people.peer(user, call_id) for user in (ann, bob)]
    ended = await people.ask("POST", f"/calls/{call_id}/end", None, headers={"Authorization": f"Bearer {API_KEY}"})
    assert ended["endReason"] == "ended"
    for peer in peers:
        await peer.event("roomClosed")


async def test_one_connection_carries_both_namespaces(people: People, call_id: str) -> None:
    async with Caller(people.installation.url) as bob:
        await bob.join(call_id)
        await bob.send("40/calls," + json.dumps({"userId": people.bob}))
        call = await people.call(people.ann, people.bob)
        while not any(call["callId"] in frame for frame in bob.other):
            await bob.wait_for_more()
        await bob.send("42/calls,7" + json.dumps(["decline", {"callId": call["callId"]}]))
        while "43/calls,7[{}]" not in bob.other:
            await bob.wait_for_more()
        await bob.send("41/calls,")
        assert await bob.call("getProducers") == {"producers": []}
        assert (await people.ask("GET", f"/calls/{call['callId']}", people.ann))["endReason"] == "declined"


@pytest.mark.parametrize(
    ("event", "payload", "expected"),
    [
        ("accept", {}, "invalid_argument"),
        ("accept", {"callId": 7}, "invalid_argument"),
        ("accept", {"callId": "x" * 65}, "invalid_argument"),
        ("accept", {"callId": "standup"}, "not_found"),
        ("decline", {"callId": "standup"}, "not_found"),
        ("ignore", {"callId": "standup"}, "not_found"),
        ("cancel", {"callId": "standup"}, "not_found"),
        ("setPresence", {"status": "offline"}, "invalid_argument"),
        ("setPresence", None, "invalid_argument"),
        ("sendMessage", {"userIds": [], "data": {}}, "invalid_argument"),
        ("sendMessage", {"userIds": ["bob"] * 101, "data": {}}, "invalid_argument"),
        ("sendMessage", {"userIds": ["bob"], "data": {"text": "x" * 8192}}, "invalid_argument"),
        ("sendMessage", {"userIds": ["bob"]}, "invalid_argument"),
        ("createRoom", {"callId": "x"}, "unknown_event"),
        ("disconnect", {}, "unknown_event"),
    ],
)
async def test_wrong_request_gets_its_error(people: People, event: str, payload: Any, expected: str) -> None:
    device = await people.device(people.ann)
    assert (await device.request(event, payload))["error"]["code"] == expected
    assert (await device.call("setPresence", status="online"))["status"] == "online"


@pytest.mark.parametrize(
    "auth",
    [None, {}, {"userId": ""}, {"userId": 7}, {"userId": "x" * 129}, {"userId": "a", "deviceId": "!"}, ["a"]],
)
async def test_connection_without_a_user_is_refused(people: People, auth: Any) -> None:
    with pytest.raises(Refused):
        await ClientSocket(people.installation.url, namespace="/calls", auth=auth).open()


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "expected"),
    [
        ("POST", "/calls", b"{}", 400, "invalid_argument"),
        ("POST", "/calls", b"", 400, "invalid_argument"),
        ("POST", "/calls", b"[" * 60_000, 400, "invalid_argument"),
        ("POST", "/calls", b'{"participants":["\\ud800"]}', 400, "invalid_argument"),
        ("POST", "/calls", b'{"participants":"bob"}', 400, "invalid_argument"),
        ("POST", "/calls", json.dumps({"participants": ["b"] * 101}).encode(), 400, "invalid_argument"),
        ("POST", "/calls", b" " * 70_000, 413, "too_large"),
        ("GET", "/calls?limit=0", None, 400, "invalid_argument"),
        ("GET", "/calls?state=other", None, 400, "invalid_argument"),
        ("GET", "/calls/x!y", None, 400, "invalid_argument"),
        ("GET", "/calls/standup", None, 404, "not_found"),
        ("GET", "/calls/standup/participants", None, 404, "not_found"),
        ("POST", "/calls/standup/join", None, 404, "not_found"),
        ("POST", "/calls/standup/leave", None, 404, "not_found"),
        ("POST", "/calls/standup/end", None, 404, "not_found"),
        ("GET", "/presence", None, 400, "invalid_argument"),
    ],
)
async def test_wrong_http_request_gets_its_error(
    people: People, method: str, path: str, body: bytes | None, status: int, expected: str
) -> None:
    answer = await people.ask(method, path, people.ann, status=status, data=body)
    assert answer["error"]["code"] == expected


async def test_strangers_see_nothing(people: People) -> None:
    ann, bob, eve = people.ann, people.bob, people.carol
    call_id = (await people.call(ann, bob))["callId"]
    for method, path in (
        ("GET", ""),
        ("GET", "/participants"),
        ("POST", "/join"),
        ("POST", "/leave"),
        ("POST", "/end"),
    ):
        await people.ask(method, f"/calls/{call_id}{path}", eve, status=404)
    assert (await people.ask("GET", "/calls", eve))["calls"] == []
    await people.ask("GET", "/calls", None, status=403)
    await people.ask("GET", "/calls", ann, status=403, headers={"X-Forwarded-For": "192.0.2.1"})
    await people.ask("GET", f"/calls/{call_id}", None, status=403, headers={"Authorization": "Bearer guess"})
    shown = await people.ask("GET", f"/calls/{call_id}", None, headers={"Authorization": f"Bearer {API_KEY}"})
    assert shown["callId"] == call_id


async def test_proxy_names_the_user_when_its_header_is_trusted(tmp_path: Path) -> None:
    with Installation(tmp_path, calls=1, environment={"TRUST_USER_HEADER": "1"}) as installation:
        forwarded = {"X-Forwarded-For": "192.0.2.1"}
        with pytest.raises(Refused):
            await ClientSocket(installation.url, namespace="/calls", auth={"userId": "ann"}, headers=forwarded).open()
        headers = {**forwarded, "X-User-Id": "ann"}
        async with ClientSocket(installation.url, namespace="/calls", auth={"userId": "eve"}, headers=headers) as ann:
            assert (await ann.call("setPresence", status="away"))["userId"] == "ann"

"""Invalid frames keep or close the connection, without effect on other clients."""

from __future__ import annotations

import asyncio
import contextlib
import json

import pytest

from support.caller import Caller
from support.client_socket import ClientSocket
from support.installation import Installation

CONNECTION_LIMIT = 10.0
"""Seconds after which the server closes a connection without a session or without pongs."""


async def check_join_works(installation: Installation, call_id: str) -> None:
    async with Caller(installation.url) as observer:
        await observer.join(call_id)


async def test_too_large_message_is_rejected_and_the_connection_stays(installation: Installation, call_id: str) -> None:
    async with Caller(installation.url) as alice:
        await alice.join(call_id)
        answer = await alice.request("createTransport", {"direction": "send", "appData": "x" * (2 << 20)})
        assert answer["error"]["code"] == "too_large"
        assert await alice.request("getProducers") == {"producers": []}


async def test_far_too_large_frame_closes_the_connection(installation: Installation, call_id: str) -> None:
    async with ClientSocket(installation.url) as mallory:
        with contextlib.suppress(ConnectionError):
            await mallory.send("420" + json.dumps(["createRoom", {"callId": "x" * (5 << 20)}]))
        await mallory.wait_closed()
    await check_join_works(installation, call_id)


async def test_deeply_nested_json_is_an_invalid_argument(installation: Installation, call_id: str) -> None:
    async with ClientSocket(installation.url) as mallory:
        for depth in (500, 100_000):
            await mallory.send('427["createRoom",' + "[" * depth + "]" * depth + "]")
            await mallory.send('428["createRoom",{"callId":' + '{"a":' * depth + "1" + "}" * depth + "}]")
        await mallory.send('429["createRoom"')
        await mallory.send('4210["createRoom",{"callId":NaN}]')
        assert (await mallory.request("createRoom", {"callId": call_id}))["callId"] == call_id
        codes = {one.name: one.payload.get("error", {}).get("code") for one in mallory.log}
        assert codes.pop("ack 0") is None
        assert set(codes.values()) <= {"invalid_argument", "too_large"}


@pytest.mark.parametrize(
    "frame",
    [
        '451-["createRoom",{"_placeholder":true,"num":0}]',
        '461-0[{"_placeholder":true,"num":0}]',
        '42/calls,0["createRoom",{"callId":"x"}]',
        "42",
        "4299999999999999999999[]",
        '430[{"callId":"x"}]',
        "44{}",
        "49",
        "4",
        "9",
        "probe",
        "",
        "0{}",
        "7",
        '4["createRoom"]',
        "4" + "[" * 100_000,
        "4" + '{"a":' * 50_000,
        "40",
        "40{}",
        "40/,",
        "40/?a=b,",
        "40" + "[" * 100_000,
    ],
    ids=lambda frame: frame[:24],
)
async def test_invalid_frame_closes_the_connection(installation: Installation, call_id: str, frame: str) -> None:
    async with Caller(installation.url) as alice, Caller(installation.url) as mallory:
        await alice.join(call_id)
        await mallory.join(call_id)
        await mallory.send(frame)
        await mallory.wait_closed()
        await alice.event("peerLeft", peerId=mallory.peer_id, reason="disconnected")
        assert await alice.request("getProducers") == {"producers": []}


async def test_other_namespaces_are_rejected_and_the_session_stays(installation: Installation, call_id: str) -> None:
    async with Caller(installation.url) as alice, Caller(installation.url) as mallory:
        await alice.join(call_id)
        await mallory.join(call_id)
        for frame in ("40/calls,", "41/calls,", "40/" + "x" * 10_000 + ","):
            await mallory.send(frame)
        await mallory.publish("audio")
        await alice.event("newProducer", peerId=mallory.peer_id)
        assert alice.events("peerLeft") == []


@pytest.mark.parametrize(
    "frame",
    [
        '40/calls,{"userId":"mallory"}',
        "42/calls,",
        '45/calls,1-["accept",{"_placeholder":true,"num":0}]',
        '42/other,0["accept",{}]',
        '420["createRoom",{"callId":"x"}]',
    ],
)
async def test_invalid_frame_of_calls_closes_the_connection(installation: Installation, frame: str) -> None:
    async with ClientSocket(installation.url, namespace="/calls", auth={"userId": "mallory"}) as mallory:
        await mallory.send(frame)
        await mallory.wait_closed()


async def test_flood_in_calls_closes_the_connection(installation: Installation) -> None:
    async with ClientSocket(installation.url, namespace="/calls", auth={"userId": "mallory"}) as mallory:
        with contextlib.suppress(ConnectionError):
            while not mallory.is_closed:
                await mallory.emit("setPresence", {})
                await asyncio.sleep(0)
        await mallory.wait_closed()


async def test_namespace_that_is_opened_again_and_again_closes_the_connection(installation: Installation) -> None:
    async with ClientSocket(installation.url, namespace="/calls", auth={"userId": "mallory"}) as mallory:
        times = 0
        with contextlib.suppress(ConnectionError):
            while True:
                before = mallory.sid
                await mallory.send("41/calls,")
                await mallory.send('40/calls,{"userId":"mallory"}')
                while mallory.sid == before:
                    await mallory.wait_for_more()
                times += 1
        await mallory.wait_closed()
        assert times > 100


async def test_too_large_message_in_calls_is_rejected_and_the_connection_stays(installation: Installation) -> None:
    async with ClientSocket(installation.url, namespace="/calls", auth={"userId": "mallory"}) as mallory:
        answer = await mallory.request("accept", {"callId": "x" * (2 << 20)})
        assert answer["error"]["code"] == "too_large"
        assert (await mallory.request("accept", {"callId": "x"}))["error"]["code"] == "unavailable"


@pytest.mark.parametrize("frames", [["40"], ["40", "40"], ["41", "40"], ["41"]], ids="-".join)
async def test_session_opened_or_closed_twice_leaves_no_peer(
    installation: Installation, call_id: str, frames: list[str]
) -> None:
    async with Caller(installation.url) as alice, Caller(installation.url) as mallory:
        await alice.join(call_id)
        await mallory.join(call_id)
        for frame in frames:
            await mallory.send(frame)
        await mallory.cut()
        await alice.event("peerLeft", peerId=mallory.peer_id, reason="disconnected")


async def test_binary_frame_closes_the_connection(installation: Installation, call_id: str) -> None:
    async with Caller(installation.url) as alice, Caller(installation.url) as mallory:
        await alice.join(call_id)
        await mallory.join(call_id)
        await mallory.send_bytes(b"\x00\xff")
        await mallory.wait_closed()
        await alice.event("peerLeft", peerId=mallory.peer_id, reason="disconnected")


async def test_connect_and_disconnect_events_from_a_client_are_unknown(
    installation: Installation, call_id: str
) -> None:
    async with Caller(installation.url) as alice, Caller(installation.url) as mallory:
        await alice.join(call_id)
        await mallory.join(call_id)
        for event in ("connect", "disconnect"):
            answer = await mallory.request(event, alice.sid, "transport close")
            assert answer["error"]["code"] == "unknown_event"
        assert len((await mallory.request("getProducers"))["producers"]) == 0
        assert alice.events("peerLeft") == []


async def test_flooding_client_is_disconnected_while_others_are_served(
    installation: Installation, call_id: str
) -> None:
    async with Caller(installation.url) as alice, Caller(installation.url) as mallory:
        await alice.join(call_id)
        await mallory.join(call_id)

        async def flood() -> None:
            with contextlib.suppress(ConnectionError):
                while not mallory.is_closed:
                    await mallory.send('42["getProducers"]')
                    await asyncio.sleep(0)

        flooding = asyncio.create_task(flood())
        while not mallory.is_closed:
            await alice.call("getProducers")
            await asyncio.sleep(0.05)  # below the rate limit
        await flooding
        await alice.event("peerLeft", peerId=mallory.peer_id)
        assert await alice.request("getProducers") == {"producers": []}


async def test_idle_and_silent_connections_are_closed_within_ten_seconds(
    installation: Installation, call_id: str
) -> None:
    async with Caller(installation.url) as alice, Caller(installation.url) as bob:
        await alice.join(call_id)
        await bob.join(call_id)
        bob.stop_answering_pings()
        idle = [ClientSocket(installation.url) for _ in range(100)]
        try:
            await asyncio.gather(*(socket.open(connect=False) for socket in idle))
            limit = CONNECTION_LIMIT + 10  # of which a busy machine may take some
            await asyncio.gather(
                *(socket.wait_closed(limit) for socket in idle),
                alice.event("peerLeft", within=limit, peerId=bob.peer_id, reason="disconnected"),
            )
        finally:
            await asyncio.gather(*(socket.close() for socket in idle))
        assert await alice.request("getProducers") == {"producers": []}

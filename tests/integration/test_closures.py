"""docs/closures.md row by row: what closes what, and which events are sent, once.

These are the rows that a request causes. Other tests cover timeouts (6, 7, 10, 15, 18: `test_closures_by_timeout.py`),
the end of a signaling instance (16, 23, 24: `test_resume.py`), an unreachable registry (21: `test_media_continues.py`),
access tokens (28, 29: `test_access_tokens.py`), pipes and links (32, 33, 35, 36: `test_spread_room.py`; 37:
`services/media-node/tests/test_remote_producers.py`; 38: `tests/chaos/test_room_on_two_nodes.py`),
a node that drains (9, 13, 19, 24, 39 to 42: `test_make_before_break.py`),
and a frozen or stopped node (9: `tests/chaos/test_frozen_node.py`; 13, 19: `tests/chaos/test_kill_node.py`). Row 12
needs a panic in the core, which the core's own tests cause.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator

import pytest

from support.caller import Caller, rtp_parameters
from support.eventually import wait_for_counts, wait_for_workers
from support.installation import Installation
from support.pair import Pair, connected_pair
from support.rtp_transport import RtpTransport

CLOSURES = ("transportClosed", "producerClosed", "consumerClosed", "peerLeft", "peerMoved", "roomClosed")


@pytest.fixture(params=["one worker", "two workers", "two nodes"])
def installation(request: pytest.FixtureRequest, installation: Installation) -> Installation:
    """All rows hold with both peers on one worker, with a worker for each, and with a node for each."""
    if request.param == "one worker":
        return installation
    name = "spread_installation" if request.param == "two workers" else "two_node_installation"
    return request.getfixturevalue(name)  # type: ignore[no-any-return]


@pytest.fixture
async def pair(installation: Installation, call_id: str) -> AsyncIterator[Pair]:
    async with connected_pair(installation.url, call_id) as pair:
        await wait_for_counts(installation, rooms=1, peers=2, producers=2, transports=2, consumers=2)
        yield pair


Closure = tuple[str, str, str | None]


def closures_of(caller: Caller) -> list[Closure]:
    """The closure events that the caller received: event, object and reason."""
    return [
        (
            one.name,
            one.payload.get("transportId") or one.payload.get("consumerId") or one.payload.get("producerId", ""),
            one.payload.get("reason"),
        )
        for one in caller.log
        if one.name in CLOSURES
    ]


async def expect_closures(listener: Caller, expected: list[Closure], by: Caller) -> None:
    """Waits for exactly these closures, in any order. An event that `by` then causes shows that none is missing."""
    async with asyncio.timeout(20):
        while len(closures_of(listener)) < len(expected):
            await listener.wait_for_more()
    await listener.event("newProducer", producerId=await by.publish("audio"))
    assert sorted(closures_of(listener), key=str) == sorted(expected, key=str)


async def test_row_1_client_closes_consumer(installation: Installation, pair: Pair) -> None:
    closed, other = pair.consumers["audio"], pair.consumers["video"]
    await pair.bob.call("closeConsumer", consumerId=closed.id)
    await wait_for_counts(installation, rooms=1, peers=2, producers=2, transports=2, consumers=1)
    await other.wait_packets(10)  # behind what was sent before and may not have been read yet
    received = closed.transport.streams[closed.ssrc].packets
    await other.wait_packets(10)
    assert closed.transport.streams[closed.ssrc].packets == received
    await expect_closures(pair.bob, [], by=pair.alice)
    assert closures_of(pair.alice) == []


async def test_row_2_client_closes_producer_with_consumers_on_two_transports(
    installation: Installation, pair: Pair
) -> None:
    await pair.bob.transport("recv")
    second = await pair.bob.consume(pair.producers["video"])
    await second.wait_packets(5)

    await pair.alice.stop_sending(pair.producers["video"])
    await pair.alice.call("closeProducer", producerId=pair.producers["video"])
    await wait_for_counts(installation, rooms=1, peers=2, producers=1, transports=3, consumers=1)
    expected: list[Closure] = [
        ("consumerClosed", pair.consumers["video"].id, "producer_closed"),
        ("consumerClosed", second.id, "producer_closed"),
        ("producerClosed", pair.producers["video"], None),
    ]
    await expect_closures(pair.bob, expected, by=pair.alice)
    assert closures_of(pair.alice) == []


async def test_row_3_client_closes_send_transport(installation: Installation, pair: Pair) -> None:
    (transport_id,) = pair.alice.transports
    await pair.alice.call("closeTransport", transportId=transport_id)
    await wait_for_counts(installation, rooms=1, peers=2, transports=1)
    await pair.alice.end_media()
    expected: list[Closure] = [
        *(("consumerClosed", consumer.id, "producer_closed") for consumer in pair.consumers.values()),
        *(("producerClosed", producer_id, None) for producer_id in pair.producers.values()),
    ]
    await expect_closures(pair.bob, expected, by=pair.alice)
    assert closures_of(pair.alice) == []


async def test_row_4_client_closes_receive_transport(installation: Installation, pair: Pair) -> None:
    (transport_id,) = pair.bob.transports
    await pair.bob.call("closeTransport", transportId=transport_id)
    await wait_for_counts(installation, rooms=1, peers=2, producers=2, transports=1)
    await expect_closures(pair.bob, [], by=pair.alice)
    assert closures_of(pair.alice) == []


@pytest.mark.parametrize("role", ["client", "server"])
async def test_rows_5_and_22_certificate_differs_from_the_announced_fingerprint(
    installation: Installation, call_id: str, role: str
) -> None:
    async with Caller(installation.url) as alice, Caller(installation.url) as bob:
        await alice.join(call_id)
        await bob.join(call_id)
        offer = await alice.call("createTransport", direction="send")
        produced = await alice.call(
            "produce", transportId=offer["id"], kind="video", rtpParameters=rtp_parameters("video", 1234567)
        )
        await bob.event("newProducer")
        consumer = await bob.consume(produced["id"])

        impostor = RtpTransport(offer, role)
        wrong = {"algorithm": "sha-256", "value": ":".join(f"{byte:02X}" for byte in secrets.token_bytes(32))}
        await alice.call(
            "connectTransport", transportId=impostor.id, dtlsParameters={"role": role, "fingerprints": [wrong]}
        )
        with contextlib.suppress(ConnectionError, TimeoutError):
            await impostor.open(2)
        await alice.event("transportClosed")
        await wait_for_counts(installation, rooms=1, peers=2, transports=1)
        await impostor.close()
        expected: list[Closure] = [
            ("consumerClosed", consumer.id, "producer_closed"),
            ("producerClosed", produced["id"], None),
        ]
        await expect_closures(bob, expected, by=alice)
        assert closures_of(alice) == [
            ("producerClosed", produced["id"], "transport_closed"),
            ("transportClosed", impostor.id, "dtls_failed"),
        ]


async def test_rows_8_11_and_14_client_leaves(installation: Installation, pair: Pair) -> None:
    await pair.alice.call("leaveRoom")
    await wait_for_counts(installation, rooms=1, peers=1, transports=1)
    await pair.bob.event("peerLeft")
    for consumer in pair.consumers.values():
        await pair.bob.event("consumerClosed", consumerId=consumer.id)
    room_part = [one for one in closures_of(pair.bob) if one[0] != "consumerClosed"]
    assert sorted(room_part[:2]) == sorted(("producerClosed", one, None) for one in pair.producers.values())
    assert room_part[2:] == [("peerLeft", "", "left")]
    assert sorted(one for one in closures_of(pair.bob) if one[0] == "consumerClosed") == sorted(
        ("consumerClosed", consumer.id, "producer_closed") for consumer in pair.consumers.values()
    )
    assert closures_of(pair.alice) == []

    await pair.bob.call("leaveRoom")
    await wait_for_counts(installation)
    # The router closes after the last transport, and a later heartbeat reports it.
    await wait_for_workers(installation, lambda workers: not any(worker["rooms"] for worker in workers))


async def test_row_14_socket_of_a_session_that_is_not_resumable_is_lost(installation: Installation, pair: Pair) -> None:
    await pair.alice.cut()
    await pair.bob.event("peerLeft", peerId=pair.alice.peer_id, reason="disconnected")
    await wait_for_counts(installation, rooms=1, peers=1, transports=1)


async def test_row_17_closed_producer_is_removed_from_the_room(installation: Installation, pair: Pair) -> None:
    await pair.alice.call("closeProducer", producerId=pair.producers["audio"])
    await pair.bob.event("producerClosed", producerId=pair.producers["audio"])
    listed = (await pair.bob.call("getProducers"))["producers"]
    assert [one["producerId"] for one in listed] == [pair.producers["video"]]
    async with Caller(installation.url) as carol:
        peers = (await carol.join(pair.call_id))["peers"]
        assert sorted(one["producerId"] for peer in peers for one in peer["producers"]) == [pair.producers["video"]]


async def test_row_20_leaving_cancels_pending_requests(installation: Installation, call_id: str) -> None:
    async with Caller(installation.url) as alice:
        await alice.join(call_id)
        pending = [await alice.start_request("createTransport", {"direction": "send"}) for _ in range(5)]
        left = await alice.start_request("leaveRoom", {})
        assert await left == {}
        for answer in pending:
            outcome = await answer
            assert "id" in outcome or outcome["error"]["code"] == "cancelled"
        await wait_for_counts(installation)

"""A client without the SDK, made of public libraries: python-socketio, pymediasoup and aiortc."""

from __future__ import annotations

import pytest

from support.client_socket import Refused
from support.eventually import wait_for_counts
from support.installation import Installation
from support.pymediasoup_client import PymediasoupClient

FRAMES = 15


async def test_two_clients_exchange_media_and_leave(installation: Installation, call_id: str) -> None:
    async with PymediasoupClient() as alice, PymediasoupClient() as bob:
        await alice.connect(installation.url)
        await bob.connect(installation.url)

        assert await alice.join(call_id, "alice") == []
        assert await bob.join(call_id, "bob") == [
            {
                "peerId": alice.peer_id,
                "userId": "alice",
                "displayName": "alice",
                "appData": {},
                "connectionState": "connected",
                "producers": [],
                "role": "moderator",
                "muted": [],
            }
        ]
        joined = await alice.event("peerJoined")
        assert (joined["peerId"], joined["userId"], joined["displayName"]) == (bob.peer_id, "bob", "bob")

        sinks = []
        for speaker, listener in ((alice, bob), (bob, alice)):
            for kind in ("audio", "video"):
                producer_id = await speaker.publish(kind)
                announced = await listener.event("newProducer")
                assert (announced["producerId"], announced["peerId"], announced["kind"]) == (
                    producer_id,
                    speaker.peer_id,
                    kind,
                )
                sinks.append(await listener.consume(producer_id))
        for sink in sinks:
            await sink.wait_frames(FRAMES)
        await wait_for_counts(installation, rooms=1, peers=2, producers=4, transports=4, consumers=4)

        listed = (await alice.call("getProducers"))["producers"]
        assert {(one["peerId"], one["userId"], one["kind"], one["paused"]) for one in listed} == {
            (bob.peer_id, "bob", "audio", False),
            (bob.peer_id, "bob", "video", False),
        }

        await bob.call("leaveRoom")
        left = await alice.event("peerLeft")
        assert (left["peerId"], left["userId"], left["reason"]) == (bob.peer_id, "bob", "left")
        assert (await alice.call("getProducers")) == {"producers": []}
        with pytest.raises(Refused, match="invalid_state"):
            await bob.call("getProducers")
    await wait_for_counts(installation)


async def test_late_client_receives_existing_producers_and_a_disconnect_is_a_departure(
    installation: Installation, call_id: str
) -> None:
    async with PymediasoupClient() as alice, PymediasoupClient() as bob:
        await alice.connect(installation.url)
        await alice.join(call_id, "alice")
        producer_id = await alice.publish("video")

        await bob.connect(installation.url)
        (peer,) = await bob.join(call_id, "bob")
        assert peer["producers"] == [
            {"producerId": producer_id, "kind": "video", "appData": {}, "paused": False, "source": "camera"}
        ]
        await (await bob.consume(producer_id)).wait_frames(FRAMES)

        await alice.socket.disconnect()
        assert (await bob.event("peerLeft"))["reason"] == "disconnected"
        await wait_for_counts(installation, rooms=1, peers=1, transports=1)

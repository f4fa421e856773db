"""Webhooks while servers die: what is stored is told, once and in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from support.client_socket import ClientSocket
from support.installation import Installation
from support.webhook_receiver import LOOPBACK, WebhookReceiver, Webhooks, shown

CAPABILITIES: dict[str, object] = {"codecs": [], "headerExtensions": []}
OPTIONS = {"registries": 2, "webhooks": 2, "environment": {"WEBHOOK_PRIVATE_NETWORKS": LOOPBACK}}
pytestmark = [pytest.mark.chaos, pytest.mark.parametrize("fresh_installation", [OPTIONS], indirect=True)]


@pytest.fixture
async def receiver(fresh_installation: Installation) -> AsyncIterator[WebhookReceiver]:
    """An endpoint that is told of changes."""
    async with aiohttp.ClientSession() as http, WebhookReceiver() as listening:
        await Webhooks(fresh_installation, http).add(listening)
        yield listening


async def join(socket: ClientSocket, call_id: str, user: str) -> None:
    await socket.ask("createRoom", callId=call_id)
    await socket.ask("joinRoom", callId=call_id, userId=user, rtpCapabilities=CAPABILITIES)


async def test_registry_is_killed_between_a_write_and_its_webhook(
    fresh_installation: Installation, receiver: WebhookReceiver, call_id: str
) -> None:
    async with ClientSocket(fresh_installation.url) as ann, ClientSocket(fresh_installation.url) as ben:
        await join(ann, call_id, "ann")
        fresh_installation.registries[0].kill()
        await join(ben, call_id, "ben")
        fresh_installation.registries[0].start()
        await ben.ask("leaveRoom")
        await receiver.wait_for(lambda _all: len(receiver.of_room(call_id)) >= 4)
    assert shown(receiver.of_room(call_id)[:4]) == [
        "room.started",
        "peer.joined ann",
        "peer.joined ben",
        "peer.left ben",
    ]


async def test_nats_is_killed_while_an_endpoint_is_down(
    fresh_installation: Installation, receiver: WebhookReceiver, call_id: str
) -> None:
    async with ClientSocket(fresh_installation.url) as ann, ClientSocket(fresh_installation.url) as ben:
        await receiver.stop()
        await join(ann, call_id, "ann")
        await join(ben, call_id, "ben")
        fresh_installation.nats.kill()
        fresh_installation.nats.start()
        await asyncio.to_thread(fresh_installation.wait_ready)
        await ben.ask("leaveRoom")
        await receiver.start()
        await receiver.wait_for(lambda _all: len(receiver.of_room(call_id)) >= 4, timeout=60)
    events = receiver.of_room(call_id)[:4]
    assert shown(events) == ["room.started", "peer.joined ann", "peer.joined ben", "peer.left ben"]
    assert [event["data"]["seq"] for event in events] == [1, 2, 3, 4]


async def test_both_dispatchers_are_killed_with_events_in_the_queue(
    fresh_installation: Installation, receiver: WebhookReceiver, call_id: str
) -> None:
    receiver.refuse = lambda _event: 503
    async with ClientSocket(fresh_installation.url) as ann:
        await join(ann, call_id, "ann")
        async with asyncio.timeout(40):
            while receiver.attempts < 2:
                await asyncio.sleep(0.05)
        for process in fresh_installation.webhooks:
            process.kill()
        receiver.refuse = lambda _event: None
        for process in fresh_installation.webhooks:
            process.start()
        await receiver.wait_for(lambda _all: len(receiver.of_room(call_id)) >= 2)
    assert shown(receiver.of_room(call_id)[:2]) == ["room.started", "peer.joined ann"]


@pytest.mark.long
async def test_endpoint_is_down_for_a_minute(
    fresh_installation: Installation, receiver: WebhookReceiver, call_id: str
) -> None:
    await receiver.stop()
    users = [f"user-{number}" for number in range(12)]
    for user in users:
        async with ClientSocket(fresh_installation.url) as socket:
            await join(socket, call_id, user)
            await socket.call("leaveRoom")
        await asyncio.sleep(5)
    await receiver.start()

    def told() -> list[str]:
        return [text for text in shown(receiver.of_room(call_id)) if text.startswith("peer.")]

    await receiver.wait_for(lambda _all: len(told()) >= 2 * len(users), timeout=90)
    assert told() == [f"peer.{what} {user}" for user in users for what in ("joined", "left")]
    numbers = [event["data"]["seq"] for event in receiver.of_room(call_id)]
    assert numbers == list(range(1, len(numbers) + 1))

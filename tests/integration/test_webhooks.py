"""What happens in rooms is posted to endpoints: signed, in order, at least once, and later when an endpoint is down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest

from support.client_socket import ClientSocket
from support.eventually import wait_for_metrics
from support.installation import Installation
from support.python_sdk import until
from support.scrape import Scrape
from support.service_process import ServiceProcess
from support.webhook_receiver import LOOPBACK, WebhookReceiver, Webhooks, shown

IS_UP = "webhooks is up"
CAPABILITIES: dict[str, object] = {"codecs": [], "headerExtensions": []}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with two instances of the webhooks service."""
    environment = {"WEBHOOK_PRIVATE_NETWORKS": LOOPBACK}
    with Installation(
        tmp_path_factory.mktemp("webhooks"), webhooks=2, metrics=True, environment=environment
    ) as running:
        yield running


@pytest.fixture
async def webhooks(told: Installation) -> AsyncIterator[Webhooks]:
    """The routes; endpoints of a test are removed at its end."""
    async with aiohttp.ClientSession() as http:
        routes = Webhooks(told, http)
        yield routes
        _, listed = await routes.request("GET", "")
        for each in listed["webhooks"]:
            await routes.request("DELETE", f"/{each['webhookId']}")


@pytest.fixture
async def receiver() -> AsyncIterator[WebhookReceiver]:
    async with WebhookReceiver() as listening:
        yield listening


async def join(socket: ClientSocket, call_id: str, user: str) -> dict[str, Any]:
    await socket.ask("createRoom", callId=call_id)
    return await socket.ask("joinRoom", callId=call_id, userId=user, rtpCapabilities=CAPABILITIES)


async def visit(installation: Installation, call_id: str, user: str) -> None:
    """Joins the room and leaves it."""
    async with ClientSocket(installation.url) as socket:
        await join(socket, call_id, user)
        await socket.ask("leaveRoom")


async def restart(process: ServiceProcess) -> None:
    """Starts a killed instance, and waits until it captures changes."""
    starts = process.log.read_text().count(IS_UP)
    process.start()
    await until(lambda: process.log.read_text().count(IS_UP) > starts)


async def test_room_is_told_in_order(
    told: Installation, webhooks: Webhooks, receiver: WebhookReceiver, call_id: str
) -> None:
    await webhooks.add(receiver)
    async with ClientSocket(told.url) as ann:
        await join(ann, call_id, "ann")
        await visit(told, call_id, "ben")
        await ann.call("leaveRoom")
    await receiver.wait_for(lambda _all: len(receiver.of_room(call_id)) >= 5)
    events = receiver.of_room(call_id)
    assert shown(events) == [
        "room.started",
        "peer.joined ann",
        "peer.joined ben",
        "peer.left ben",
        "peer.left ann",
    ]
    assert [event["data"]["seq"] for event in events] == [1, 2, 3, 4, 5]
    assert events[3]["data"]["reason"] == "left"
    assert receiver.bad_signatures == 0
    await receiver.wait_for(lambda _all: receiver.of_room(call_id)[-1]["type"] == "room.ended")


async def test_new_endpoint_is_told_the_present_state(
    told: Installation, webhooks: Webhooks, receiver: WebhookReceiver, call_id: str
) -> None:
    async with ClientSocket(told.url) as ann:
        await join(ann, call_id, "ann")
        await webhooks.add(receiver, events=["peer.joined", "peer.left"])
        await receiver.wait_for(lambda _all: len(receiver.of_room(call_id)) == 1)
    await receiver.wait_for(lambda _all: len(receiver.of_room(call_id)) == 2)
    assert shown(receiver.of_room(call_id)) == ["peer.joined ann", "peer.left ann"]


async def test_endpoint_that_was_down_gets_everything_in_order(
    told: Installation, webhooks: Webhooks, receiver: WebhookReceiver, call_id: str
) -> None:
    await webhooks.add(receiver)
    await receiver.stop()
    for user in ("ann", "ben", "cem"):
        await visit(told, call_id, user)
    await receiver.start()
    await receiver.wait_for(lambda _all: len(receiver.of_room(call_id)) >= 7)
    assert shown(receiver.of_room(call_id)[:7]) == [
        "room.started",
        *(f"peer.{what} {user}" for user in ("ann", "ben", "cem") for what in ("joined", "left")),
    ]


async def test_refused_room_holds_up_no_other(
    told: Installation, webhooks: Webhooks, receiver: WebhookReceiver, call_id: str
) -> None:
    other = f"{call_id} other"
    await webhooks.add(receiver)
    receiver.refuse = lambda event: 500 if event["data"]["callId"] == call_id else None
    await visit(told, call_id, "ann")
    await visit(told, other, "ben")
    await receiver.wait_for(lambda _all: len(receiver.of_room(other)) >= 3)
    assert receiver.of_room(call_id) == []
    receiver.refuse = lambda _event: None
    await receiver.wait_for(lambda _all: len(receiver.of_room(call_id)) >= 3)
    assert shown(receiver.of_room(call_id)[:3]) == ["room.started", "peer.joined ann", "peer.left ann"]


async def test_unwanted_event_is_a_dead_letter_that_can_be_replayed(
    told: Installation, webhooks: Webhooks, receiver: WebhookReceiver, call_id: str
) -> None:
    created = await webhooks.add(receiver)
    path = f"/{created['webhookId']}"
    unwanted = (call_id, "peer.joined")
    receiver.refuse = lambda event: 410 if (event["data"]["callId"], event["type"]) == unwanted else None
    await visit(told, call_id, "ann")
    await receiver.wait_for(lambda _all: len(receiver.of_room(call_id)) >= 2)
    assert [event["data"]["seq"] for event in receiver.of_room(call_id)[:2]] == [1, 3], "the room goes on with a gap"
    _, page = await webhooks.request("GET", f"{path}/dead-letters")
    [letter] = page["deadLetters"]
    assert (letter["event"]["type"], letter["error"], letter["attempts"]) == ("peer.joined", "answered 410", 1)
    receiver.refuse = lambda _event: None
    assert await webhooks.request("POST", f"{path}/dead-letters/replay") == (200, {"events": 1})
    await receiver.wait_for(lambda _all: 2 in [event["data"]["seq"] for event in receiver.of_room(call_id)])
    assert letter["eventId"] in receiver.ids
    _, page = await webhooks.request("GET", f"{path}/dead-letters")
    assert page["deadLetters"] == []


async def test_another_instance_goes_on_when_the_one_that_delivers_is_killed(
    told: Installation, webhooks: Webhooks, receiver: WebhookReceiver, call_id: str
) -> None:
    await webhooks.add(receiver)
    async with ClientSocket(told.url) as ann:
        await join(ann, call_id, "ann")
        await receiver.wait_for(lambda _all: len(receiver.of_room(call_id)) == 2)
        for number, process in enumerate(told.webhooks):
            process.kill()
            await visit(told, call_id, f"user-{number}")
            wanted = 4 + 2 * number
            await until(lambda count=wanted: len(receiver.of_room(call_id)) >= count)  # type: ignore[misc]
            await restart(process)
    events = receiver.of_room(call_id)
    numbers = [event["data"]["seq"] for event in events]
    assert numbers == list(range(1, len(numbers) + 1)), "nothing is lost, and all in order"


async def test_changes_while_no_instance_ran_are_told_as_a_difference(
    told: Installation, webhooks: Webhooks, receiver: WebhookReceiver, call_id: str
) -> None:
    await webhooks.add(receiver)
    async with ClientSocket(told.url) as ann, ClientSocket(told.url) as ben:
        await join(ann, call_id, "ann")
        await receiver.wait_for(lambda _all: len(receiver.of_room(call_id)) == 2)
        for process in told.webhooks:
            process.kill()
        await join(ben, call_id, "ben")
        await visit(told, call_id, "cem")
        await ann.call("leaveRoom")
        for process in told.webhooks:
            await restart(process)
        await receiver.wait_for(lambda _all: len(receiver.of_room(call_id)) >= 4)
        events = receiver.of_room(call_id)
        assert shown(events[:2]) == ["room.started", "peer.joined ann"]
        assert sorted(shown(events[2:4])) == ["peer.joined ben", "peer.left ann"]


async def test_key_is_replaced_without_a_refused_delivery(
    told: Installation, webhooks: Webhooks, receiver: WebhookReceiver, call_id: str
) -> None:
    created = await webhooks.add(receiver)
    old, new = created["secrets"][0], "whsec_" + "A" * 44
    path = f"/{created['webhookId']}"
    assert (await webhooks.request("PUT", path, {"url": receiver.url, "secrets": [old, new]}))[0] == 200
    receiver.secrets = [new]
    await visit(told, call_id, "ann")
    await receiver.wait_for(lambda _all: len(receiver.of_room(call_id)) >= 3)
    assert (await webhooks.request("PUT", path, {"url": receiver.url, "secrets": [new]}))[0] == 200
    status, unchanged = await webhooks.request("PUT", path, {"url": receiver.url})
    assert (status, unchanged["secrets"]) == (200, [new])


async def test_removed_endpoint_is_forgotten(
    told: Installation, webhooks: Webhooks, receiver: WebhookReceiver, call_id: str
) -> None:
    created = await webhooks.add(receiver)
    receiver.refuse = lambda _event: 500
    await visit(told, call_id, "ann")
    assert (await webhooks.request("DELETE", f"/{created['webhookId']}"))[0] == 200
    assert (await webhooks.request("GET", f"/{created['webhookId']}/dead-letters"))[0] == 404
    assert await webhooks.request("GET", "") == (200, {"webhooks": []})
    receiver.refuse = lambda _event: None
    await webhooks.add(receiver)
    await visit(told, f"{call_id} 2", "ben")
    await receiver.wait_for(lambda _all: len(receiver.of_room(f"{call_id} 2")) >= 3)
    assert receiver.of_room(call_id) == [] or receiver.of_room(call_id)[0]["data"]["seq"] == 1


@pytest.mark.parametrize(
    ("body", "status", "part"),
    [
        ({"url": "http://10.0.0.1/"}, 403, "private network"),
        ({"url": "http://169.254.169.254/latest"}, 403, "private network"),
        ({"url": "http://[::ffff:10.0.0.1]/"}, 403, "private network"),
        ({"url": "ftp://example.org/"}, 400, "url"),
        ({"url": "http://user:secret@127.0.0.1/"}, 403, "user name"),
        ({"url": "http://127.0.0.1:99999/"}, 403, "port"),
        ({"url": "http://\x80/"}, 403, "ASCII"),
        ({"url": "http://[/"}, 403, "host"),
        ({"url": f"http://{'x' * 64}.example/"}, 403, "host"),
        ({"url": "http://127.0.0.1/", "secrets": ["short"]}, 400, "secrets"),
        ({"url": "http://127.0.0.1/", "events": ["peer.exploded"]}, 400, "events"),
        ({}, 400, "url"),
    ],
)
async def test_wrong_endpoint_is_refused(webhooks: Webhooks, body: dict[str, Any], status: int, part: str) -> None:
    answered, error = await webhooks.request("POST", "", body)
    assert (answered, part in error["error"]["message"]) == (status, True), error
    assert "secret" not in error["error"]["message"].replace("secrets", "")


async def test_endpoint_is_tested(webhooks: Webhooks, receiver: WebhookReceiver) -> None:
    created = await webhooks.add(receiver, events=["peer.left"])
    path = f"/{created['webhookId']}/test"
    assert (await webhooks.request("POST", path))[0] == 200
    assert "webhook.test" in [event["type"] for event in receiver.accepted]
    receiver.refuse = lambda _event: 302
    status, error = await webhooks.request("POST", path)
    assert (status, "answered 302" in error["error"]["message"]) == (503, True)


async def test_number_of_waiting_events_is_shown(
    told: Installation, webhooks: Webhooks, receiver: WebhookReceiver, call_id: str
) -> None:
    await webhooks.add(receiver)
    receiver.refuse = lambda _event: 500
    await visit(told, call_id, "ann")

    async with asyncio.timeout(40):
        while (await webhooks.request("GET", ""))[1]["webhooks"][0]["waiting"] < 3:
            await asyncio.sleep(0.05)


async def test_every_instance_shows_what_waits(
    told: Installation, webhooks: Webhooks, receiver: WebhookReceiver, call_id: str
) -> None:
    added = await webhooks.add(receiver)
    await receiver.stop()
    await visit(told, call_id, "ann")
    name, of_webhook = "hubbub_webhook_waiting_events", {"webhook": added["webhookId"]}

    def shown_by_both(scraped: Scrape) -> bool:
        waiting = [value for one, has, value in scraped.samples if one == name and of_webhook.items() <= has.items()]
        both = len(waiting) == 2 and all(value >= 4 for value in waiting)
        return both and scraped.total("hubbub_webhook_delivering") == 1

    await wait_for_metrics(told, shown_by_both)

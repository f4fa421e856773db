"""What all rooms of a tenant use is limited over all media nodes, and takes nothing from another tenant.

Row 13 of docs/security.md.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from hubbub_access import Grants, KeySet, issue
from hubbub_access.key_set import new_secret
from support.caller import Caller, rtp_parameters
from support.installation import Installation

TRANSPORTS, CONSUMERS, BITRATE = 6, 2, 10_000
TENANTS = ("acme", "globex", "initech", "hooli", "umbrella")
"""Each test has its own: what a tenant used before counts until the next heartbeat."""
KEYS = {"keys": [new_secret(each, f"issuer of {each}", each.encode() * 8, each)["keys"][0] for each in TENANTS]}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with two nodes and two registries, for two tenants with small quotas."""
    directory = tmp_path_factory.mktemp("tenants")
    keys = directory / "keys.json"
    keys.write_text(json.dumps(KEYS))
    environment = {
        "AUTH": "on",
        "ACCESS_KEYS": str(keys),
        "MAX_TRANSPORTS_PER_TENANT": str(TRANSPORTS),
        "MAX_CONSUMERS_PER_TENANT": str(CONSUMERS),
        "MAX_INCOMING_BITRATE_PER_TENANT": str(BITRATE),
    }
    with Installation(directory, registries=2, nodes=2, environment=environment) as running:
        yield running


def caller(url: str, tenant: str, user: str) -> Caller:
    """The socket of a user of a tenant."""
    key = KeySet.parse(json.dumps(KEYS)).signing_key_of(tenant)
    assert key is not None
    grants = Grants(rooms=("*",), join=True, publish=True, subscribe=True)
    token = issue(key, user, grants, audience="hubbub", now=time.time(), lifetime=600, token_id=user)
    return Caller(url, auth={"token": token})


async def refused_limit(one: Caller, event: str, undo: str, undone: str, **payload: Any) -> str:
    """The limit that the event reaches, once its node has heard of what is used elsewhere.

    What it creates before that is closed again by the event `undo`, whose field `undone` is its id.
    """
    async with asyncio.timeout(30):
        while "error" not in (answer := await one.request(event, payload)):
            await one.call(undo, **{undone: answer["id"]})
            await asyncio.sleep(0.1)
    assert answer["error"]["code"] == "quota_exceeded", answer
    return str(answer["error"]["limit"])


async def test_transports_of_all_nodes_count(shared: Installation, call_id: str) -> None:
    async with AsyncExitStack() as stack:
        ports = set()
        callers = []
        for room in range(TRANSPORTS // 2):
            one = await stack.enter_async_context(caller(shared.url, "acme", f"user {room}"))
            await one.join(f"{call_id} {room}")
            for direction in ("send", "recv"):
                offer = await one.call("createTransport", direction=direction)
                ports.add(offer["iceCandidates"][0]["port"])
            callers.append(one)
        assert len(ports) == 2, "all rooms are on one node"
        for one in callers:
            limit = await refused_limit(one, "createTransport", "closeTransport", "transportId", direction="send")
            assert limit == "transportsOfTenant"
        other = await stack.enter_async_context(caller(shared.url, "globex", "ann"))
        await other.join(call_id)
        await other.call("createTransport", direction="send")


async def test_consumers_of_all_rooms_count(shared: Installation, call_id: str) -> None:
    async with caller(shared.url, "initech", "alice") as alice, caller(shared.url, "initech", "bob") as bob:
        await alice.join(call_id)
        await bob.join(call_id)
        sending = await alice.call("createTransport", direction="send")
        producers = [
            await alice.call(
                "produce",
                transportId=sending["id"],
                kind="audio",
                rtpParameters=rtp_parameters("audio", 1_000 + number, mid=str(number)),
            )
            for number in range(CONSUMERS + 1)
        ]
        for producer in producers:
            await bob.event("newProducer", producerId=producer["id"])
        receiving = await bob.call("createTransport", direction="recv")
        answers = [
            await bob.request("consume", {"transportId": receiving["id"], "producerId": producer["id"]})
            for producer in producers
        ]
        assert [answer.get("error", {}).get("limit") for answer in answers] == [
            *[None] * CONSUMERS,
            "consumersOfTenant",
        ]


async def test_a_tenant_that_sends_too_much_may_send_no_other_track(shared: Installation, call_id: str) -> None:
    async with caller(shared.url, "hooli", "alice") as alice, caller(shared.url, "umbrella", "ann") as ann:
        await alice.join(call_id)
        await ann.join(call_id)
        await alice.publish("video")
        transport_id = next(iter(alice.transports))
        audio = {"transportId": transport_id, "kind": "audio", "rtpParameters": rtp_parameters("audio", 77, mid="9")}
        limit = await refused_limit(alice, "produce", "closeProducer", "producerId", **audio)
        assert limit == "incomingBitrateOfTenant"
        await ann.publish("audio")

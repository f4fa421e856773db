"""Every service works with its deployed credential, which permits nothing else."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import nats
import nats.errors
import pytest

from hubbub_access import Grants, KeySet, issue
from hubbub_access.key_set import new_secret
from hubbub_bus import Bus
from hubbub_bus.connection import Unreachable
from hubbub_bus.parts import PART_BYTES
from hubbub_client.api import ServerApi
from support.caller import Caller
from support.client_socket import ClientSocket, Refused
from support.deployed_nats import DeployedNats
from support.eventually import wait_for_counts, wait_for_stats, wait_for_workers
from support.installation import SPREAD_OVER_NODES, Installation
from support.large_room import fill_room
from support.pair import connected_pair
from support.python_sdk import until
from support.rebuild_media import rebuild_alice, rebuild_bob, wait_moved
from support.regions import HomeNats, LeafNats

FULL = {"rooms": 1, "peers": 2, "producers": 2, "transports": 2, "consumers": 2}

FOREIGN = {
    "signaling": {
        "publish": [
            "$KV.rooms.room.settings.room",
            "$KV.leases.node.n1",
            "$JS.API.STREAM.DELETE.KV_rooms",
            "$JS.API.STREAM.PURGE.KV_rooms",
            "$JS.API.CONSUMER.CREATE.KV_rooms",
            "hubbub.v1.room.room.settings.room",
            "hubbub.v1.media.room.peer",
            "hubbub.v1.speakers.room",
            "hubbub.v1.call.key",
            "hubbub.v1.call-history.user.call",
            "$KV.calls.key",
            "$KV.revocations.token.t",
            "$JS.API.STREAM.CREATE.KV_revocations",
            "hubbub.v1.node.n1.beat",
            "hubbub.v1.node.n1.1.pipe.open",
            "_INBOX.node.n1.x",
        ],
        "subscribe": ["hubbub.v1.registry.>", "hubbub.v1.node.*.*.>", "_INBOX.>", "_INBOX.registry.>", "$KV.>", ">"],
    },
    "node": {
        "publish": [
            "$KV.rooms.room.settings.room",
            "$KV.leases.signaling.s1",
            "$JS.API.STREAM.DELETE.KV_leases",
            "hubbub.v1.registry.room.create",
            "hubbub.v1.node.n1.1.ping",
            "hubbub.v1.node.n1.1.drain",
            "hubbub.v1.node.n1.1.transport.create",
            "hubbub.v1.room.room.settings.room",
            "_INBOX.signaling.s1.x",
        ],
        "subscribe": [
            "hubbub.v1.registry.>",
            "hubbub.v1.media.*.*",
            "hubbub.v1.speakers.*",
            "_INBOX.signaling.>",
            "$KV.rooms.>",
            ">",
        ],
    },
    "calls": {
        "publish": [
            "$KV.rooms.room.settings.room",
            "$KV.leases.node.n1",
            "$JS.API.STREAM.DELETE.KV_rooms",
            "$JS.API.STREAM.DELETE.call-history",
            "hubbub.v1.registry.room.create",
            "hubbub.v1.node.n1.1.ping",
            "hubbub.v1.call.key",
            "_INBOX.signaling.s1.x",
        ],
        "subscribe": [
            "hubbub.v1.registry.>",
            "hubbub.v1.media.*.*",
            "hubbub.v1.signaling.>",
            "_INBOX.signaling.>",
            ">",
        ],
    },
    "captions": {
        "publish": [
            "$KV.rooms.room.settings.room",
            "$KV.leases.node.n1",
            "$JS.API.STREAM.DELETE.KV_leases",
            "hubbub.v1.registry.room.create",
            "hubbub.v1.node.n1.1.producer.create",
            "hubbub.v1.room.room.settings.room",
            "hubbub.v1.media.room.peer",
            "hubbub.v1.captions.captions.start",
            "_INBOX.signaling.s1.x",
        ],
        "subscribe": [
            "hubbub.v1.registry.>",
            "hubbub.v1.node.*.*.>",
            "hubbub.v1.call.*",
            "_INBOX.signaling.>",
            ">",
        ],
    },
    "registry": {
        "publish": [
            "$JS.API.STREAM.DELETE.other",
            "$JS.API.STREAM.CREATE.other",
            "hubbub.v1.node.n1.1.transport.create",
            "hubbub.v1.media.room.peer",
            "hubbub.v1.speakers.room",
            "_INBOX.signaling.s1.x",
        ],
        "subscribe": [
            "hubbub.v1.media.*.*",
            "hubbub.v1.speakers.*",
            "hubbub.v1.node.*.*.>",
            "_INBOX.signaling.>",
            ">",
        ],
    },
}


@pytest.fixture(scope="module", params=["the only server", "leaf node"])
def deployed(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[DeployedNats]:
    """A NATS server with the deployed configuration, or the one of another region."""
    if request.param == "the only server":
        with DeployedNats(tmp_path_factory.mktemp("nats")) as running:
            yield running
        return
    with (
        HomeNats(tmp_path_factory.mktemp("home")) as home,
        LeafNats(tmp_path_factory.mktemp("leaf"), home.url_for_regions(home.regions_port)) as leaf,
    ):
        yield leaf


async def test_services_cause_no_permission_violation(tmp_path: Path, call_id: str) -> None:
    installation = Installation(
        tmp_path / "installation", nodes=2, calls=1, captions=1, recorders=1, reconnect_grace=4, empty_room_ttl=4
    )
    with DeployedNats(tmp_path / "nats") as server:
        server.configure(installation)
        with installation:
            async with connected_pair(installation.url, call_id, resumable=True) as pair:
                recording = await pair.alice.call("startRecording")
                await pair.bob.event("recordingStarted")
                await pair.alice.call("stopRecording", recordingId=recording["recordingId"])
                await pair.bob.event("recordingStopped")
                await pair.alice.call("pauseProducer", producerId=pair.producers["audio"])
                await pair.bob.event("producerPaused", producerId=pair.producers["audio"])
                await pair.alice.call("resumeProducer", producerId=pair.producers["audio"])
                await pair.alice.call("startCaptions")
                await wait_for_counts(installation, within=40, **{**FULL, "transports": 3, "consumers": 3})
                await pair.bob.call("stopCaptions")
                await pair.bob.event("captionsState", on=False)
                async with Caller(installation.url) as again:
                    # Opened before: a client whose socket and media stop for half a second is treated as gone.
                    await pair.alice.cut()
                    await again.call("resume", resumeToken=pair.alice.resume_token, lastRevision=0)
                    again.take_over_media(pair.alice)
                    pair.alice = again
                    # The registry fences the dead node and moves its peers.
                    home = max(installation.stats()["workers"], key=lambda worker: worker["peers"])["nodeId"]
                    old_producers = set(pair.producers.values())
                    next(node for node in installation.nodes if node.name == home).kill()
                    for caller in (pair.alice, pair.bob):
                        await wait_moved(caller, within=40)
                    await rebuild_alice(pair)
                    await rebuild_bob(pair, before=old_producers)
                    await pair.wait_media()
                    await wait_for_counts(installation, within=40, **FULL)
                    with pytest.raises(Refused):
                        await pair.bob.call("closeProducer", producerId=pair.producers["audio"])
                    await pair.alice.call("leaveRoom")
            await ring_and_end(installation.url, call_id)
            await join_room_whose_snapshot_has_parts(installation.url, call_id)
            await wait_for_stats(installation, {"rooms": 0, "peers": 0}, within=40)
        assert server.violations() == []


async def test_a_room_on_two_nodes_causes_no_permission_violation(tmp_path: Path, call_id: str) -> None:
    installation = Installation(tmp_path / "installation", nodes=2, environment=SPREAD_OVER_NODES)
    with DeployedNats(tmp_path / "nats") as server:
        server.configure(installation)
        with installation:
            async with connected_pair(installation.url, call_id) as pair:
                await pair.wait_media()
                await wait_for_workers(
                    installation, lambda workers: sorted(worker["peers"] for worker in workers) == [1, 1]
                )
                async with ServerApi(installation.url) as api:
                    await api.drain_node("node-1")
                    await until(lambda: not installation.nodes[0].alive)
        assert server.violations() == []


async def test_revocations_cause_no_permission_violation(tmp_path: Path, call_id: str) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(new_secret("key", "app", b"s" * 32)))
    signing = KeySet.read(keys).signing_key
    assert signing is not None
    grants = Grants(rooms=("*",), join=True)
    token = issue(signing, "ann", grants, audience="hubbub", now=time.time() - 5, lifetime=600, token_id="t")
    installation = Installation(
        tmp_path / "installation", environment={"AUTH": "on", "ACCESS_KEYS": str(keys), "API_KEY": "k" * 16}
    )
    with DeployedNats(tmp_path / "nats") as server:
        server.configure(installation)
        with installation:
            async with (
                Caller(installation.url, auth={"token": token}) as ann,
                aiohttp.ClientSession(installation.url, headers={"Authorization": f"Bearer {'k' * 16}"}) as http,
            ):
                await ann.join(call_id)
                async with http.post("/revocations", json={"userId": "ann"}) as answer:
                    assert answer.status == 201
                await ann.wait_closed()
        assert server.violations() == []


async def ring_and_end(url: str, user: str) -> None:
    """Every kind of request about calls, and a call's way into the history."""
    async with (
        ClientSocket(url, namespace="/calls", auth={"userId": user}) as callee,
        aiohttp.ClientSession(url, headers={"X-User-Id": "ann"}, raise_for_status=True) as http,
    ):

        async def ask(method: str, path: str, **options: Any) -> Any:
            async with http.request(method, path, **options) as response:
                return await response.json()

        call_id = (await ask("POST", "/calls", json={"participants": [user]}))["callId"]
        await callee.event("incomingCall")
        await callee.call("ignore", callId=call_id)
        await callee.call("accept", callId=call_id)
        async with Caller(url) as peer:
            await peer.join(call_id, userId=user)
            await callee.event("participantJoined", userId=user)
        await callee.event("callEnded")
        async with asyncio.timeout(30):
            while not (await ask("GET", "/calls?state=ended"))["calls"]:
                await asyncio.sleep(0.05)
        assert (await ask("GET", f"/calls/{call_id}"))["state"] == "ended"
        async with asyncio.timeout(30):  # an instance that is slow to answer is not counted
            while (await ask("GET", f"/presence?userId={user}"))["users"][0]["devices"] != 1:
                pass


async def join_room_whose_snapshot_has_parts(url: str, call_id: str) -> None:
    async with Caller(url) as one, Caller(url) as two, Caller(url) as three:
        for caller in (one, two):
            await caller.join(call_id)
        await fill_room([one, two])
        joined = await three.join(call_id)
        assert len(str(joined)) > PART_BYTES


@pytest.mark.parametrize("service", FOREIGN)
async def test_foreign_subject_is_refused(deployed: DeployedNats, service: str) -> None:
    errors: asyncio.Queue[Exception] = asyncio.Queue()
    client = await nats.connect(deployed.url(service), error_cb=errors.put, allow_reconnect=False)
    try:
        for kind, subjects in FOREIGN[service].items():
            for subject in subjects:
                if kind == "publish":
                    await client.publish(subject, b"{}")
                else:
                    await client.subscribe(subject)
                await client.flush()
                async with asyncio.timeout(30):
                    error = str(await errors.get()).lower()
                assert "permissions violation" in error, (kind, subject)
                assert subject.lower() in error, (kind, subject)
    finally:
        await client.close()


async def test_connection_without_valid_credential_is_refused(deployed: DeployedNats) -> None:
    for user in ("", "signaling:guess@"):
        url = f"nats://{user}127.0.0.1:{deployed.ports[0]}"
        with pytest.raises(Unreachable):
            await Bus.connect(url, name="stranger", timeout=10)

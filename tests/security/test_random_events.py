"""Any sequence of events with any ids gets stable error codes, never `internal`, and nobody else's state.

Row 12 of docs/security.md. Hypothesis generates the sessions of Mallory, who has a valid token for one room and for
calls. Alice is in the same room, Carol in another; both see nothing of it. `HUBBUB_TEST_EXAMPLES=20` multiplies the
number of sessions, and takes new ones each time.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings

from hubbub_access import Grants, KeySet, issue
from hubbub_access.key_set import new_secret
from hubbub_contracts import ErrorCode, ids
from hubbub_contracts.socket.calls_catalogue import CALL_REQUESTS
from hubbub_contracts.socket.catalogue import CLIENT_REQUESTS
from support.caller import Caller
from support.client_socket import ClientSocket, Received
from support.installation import ONE_ADDRESS, Installation
from support.random_events import SESSIONS, RandomEvent, Ref

MORE = int(os.environ.get("HUBBUB_TEST_EXAMPLES", "1"))
SESSION_TIMEOUT = 30.0
MARK = "mark-of-the-strangers-room"
"""In names and appData of the other room. Mallory never sends it."""
MEMBER = Grants(rooms=("here",), join=True, publish=True, subscribe=True, calls=True)
STABLE = {code.value for code in ErrorCode} - {ErrorCode.INTERNAL.value}
SECRET = b"s" * 32


def token(user: str, grants: Grants = MEMBER) -> str:
    """An access token."""
    key = KeySet.parse(json.dumps(new_secret("key", "app", SECRET))).signing_key
    assert key is not None
    return issue(key, user, grants, audience="hubbub", now=time.time(), lifetime=3_600, token_id=ids.mint())


@dataclass
class World:
    """The others, and the ids that belong to them, by kind."""

    url: str
    alice: Caller
    carol: Caller
    neighbour: dict[str, list[str]]
    stranger: dict[str, list[str]]
    secrets: list[str] = field(default_factory=list)
    """What Mallory must never receive."""
    outcomes: Counter[str] = field(default_factory=Counter)
    reached: set[str] = field(default_factory=set)
    """Events that were answered with success."""


async def objects_of(caller: Caller, room: str, consumed: str | None = None) -> dict[str, list[str]]:
    """A transport for each direction and a producer. Returns all ids by kind."""
    sends = await caller.transport("send")
    producer_id = await caller.publish("audio")
    receives = await caller.transport("recv")
    consumer = None if consumed is None else await caller.consume(consumed)
    return {
        "transport": [sends.id, receives.id],
        "producer": [producer_id],
        "consumer": [] if consumer is None else [consumer.id],
        "peer": [caller.peer_id],
        "room": [room],
    }


async def set_up(url: str) -> World:
    """Alice in the room `here`; Carol in `elsewhere`, where she also has a call."""
    stranger_grants = MEMBER.model_copy(update={"rooms": ("elsewhere",)})
    alice = Caller(url, auth={"token": token("alice")})
    carol = Caller(url, auth={"token": token("carol", stranger_grants)})
    for caller, room, mark in ((alice, "here", "alice"), (carol, "elsewhere", MARK)):
        await caller.open()
        await caller.join(room, resumable=True, displayName=mark, appData={"mark": mark})
    neighbour = await objects_of(alice, "here")
    stranger = await objects_of(carol, "elsewhere")
    headers = {"Authorization": f"Bearer {token('carol', stranger_grants)}"}
    async with (
        aiohttp.ClientSession(url, headers=headers, raise_for_status=True) as http,
        http.post("/calls", json={"participants": ["dave"]}) as answer,
    ):
        stranger["call"] = [(await answer.json())["callId"]]
    assert alice.resume_token is not None
    assert carol.resume_token is not None
    secrets = [alice.resume_token, carol.resume_token, MARK, "Traceback"]
    return World(url, alice, carol, neighbour, stranger, secrets)


async def leave(world: World) -> None:
    """Ends media and sockets of the others."""
    for caller in (world.alice, world.carol):
        await caller.end_media()
        await caller.close()


def resolved(value: Any, world: World, own: dict[str, list[str]]) -> Any:
    """The value with every reference replaced by an id."""
    if isinstance(value, Ref):
        pools = {"own": own, "neighbour": world.neighbour, "stranger": world.stranger}
        found = pools[value.owner].get(value.kind) or ["nothing"]
        return found[value.index % len(found)]
    if isinstance(value, dict):
        return {name: resolved(item, world, own) for name, item in value.items()}
    if isinstance(value, list):
        return [resolved(item, world, own) for item in value]
    return value


def learn(own: dict[str, list[str]], event: str, answer: dict[str, Any]) -> None:
    """Remembers the ids of what was created."""
    kinds = {"createTransport": "transport", "produce": "producer", "consume": "consumer"}
    if event in kinds and "id" in answer:
        own[kinds[event]].append(answer["id"])
    if event == "joinRoom" and "peerId" in answer:
        own["peer"].append(answer["peerId"])


async def run_session(world: World, session: list[RandomEvent]) -> None:
    """Runs the steps on new connections, and checks every answer."""
    own: dict[str, list[str]] = {"transport": [], "producer": [], "consumer": [], "peer": [], "room": ["here"]}
    auth = {"token": token("mallory")}
    async with (
        ClientSocket(world.url, auth=auth) as room,
        ClientSocket(world.url, namespace="/calls", auth=auth) as calls,
    ):
        sockets = {"": room, "/calls": calls}
        answers: list[tuple[RandomEvent, asyncio.Future[dict[str, Any]]]] = []
        for step in session:
            future = await sockets[step.namespace].start_request(step.event, resolved(step.payload, world, own))
            answers.append((step, future))
            if step.awaited:
                learn(own, step.event, await future)
        await asyncio.gather(*(future for _, future in answers))
        for step, future in answers:
            check_answer(world, step, future.result())
        for socket in sockets.values():
            check_received(world, socket.log)
            assert not socket.is_closed


def check_answer(world: World, step: RandomEvent, answer: dict[str, Any]) -> None:
    """An answer is a result of a known event, or an error with a stable code."""
    known = CALL_REQUESTS if step.namespace else CLIENT_REQUESTS
    code = answer["error"]["code"] if "error" in answer else "ok"
    world.outcomes[code] += 1
    if code == "ok":
        assert step.event in known
        known[step.event].answer_model().model_validate_json(json.dumps(answer))
        world.reached.add(step.event)
        return
    assert code in STABLE, (step, answer)
    assert set(answer["error"]) == {"code", "message", "retryable"}
    assert (code == "unknown_event") == (step.event not in known)


def check_received(world: World, log: list[Received]) -> None:
    """Nothing that Mallory received shows what is not hers."""
    text = json.dumps([one.payload for one in log], ensure_ascii=False)
    for secret in world.secrets:
        assert secret not in text


async def check_others(world: World) -> None:
    """Alice and Carol have what they had, and were told of nothing that concerns it."""
    for caller, objects in ((world.alice, world.neighbour), (world.carol, world.stranger)):
        assert not caller.is_closed
        for event in ("producerClosed", "transportClosed", "consumerClosed", "roomClosed", "producerPaused"):
            mine = {*objects["producer"], *objects["transport"], *objects["consumer"]}
            for one in caller.events(event):
                assert not mine & set(map(str, one.values())), (event, one)
        for transport_id in objects["transport"]:
            assert "error" not in await caller.request("getStats", {"transportId": transport_id})
        for producer_id in objects["producer"]:
            for event in ("pauseProducer", "resumeProducer"):
                assert "error" not in await caller.request(event, {"producerId": producer_id})
    assert {one["peerId"] for one in world.carol.events("peerJoined")} == set(), "somebody entered the other room"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with access tokens and every service that answers clients."""
    directory = tmp_path_factory.mktemp("access")
    keys = directory / "keys.json"
    keys.write_text(json.dumps(new_secret("key", "app", SECRET)))
    environment = {
        "AUTH": "on",
        "ACCESS_KEYS": str(keys),
        **ONE_ADDRESS,
    }
    with Installation(directory, calls=1, environment=environment) as running:
        yield running


@pytest.mark.timeout(60 + 60 * MORE)
def test_any_session_gets_stable_answers_and_nobody_elses_state(guarded: Installation) -> None:
    with asyncio.Runner() as runner:
        world = runner.run(set_up(guarded.url))

        @settings(
            max_examples=40 * MORE,
            deadline=None,
            derandomize=MORE == 1,
            database=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        )
        @given(SESSIONS)
        def run(session: list[RandomEvent]) -> None:
            runner.run(asyncio.wait_for(run_session(world, session), SESSION_TIMEOUT))

        try:
            run()
            runner.run(check_others(world))
        finally:
            runner.run(leave(world))
        # The sessions get somewhere, and are refused for many reasons.
        assert len(world.reached) >= 6, world.reached
        assert {"invalid_argument", "invalid_state", "not_found", "not_allowed", "unknown_event"} <= set(world.outcomes)
        assert all(process.exit_description() is None for process in guarded.processes)
    for name, text in guarded.logs(10_000):
        assert '"level": "error"' not in text, name

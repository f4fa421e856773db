"""A trace spans a client's event, the bus and all services that handle it. Log lines have its id."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from support.caller import Caller
from support.installation import Installation
from support.otlp_receiver import OtlpReceiver, Span


@pytest.fixture(scope="module")
def receiver() -> Iterator[OtlpReceiver]:
    """The collector."""
    with OtlpReceiver() as running:
        yield running


@pytest.fixture(scope="module")
def installation(receiver: OtlpReceiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation that exports spans and logs at debug level."""
    environment = {**receiver.environment, "LOG_LEVEL": "debug"}
    with Installation(tmp_path_factory.mktemp("traces"), environment=environment) as running:
        yield running


async def trace_of(receiver: OtlpReceiver, root: str, room: str, expected: set[tuple[str, str]]) -> list[Span]:
    """Waits for the trace that starts with `root` in this room and has all `expected` spans (service, name)."""
    while True:  # bounded by the test's timeout
        spans = receiver.spans()
        roots = [one for one in spans if one.name == root and one.attributes.get("hubbub.room_id") == room]
        for start in roots:
            trace = [one for one in spans if one.trace_id == start.trace_id]
            if expected <= {(one.service, one.name) for one in trace}:
                assert len(roots) == 1
                return trace
        await asyncio.sleep(0.05)


def path(trace: list[Span], service: str, name: str) -> list[tuple[str, str, str]]:
    """Service, name and kind of a span and its ancestors, the root first."""
    by_id = {span.span_id: span for span in trace}
    span: Span | None = next(one for one in trace if (one.service, one.name) == (service, name))
    found = []
    while span is not None:
        found.append((span.service, span.name, span.kind))
        assert span.parent_id in by_id or not span.parent_id, f"the parent of {span.name} is missing"
        span = by_id.get(span.parent_id)
    return found[::-1]


async def test_produce_is_one_trace_through_all_services(
    installation: Installation, receiver: OtlpReceiver, call_id: str
) -> None:
    room = await produce(installation, call_id)
    recorded, created = ("registry", "process producer.add"), ("media-node", "process producer.create")
    trace = await trace_of(receiver, "socket produce", room, {recorded, created, ("signaling", "socket produce")})
    root = ("signaling", "socket produce", "server")
    assert path(trace, *created) == [
        root,
        ("signaling", "send producer.create", "client"),
        ("media-node", "process producer.create", "server"),
    ]
    assert path(trace, *recorded) == [
        root,
        ("signaling", "send producer.add", "client"),
        ("registry", "process producer.add", "server"),
    ]
    asked = next(span for span in trace if span.name == "send producer.add")
    assert asked.attributes["messaging.system"] == "nats"
    assert asked.attributes["messaging.destination.name"] == "hubbub.v1.registry.producer.add"
    assert asked.attributes["messaging.operation.type"] == "send"


async def test_join_is_one_trace_to_the_registry(
    installation: Installation, receiver: OtlpReceiver, call_id: str
) -> None:
    room = await produce(installation, call_id)
    joined = ("registry", "process peer.join")
    trace = await trace_of(receiver, "socket joinRoom", room, {joined, ("signaling", "socket joinRoom")})
    assert [name for _, name, _ in path(trace, *joined)] == ["socket joinRoom", "send peer.join", "process peer.join"]


async def test_every_service_logs_a_request_with_its_trace_id(
    installation: Installation, receiver: OtlpReceiver, call_id: str
) -> None:
    room = await produce(installation, call_id)
    expected = {("registry", "process producer.add"), ("media-node", "process producer.create")}
    trace = await trace_of(receiver, "socket produce", room, expected)
    trace_id = trace[0].trace_id
    processes = {"signaling": installation.signaling[0], "registry": installation.registries[0]}
    for service, process in {**processes, "media-node": installation.nodes[0]}.items():
        lines = [json.loads(line) for line in process.log_tail(100_000).splitlines()]
        mine = [line for line in lines if line.get("trace_id") == trace_id]
        assert mine, f"{service} logged nothing about the request"
        assert all(line["service"] == service and line["level"] == "debug" and line["span_id"] for line in mine)


async def produce(installation: Installation, call_id: str) -> str:
    """Joins a room and sends a track. Returns the room's id."""
    async with Caller(installation.url) as caller:
        joined: dict[str, Any] = await caller.join(call_id, resumable=True)
        await caller.publish("audio")
    return str(joined["resumeToken"]).split(".")[0]

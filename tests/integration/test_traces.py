"""One trace from a client's event through the bus to whoever works on it; log lines that carry it."""

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
    """Where spans are sent."""
    with OtlpReceiver() as running:
        yield running


@pytest.fixture(scope="module")
def installation(receiver: OtlpReceiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """It exports, and logs all."""
    environment = {**receiver.environment, "LOG_LEVEL": "debug"}
    with Installation(tmp_path_factory.mktemp("traces"), environment=environment) as running:
        yield running


async def trace_of(receiver: OtlpReceiver, root: str, room: str, whole: set[tuple[str, str]]) -> list[Span]:
    """The one trace that begins with `root` in this room, once it has all spans of `whole` (service, name)."""
    while True:  # the test's own timeout ends a wait in vain
        spans = receiver.spans()
        roots = [one for one in spans if one.name == root and one.attributes.get("hubbub.room_id") == room]
        for begin in roots:
            trace = [one for one in spans if one.trace_id == begin.trace_id]
            if whole <= {(one.service, one.name) for one in trace}:
                assert len(roots) == 1
                return trace
        await asyncio.sleep(0.05)


def path(trace: list[Span], service: str, name: str) -> list[tuple[str, str, str]]:
    """Service, name and kind of a span and of those that it is a part of, the outermost first."""
    by_id = {span.span_id: span for span in trace}
    span: Span | None = next(one for one in trace if (one.service, one.name) == (service, name))
    found = []
    while span is not None:
        found.append((span.service, span.name, span.kind))
        assert span.parent_id in by_id or not span.parent_id, f"the parent of {span.name} is missing"
        span = by_id.get(span.parent_id)
    return found[::-1]


async def test_a_produce_is_one_trace_through_all_three_services(
    installation: Installation, receiver: OtlpReceiver, call_id: str
) -> None:
    room = await produce(installation, call_id)
    registered, made = ("registry", "process producer.add"), ("media-node", "process producer.create")
    trace = await trace_of(receiver, "socket produce", room, {registered, made, ("signaling", "socket produce")})
    root = ("signaling", "socket produce", "server")
    assert path(trace, *made) == [
        root,
        ("signaling", "send producer.create", "client"),
        ("media-node", "process producer.create", "server"),
    ]
    assert path(trace, *registered) == [
        root,
        ("signaling", "send producer.add", "client"),
        ("registry", "process producer.add", "server"),
    ]
    asked = next(span for span in trace if span.name == "send producer.add")
    assert asked.attributes["messaging.system"] == "nats"
    assert asked.attributes["messaging.destination.name"] == "hubbub.v1.registry.producer.add"
    assert asked.attributes["messaging.operation.type"] == "send"


async def test_a_join_is_one_trace_to_the_registry(
    installation: Installation, receiver: OtlpReceiver, call_id: str
) -> None:
    room = await produce(installation, call_id)
    joined = ("registry", "process peer.join")
    trace = await trace_of(receiver, "socket joinRoom", room, {joined, ("signaling", "socket joinRoom")})
    assert [name for _, name, _ in path(trace, *joined)] == ["socket joinRoom", "send peer.join", "process peer.join"]


async def test_every_service_logs_what_it_did_for_a_request_under_its_trace(
    installation: Installation, receiver: OtlpReceiver, call_id: str
) -> None:
    room = await produce(installation, call_id)
    whole = {("registry", "process producer.add"), ("media-node", "process producer.create")}
    trace = await trace_of(receiver, "socket produce", room, whole)
    trace_id = trace[0].trace_id
    processes = {"signaling": installation.signaling[0], "registry": installation.registries[0]}
    for service, process in {**processes, "media-node": installation.nodes[0]}.items():
        lines = [json.loads(line) for line in process.log_tail(100_000).splitlines()]
        mine = [line for line in lines if line.get("trace_id") == trace_id]
        assert mine, f"{service} logged nothing of the request"
        assert all(line["service"] == service and line["level"] == "debug" and line["span_id"] for line in mine)


async def produce(installation: Installation, call_id: str) -> str:
    """Somebody joins and sends; the room's id."""
    async with Caller(installation.url) as caller:
        joined: dict[str, Any] = await caller.join(call_id, resumable=True)
        await caller.publish("audio")
    return str(joined["resumeToken"]).split(".")[0]

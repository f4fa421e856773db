"""The secrets of links between nodes reach no message, no log and no trace."""

from __future__ import annotations

import base64
import logging

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from hubbub_bus import Bus, spans
from hubbub_contracts import ErrorCode, HubbubError, ids
from hubbub_contracts.bus.pipe import OpenPipe, PipeOpened
from hubbub_media_node.domain.link_ends import OwnEnd, agree, new_end
from support.node_rig import Peer, RunningNode, fixture

TRACK = fixture("chromium-156/produce-video-vp8-simulcast3.json")


@pytest.fixture
def traces(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """The spans of requests over the bus."""
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(spans, "_tracer", provider.get_tracer("test"))
    return exporter


def request(peer: Peer, producer_id: str, ours: OwnEnd) -> OpenPipe:
    return OpenPipe(
        room_id=peer.room_id,
        producer_id=producer_id,
        node_id="another",
        epoch=1,
        link_id=ids.mint(),
        offer=ours.described,
    )


async def test_secrets_are_nowhere(
    bus: Bus,
    node: RunningNode,
    traces: InMemorySpanExporter,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    peer = Peer(bus, node.placement, ids.room_id(ids.mint()))
    transport_id, _ = await peer.create_transport("send")
    producer_id = await peer.produce(transport_id, TRACK)
    ours = new_end("127.0.0.1", 9)
    asked = request(peer, producer_id, ours)
    opened = await peer.request(asked)
    assert isinstance(opened, PipeOpened)
    assert opened.end is not None
    refused = (
        (request(peer, ids.mint(), ours), ErrorCode.NOT_FOUND),
        (asked.model_copy(update={"link_id": ids.mint(), "offer": wrong(asked, public_key="AAAA")}), INVALID),
        (asked.model_copy(update={"link_id": ids.mint(), "offer": wrong(asked, public_key=LOW_ORDER)}), INVALID),
        (asked.model_copy(update={"link_id": ids.mint(), "offer": wrong(asked, ip="nowhere")}), INVALID),
    )
    for message, code in refused:
        with pytest.raises(HubbubError) as caught:
            await peer.request(message)
        assert caught.value.code is code
    finished = traces.get_finished_spans()
    assert {span.name for span in finished} >= {"send pipe.open", "process pipe.open"}
    told = capfd.readouterr()
    sent = (asked.model_dump_json(), opened.model_dump_json())
    seen = "\n".join([*sent, *(span.to_json() for span in finished), caplog.text, told.out, told.err])
    link = agree(asked.link_id, ours, opened.end)
    for secret in (
        base64.b64encode(ours.private_key.private_bytes_raw()).decode(),
        base64.b64encode(link.inbound).decode(),
        base64.b64encode(link.outbound).decode(),
        link.addresses.ice.pwd,
        link.addresses.remote_ice.pwd,
    ):
        assert secret not in seen


INVALID = ErrorCode.INVALID_ARGUMENT
LOW_ORDER = base64.b64encode(bytes(32)).decode()
"""A point with which everybody has the same in common."""


def wrong(message: OpenPipe, **changed: str) -> object:
    return message.offer.model_copy(update=changed)

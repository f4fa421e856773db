"""The bitrate limits of the environment reach the workers, each as what it is."""

import asyncio
from typing import Any

import pytest

from hubbub_media_core import MediaCore, commands
from hubbub_media_core._native import WorkerPool
from hubbub_media_core.specs import (
    CodecMapping,
    ConsumerSpec,
    EncodingSpec,
    ExtensionMapping,
    IceCredentials,
    ProducerSpec,
)
from hubbub_media_node.bootstrap import _open_core
from hubbub_media_node.settings import Settings

MIN, INITIAL, MAX, INCOMING = 40_000, 500_000, 3_000_000, 800_000
LIMITS = {
    "MIN_OUTGOING_BITRATE": MIN,
    "INITIAL_OUTGOING_BITRATE": INITIAL,
    "MAX_OUTGOING_BITRATE": MAX,
    "MAX_INCOMING_BITRATE": INCOMING,
}
VP8 = CodecMapping(
    codec="video/VP8", clock_rate=90_000, payload_type=96, rtx_payload_type=97, router_payload_type=101, nack=True
)
PRODUCER = ProducerSpec(kind="video", codecs=(VP8,), encodings=(EncodingSpec(ssrc=1),), extensions=(), feedback="none")
TRANSPORT_CC = ExtensionMapping(kind="transport_cc", id=1)
CONSUMER = ConsumerSpec(
    kind="video",
    mid="0",
    codecs=(VP8,),
    ssrc=7,
    rtx_ssrc=8,
    cname="c",
    extensions=(TRANSPORT_CC,),
    feedback="transport-cc",
)


def open_core(monkeypatch: pytest.MonkeyPatch, **limits: int) -> MediaCore:
    for name, value in limits.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setenv("RTC_MIN_PORT", "0")  # the system chooses
    monkeypatch.setenv("RTC_TCP", "false")
    return _open_core(Settings(), "127.0.0.1")


async def transport_stats(core: MediaCore) -> dict[str, object]:
    """Of a client that receives a video and has not returned any feedback yet."""
    await core.call(0, commands.CreateRouter(router=1))
    for transport in (1, 2):
        ice = IceCredentials(ufrag=f"ufrag{transport}", pwd="a password of 22 bytes")
        await core.call(0, commands.CreateTransport(transport=transport, router=1, ice=ice))
    await core.call(0, commands.CreateProducer(producer=1, transport=1, spec=PRODUCER))
    await core.call(0, commands.CreateConsumer(consumer=1, transport=2, producer=1, spec=CONSUMER))
    return await core.call(0, commands.TransportStats(transport=2))


async def test_each_limit_has_its_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    core = open_core(monkeypatch, **LIMITS)
    async with core:
        stats = await transport_stats(core)
        assert stats["available_outgoing_bitrate"] == INITIAL
        assert stats["max_outgoing_bitrate"] == MAX
        assert stats["max_incoming_bitrate"] == INCOMING
        async with asyncio.timeout(20):
            while core.counters()[0]["max_outgoing_bitrate"] != MAX:  # a worker publishes its counters now and then
                await asyncio.sleep(0.005)


async def test_no_estimate_is_below_the_lowest(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_core(monkeypatch, **{**LIMITS, "INITIAL_OUTGOING_BITRATE": MIN // 2}) as core:
        assert (await transport_stats(core))["available_outgoing_bitrate"] == MIN


async def test_the_workers_get_each_limit_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the first feedback, the lowest and the first estimate have the same effect: the higher one counts."""
    passed: dict[str, object] = {}

    def record(sockets: list[tuple[str, int]], **options: Any) -> WorkerPool:
        passed.update(options)
        return WorkerPool(sockets, **options)

    monkeypatch.setattr("hubbub_media_core.core.WorkerPool", record)
    async with open_core(monkeypatch, **LIMITS):
        assert {name.upper(): passed[name.lower()] for name in LIMITS} == LIMITS

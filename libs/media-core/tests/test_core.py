"""The asyncio API: order, failures and close."""

import asyncio
import logging
import threading
from collections.abc import Mapping
from typing import Any

import pytest

from hubbub_media_core import CoreError, MediaCore, events
from hubbub_media_core.commands import CloseRouter, CreateRouter, CreateTransport
from hubbub_media_core.events import Event, TransportClosed
from hubbub_media_core.specs import IceCredentials


async def make_two_transports(core: MediaCore) -> None:
    await core.call(0, CreateRouter(router=1))
    for transport in (1, 2):
        ice = IceCredentials(ufrag=f"ufrag{transport}", pwd="a password of 22 bytes")
        await core.call(0, CreateTransport(transport=transport, router=1, ice=ice))


async def test_events_after_a_failing_handler_are_delivered(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[Event] = []

    def handle(_worker: int, event: Event) -> None:
        seen.append(event)
        raise RuntimeError("a bug")

    async with MediaCore([("127.0.0.1", 0)]) as core:
        core.subscribe(handle)
        await make_two_transports(core)
        with caplog.at_level(logging.ERROR):
            await core.call(0, CloseRouter(router=1))
    assert {event.transport for event in seen if isinstance(event, TransportClosed)} == {1, 2}
    assert len(caplog.records) == 2


async def test_events_after_a_malformed_one_are_delivered(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Event] = []
    parse, malformed = events.parse, list[str]()

    def parse_all_but_one(wire: Mapping[str, Any]) -> Event:
        if wire["type"] == "transport_closed" and not malformed:
            malformed.append("first")
            raise KeyError("a type of another version")
        return parse(wire)

    async with MediaCore([("127.0.0.1", 0)]) as core:
        core.subscribe(lambda _, event: seen.append(event))
        await make_two_transports(core)
        monkeypatch.setattr("hubbub_media_core.core.parse", parse_all_but_one)
        with caplog.at_level(logging.ERROR):
            await core.call(0, CloseRouter(router=1))
    assert malformed
    assert len([event for event in seen if isinstance(event, TransportClosed)]) == 1
    assert len(caplog.records) == 1


async def test_pending_commands_fail_although_the_close_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    core = MediaCore([("127.0.0.1", 0)])
    release = threading.Event()
    shutdown = core._pool.shutdown

    class SlowPool:
        def shutdown(self) -> None:
            release.wait()
            shutdown()

        def __getattr__(self, name: str) -> Any:
            return getattr(pool, name)

    pool = core._pool
    monkeypatch.setattr(core, "_pool", SlowPool())
    pending = asyncio.create_task(core.call(0, CreateRouter(router=1)))
    closing = asyncio.create_task(core.close())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait({closing})
    with pytest.raises(CoreError):
        await pending
    release.set()


async def test_commands_are_executed_in_order() -> None:
    async with MediaCore([("127.0.0.1", 0)]) as core:
        for router in range(100):
            core.send(0, CreateRouter(router=router))
            core.send(0, CloseRouter(router=router))
        await core.call(0, CreateRouter(router=1))


async def test_each_worker_has_its_own_routers() -> None:
    async with MediaCore([("127.0.0.1", 0), ("127.0.0.1", 0)]) as core:
        await core.call(0, CreateRouter(router=1))
        await core.call(1, CreateRouter(router=1))
        assert len({port for _, port in core.addresses}) == 2


async def test_pending_and_later_commands_fail_after_close() -> None:
    core = MediaCore([("127.0.0.1", 0)])
    awaited = asyncio.ensure_future(core.call(0, CreateRouter(router=1)))
    await asyncio.sleep(0)
    await core.close()
    with pytest.raises(CoreError, match="closed"):
        await awaited
    with pytest.raises(CoreError, match="closed"):
        core.send(0, CreateRouter(router=2))
    await core.close()


async def test_cancelled_call_does_not_affect_others() -> None:
    async with MediaCore([("127.0.0.1", 0)]) as core:
        abandoned = asyncio.ensure_future(core.call(0, CreateRouter(router=1)))
        await asyncio.sleep(0)
        abandoned.cancel()
        await core.call(0, CreateRouter(router=2))
        with pytest.raises(CoreError, match="already_exists"):
            await core.call(0, CreateRouter(router=1))


async def test_counters_include_routers_and_cpu_time() -> None:
    async with MediaCore([("127.0.0.1", 0)]) as core:
        await core.call(0, CreateRouter(router=1))
        async with asyncio.timeout(20):
            while core.counters()[0]["routers"] != 1:
                await asyncio.sleep(0.005)
        assert core.counters()[0]["cpu_seconds"] > 0
    assert core.counters() == []

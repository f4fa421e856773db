"""A question to all subscribers."""

from __future__ import annotations

import time
from typing import ClassVar

from hubbub_bus import Bus
from hubbub_contracts import ErrorCode, HubbubError, Model, Request


class Name(Model):
    """A subscriber's name."""

    name: str


class AskName(Request[Name]):
    """Asks for names."""

    verb: ClassVar[str] = "test.ask-name"


async def test_all_subscribers_answer(bus: Bus, subject: str) -> None:
    async def ann(_request: AskName) -> Name:
        return Name(name="ann")

    async def bob(_request: AskName) -> Name:
        return Name(name="bob")

    async def broken(_request: AskName) -> Name:
        raise HubbubError(ErrorCode.UNAVAILABLE, "no")

    endpoints = [await bus.serve(subject, AskName, handler) for handler in (ann, bob, broken)]
    replies = await bus.gather(subject, AskName(), window=2.0)
    assert sorted(reply.name for reply in replies) == ["ann", "bob"]
    for endpoint in endpoints:
        await endpoint.stop()


async def test_without_subscribers_it_returns_at_once(bus: Bus, subject: str) -> None:
    started = time.monotonic()
    assert await bus.gather(subject, AskName(), window=20.0) == []
    assert time.monotonic() - started < 10.0

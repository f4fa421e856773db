"""Replies that are larger than one message."""

from __future__ import annotations

import asyncio
import time
from typing import ClassVar

import pytest
from nats.aio.msg import Msg

from hubbub_bus import Bus, NoResponders
from hubbub_bus.parts import MAX_PART_BYTES, MAX_PARTS, MAX_REPLY_BYTES, PART_BYTES, Assembler, split
from hubbub_contracts import ErrorCode, HubbubError, Model, Request


class Text(Model):
    """A long text."""

    text: str


class GetText(Request[Text]):
    """Asks for a text of `size` characters."""

    verb: ClassVar[str] = "test.get-text"
    chunked: ClassVar[bool] = True
    size: int


class GetShortText(GetText):
    """Accepts one message, as a caller of an older version does."""

    chunked: ClassVar[bool] = False


async def answer(message: GetText) -> Text:
    return Text(text="ü" * (message.size // 2))


@pytest.mark.parametrize("size", [10, PART_BYTES, MAX_PART_BYTES, 3 * 1024 * 1024, MAX_REPLY_BYTES - 64])
async def test_a_reply_of_any_size_up_to_the_limit_arrives(bus: Bus, subject: str, size: int) -> None:
    await bus.serve(subject, GetText, answer)
    assert await bus.request(subject, GetText(size=size), timeout=10) == await answer(GetText(size=size))


async def test_a_reply_over_the_limit_is_too_large(bus: Bus, subject: str) -> None:
    await bus.serve(subject, GetText, answer)
    with pytest.raises(HubbubError) as caught:
        await bus.request(subject, GetText(size=MAX_REPLY_BYTES), timeout=10)
    assert caught.value.code is ErrorCode.TOO_LARGE


async def test_a_caller_that_accepts_one_message_gets_one(bus: Bus, subject: str) -> None:
    await bus.serve(subject, GetText, answer)
    short = GetShortText(size=PART_BYTES + 2)
    assert await bus.request(subject, short) == await answer(short)
    with pytest.raises(HubbubError) as caught:
        await bus.request(subject, GetShortText(size=2 * 1024 * 1024))
    assert caught.value.code is ErrorCode.TOO_LARGE


async def test_concurrent_replies_in_parts_do_not_mix(bus: Bus, subject: str) -> None:
    await bus.serve(subject, GetText, answer)
    sizes = [1_000_000 + 1_000 * number for number in range(8)]
    replies = await asyncio.gather(*(bus.request(subject, GetText(size=size), timeout=10) for size in sizes))
    assert [2 * len(reply.text) for reply in replies] == sizes


async def test_a_subject_without_a_responder_fails_at_once(bus: Bus, subject: str) -> None:
    started = time.monotonic()
    with pytest.raises(NoResponders):
        await bus.request(subject, GetText(size=1), timeout=30)
    assert time.monotonic() - started < 10


async def test_a_reply_that_stays_incomplete_is_deadline_exceeded(bus: Bus, subject: str) -> None:
    async def send_first_part(message: Msg) -> None:
        await bus.connection.client.publish(message.reply, b'{"te', headers={"Hubbub-Part": "1/2"})

    await bus.connection.client.subscribe(subject, cb=send_first_part)
    with pytest.raises(HubbubError) as caught:
        await bus.request(subject, GetText(size=1), timeout=0.2)
    assert caught.value.code is ErrorCode.DEADLINE_EXCEEDED


@pytest.mark.parametrize("part", ["2/3", "x", "1", "0/2", f"1/{MAX_PARTS + 1}", "1/0"])
async def test_a_malformed_part_is_internal(bus: Bus, subject: str, part: str) -> None:
    async def send(message: Msg) -> None:
        await bus.connection.client.publish(message.reply, b"{}", headers={"Hubbub-Part": part})

    await bus.connection.client.subscribe(subject, cb=send)
    with pytest.raises(HubbubError) as caught:
        await bus.request(subject, GetText(size=1))
    assert caught.value.code is ErrorCode.INTERNAL


def test_the_parts_of_a_reply_are_assembled_in_their_order_only() -> None:
    payload = bytes(range(256)) * (PART_BYTES // 100)
    parts = [(part, part_headers["Hubbub-Part"]) for part, part_headers in split(payload, MAX_PARTS)]
    assert [header for _, header in parts] == ["1/3", "2/3", "3/3"]
    assembler = Assembler()
    assert [assembler.add(*part) for part in parts] == [None, None, payload]
    repeated = Assembler()
    repeated.add(*parts[0])
    with pytest.raises(ValueError, match="after 1 of 3"):
        repeated.add(*parts[0])


@pytest.mark.parametrize(
    ("size", "max_parts", "count"),
    [
        (PART_BYTES, MAX_PARTS, 1),
        (PART_BYTES + 1, MAX_PARTS, 2),
        (MAX_PARTS * PART_BYTES, MAX_PARTS, MAX_PARTS),
        (MAX_PARTS * PART_BYTES + 1, MAX_PARTS, MAX_PARTS),
        (MAX_REPLY_BYTES, MAX_PARTS, MAX_PARTS),
        (MAX_REPLY_BYTES + 1, MAX_PARTS, 1),
        (2 * MAX_PART_BYTES, 2, 2),
        (2 * MAX_PART_BYTES + 1, 2, 1),
        (MAX_PART_BYTES, 1, 1),
    ],
)
def test_parts_are_small_but_no_more_than_the_caller_accepts(size: int, max_parts: int, count: int) -> None:
    parts = split(bytes(size), max_parts)
    assert len(parts) == count
    assert sum(len(part) for part, _ in parts) == size
    if count > 1:
        assert max(len(part) for part, _ in parts) <= max(PART_BYTES, -(-size // count)) <= MAX_PART_BYTES

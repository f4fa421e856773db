"""Replies that are larger than one message: the responder splits them, the caller puts them together.

The caller states how many parts it accepts. A responder of an older version sends one message, which is a whole reply.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from . import headers

PART_BYTES = 64 * 1024
"""Of parts, while there are few. The client library copies each message several times; beyond 128 KiB, the memory of
each copy comes from the kernel and goes back, which costs several times as much as the copy."""
MAX_PART_BYTES = 512 * 1024
"""Half of the largest message that a NATS server accepts by default."""
MAX_REPLY_BYTES = 16 * 1024 * 1024
MAX_PARTS = MAX_REPLY_BYTES // MAX_PART_BYTES
"""Also the number of messages that the NATS server lets a service answer with (`allow_responses`)."""
_NO_RESPONDERS = "503"


def split(payload: bytes, max_parts: int) -> list[tuple[bytes, dict[str, str]]]:
    """Returns the messages of a reply with their headers; one without headers for a small reply or too few parts."""
    count = min(-(-len(payload) // PART_BYTES), max_parts)
    if count < 2 or len(payload) > count * MAX_PART_BYTES:
        return [(payload, {})]
    size = -(-len(payload) // count)
    parts = [payload[start : start + size] for start in range(0, len(payload), size)]
    return [(part, {headers.PART: f"{number}/{count}"}) for number, part in enumerate(parts, 1)]


class Assembler:
    """The parts of one reply."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._count = 0

    def add(self, data: bytes, part: str | None) -> bytes | None:
        """Adds a message with its PART header; returns the reply once it is complete.

        Raises ValueError when the message is not the next part, or when there would be too many.
        """
        number, count = (1, 1) if part is None else map(int, part.split("/"))
        if not self._parts:
            self._count = count
        if number != len(self._parts) + 1 or count != self._count or not number <= count <= MAX_PARTS:
            raise ValueError(f"part {part} after {len(self._parts)} of {self._count} parts")
        self._parts.append(data)
        return b"".join(self._parts) if number == count else None


async def request_in_parts(
    client: Client, subject: str, payload: bytes, timeout: float, message_headers: Mapping[str, str]
) -> bytes:
    """Sends a request and returns its reply of up to MAX_REPLY_BYTES, which may consist of several messages.

    Raises ValueError for a malformed reply, TimeoutError after `timeout` seconds, and nats-py's errors.
    """
    assembler = Assembler()
    complete: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def receive(message: Msg) -> None:
        if complete.done():
            return
        received = message.headers or {}
        if not message.data and received.get("Status") == _NO_RESPONDERS:
            complete.set_exception(nats.errors.NoRespondersError())
            return
        try:
            reply = assembler.add(message.data, received.get(headers.PART))
        except ValueError as error:
            complete.set_exception(error)
            return
        if reply is not None:
            complete.set_result(reply)

    inbox = client.new_inbox()
    subscription = await client.subscribe(inbox, cb=receive)
    try:
        async with asyncio.timeout(timeout):
            await client.publish(
                subject, payload, reply=inbox, headers={**message_headers, headers.MAX_PARTS: str(MAX_PARTS)}
            )
            return await complete
    finally:
        with contextlib.suppress(nats.errors.Error):
            await subscription.unsubscribe()

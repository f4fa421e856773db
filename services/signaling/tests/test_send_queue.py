"""The queue of packets that wait for one client."""

from __future__ import annotations

import asyncio

import pytest
from engineio.packet import MESSAGE, PING, Packet

from hubbub_signaling.adapters.send_queue import MAX_BATCH, MAX_WAITING, SendQueue


def message(size: int) -> Packet:
    return Packet(MESSAGE, "x" * size)


def take_batch(queue: SendQueue) -> int:
    """Takes packets as python-engineio does. Returns their number."""
    taken = 0
    try:
        while True:
            queue.get_nowait()
            taken += 1
    except asyncio.QueueEmpty:
        return taken


def test_waiting_bytes_are_those_of_the_queued_packets() -> None:
    queue = SendQueue()
    for packet in (message(10), Packet(PING), None, message(5)):
        queue.put_nowait(packet)
    assert queue.waiting_bytes == 15
    queue.get_nowait()
    assert queue.waiting_bytes == 5


def test_a_batch_ends_at_its_limit() -> None:
    queue = SendQueue()
    for _ in range(10):
        queue.put_nowait(message(MAX_BATCH // 2))
    assert [take_batch(queue) for _ in range(6)] == [2, 2, 2, 2, 2, 0]
    assert queue.waiting_bytes == 0


async def test_get_starts_a_batch_even_if_another_reader_left_one_open() -> None:
    queue = SendQueue()
    for _ in range(2):
        queue.put_nowait(message(MAX_BATCH))
    queue.get_nowait()
    assert await queue.get() is not None


def test_a_queue_is_overfull_above_the_limit() -> None:
    queue = SendQueue()
    queue.put_nowait(message(MAX_WAITING))
    assert not queue.overfull
    queue.put_nowait(message(1))
    assert queue.overfull


def test_a_cleared_queue_is_empty() -> None:
    queue = SendQueue()
    for _ in range(3):
        queue.put_nowait(message(MAX_BATCH))
    queue.clear()
    assert queue.waiting_bytes == 0
    with pytest.raises(asyncio.QueueEmpty):
        queue.get_nowait()

"""The packets that a session sends to its client, in order and bounded."""

from __future__ import annotations

from hubbub_contracts.socket.room import RoomClosed
from hubbub_signaling.adapters.client_connection import ClientConnection
from hubbub_signaling.adapters.send_queue import MAX_WAITING, SendQueue

CLOSED = RoomClosed(reason="closed")


class Rig:
    """A connection with its queue; `ends` records how it was ended."""

    def __init__(self) -> None:
        self.queue = SendQueue()
        self.ends: list[str] = []
        self.connection = ClientConnection(
            self.queue, close=lambda: self.ends.append("close"), abort=lambda: self.ends.append("abort")
        )

    def answer(self, size: int) -> None:
        self.connection.acknowledger(1)({"text": "x" * size})


def test_packets_are_queued_in_order() -> None:
    rig = Rig()
    rig.connection.push(CLOSED)
    rig.connection.acknowledger(7)({"id": "1"})
    rig.connection.acknowledger(None)({"id": "2"})
    texts = [packet.data for packet in (rig.queue.get_nowait(), rig.queue.get_nowait()) if packet is not None]
    assert texts == ['2["roomClosed",{"reason":"closed"}]', '37[{"id":"1"}]']
    assert rig.queue.empty()


def test_a_client_that_does_not_read_is_aborted_once() -> None:
    rig = Rig()
    for _ in range(20):
        rig.answer(MAX_WAITING // 8)
    assert rig.ends == ["abort"]
    assert rig.queue.qsize() == 8


def test_nothing_is_queued_after_the_end() -> None:
    closed, stopped = Rig(), Rig()
    closed.connection.close()
    closed.connection.close()
    stopped.connection.stop()
    for rig in (closed, stopped):
        rig.connection.push(CLOSED)
        assert rig.queue.empty()
    assert (closed.ends, stopped.ends) == (["close"], [])

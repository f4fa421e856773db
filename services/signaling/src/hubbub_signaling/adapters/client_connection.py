"""A namespace of one client's socket, for its session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engineio import packet as engine
from socketio.packet import ACK, EVENT, Packet

from hubbub_contracts.socket.base import Push

from .send_queue import SendQueue


class ClientConnection:
    """Puts packets of one namespace into the client's bounded queue, in order. Implements `ClientSocket`."""

    def __init__(
        self, queue: SendQueue, close: Callable[[], None], abort: Callable[[], None], namespace: str = "/"
    ) -> None:
        """`close` ends the connection after the queue was sent, `abort` at once. Both return before it has ended."""
        self._queue = queue
        self._namespace = namespace
        self._event_head = f"{EVENT}" if namespace == "/" else f"{EVENT}{namespace},"
        self._close = close
        self._abort = abort
        self._ended = False

    def push(self, push: Push) -> None:
        """See `ClientSocket`."""
        self._send(self._event_head + push.encoded)

    def acknowledger(self, ack_id: int | None) -> Callable[[dict[str, Any]], None]:
        """The function that answers the event with this acknowledgement id; without an id it does nothing."""
        if ack_id is None:
            return lambda _answer: None
        return lambda answer: self._send(Packet(ACK, namespace=self._namespace, id=ack_id, data=[answer]).encode())

    def close(self) -> None:
        """See `ClientSocket`."""
        if not self._ended:
            self._ended = True
            self._close()

    def stop(self) -> None:
        """The connection has ended: nothing more can be sent."""
        self._ended = True

    def _send(self, packet: str) -> None:
        """Queues a Socket.IO packet without attachments."""
        if self._ended:
            return
        self._queue.put_nowait(engine.Packet(engine.MESSAGE, packet))
        if self._queue.overfull:
            self._ended = True
            self._abort()

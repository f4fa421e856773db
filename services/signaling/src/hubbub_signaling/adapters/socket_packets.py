"""Parsing of the Engine.IO and Socket.IO packets of clients, which may be hostile."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any

from engineio.async_drivers.asgi import WebSocket as AsgiWebSocket

from hubbub_contracts import ErrorCode, HubbubError

MAX_MESSAGE = 256 * 1024
"""Characters of one event. The largest legitimate one, with capabilities and appData, is far smaller."""
MAX_FRAME = 4 * 1024 * 1024
"""Bytes. A larger WebSocket frame closes the connection with code 1009; a smaller event is answered `too_large`."""

MAX_PACKETS = 16
"""Packets in the body of one POST of long polling."""

_ENGINE_IO_PACKET = re.compile(r"[12356]|4\d")
"""Close, ping, pong, upgrade, noop, or a message with a Socket.IO packet."""
_POSTED_PACKET = re.compile(r"[13]$|4\d")
"""Close, pong, or a message with a Socket.IO packet."""
_SEPARATOR = "\x1e"
_CONNECT = re.compile(r"0(?:(/[^,?]*)(?:\?[^,]*)?,?)?")
"""A CONNECT: type, and the namespace unless it is the default one."""
_EVENT_HEAD = re.compile(r"2(?:(/[^,?]*),)?(\d{0,9})(?=\[)")
"""An event: type, the namespace unless it is the default one, acknowledgement id, then a JSON array."""
DEFAULT_NAMESPACE = "/"


class PacketSocket(AsgiWebSocket):  # type: ignore[misc]
    """A WebSocket that accepts Engine.IO packets only. python-engineio fails on other frames and leaks the session.

    Each frame waits for its turn (`EngineServer.wait_turn`). Meanwhile nothing is read from the connection.
    """

    def __init__(self, handler: Callable[[PacketSocket], Awaitable[None]], server: Any) -> None:
        """See `AsgiWebSocket`. `server` is the `EngineServer`."""
        super().__init__(handler, server)
        self._server = server

    async def __call__(self, environ: dict[str, Any]) -> str:
        """Serves the connection of an ASGI scope."""
        self._scope = environ["asgi.scope"]
        answer: str = await super().__call__(environ)
        return answer

    async def wait(self) -> str | bytes:
        """The next frame. Raises OSError, which ends the connection, for a text frame that is not a packet."""
        frame: str | bytes = await super().wait()
        await self._server.wait_turn(self._scope, 1)
        if isinstance(frame, str) and not _ENGINE_IO_PACKET.match(frame):
            raise OSError("not an Engine.IO packet")
        return frame


def is_payload(body: bytes, connected: Collection[str]) -> bool:
    """Whether the body of a POST consists of packets that a client may post. python-engineio would accept others.

    `connected`: the namespaces that the client has opened before.
    """
    try:
        packets = body.decode().split(_SEPARATOR)
    except UnicodeDecodeError:
        return False
    if len(packets) > MAX_PACKETS:
        return False
    for packet in packets:
        if not _POSTED_PACKET.match(packet):
            return False
        data = packet[1:]
        if data and not _may_send(data, connected):
            return False
        connected = {*connected, *_opened(data)}
    return True


def count_packets(body: bytes) -> int:
    """How many packets the body of a POST has."""
    return body.count(_SEPARATOR.encode()) + 1


def _may_send(data: str, connected: Collection[str]) -> bool:
    """Whether this Socket.IO packet does not end the connection of its client."""
    if data.startswith("2"):
        head = parse_event_head(data)
        return head is not None and head.namespace in connected
    return is_connect_or_disconnect(data, connected)


@dataclass(frozen=True)
class EventHead:
    """The start of an event packet."""

    namespace: str
    ack_id: int | None
    """None: the client wants no acknowledgement."""
    length: int
    """Characters before the JSON array."""


def parse_event_head(data: str) -> EventHead | None:
    """None: the packet is malformed."""
    match = _EVENT_HEAD.match(data)
    if match is None:
        return None
    return EventHead(match[1] or DEFAULT_NAMESPACE, int(match[2]) if match[2] else None, match.end())


def parse_event(data: str, head: EventHead) -> tuple[str, object]:
    """The name and the payload of an event. Raises HubbubError."""
    if len(data) > MAX_MESSAGE:
        raise HubbubError(ErrorCode.TOO_LARGE, f"a message may have at most {MAX_MESSAGE} characters")
    try:
        parts = json.loads(data[head.length :], parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, "payload: not valid JSON, or nested too deeply") from error
    if not parts or not isinstance(parts[0], str):
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, "payload: an event needs a name")
    return parts[0], parts[1] if len(parts) > 1 else None


def is_connect_or_disconnect(data: str, connected: Collection[str]) -> bool:
    """Whether this is a Socket.IO packet that opens or closes a namespace.

    False for a second CONNECT of an open namespace: python-socketio would open a second session and leak the first.
    """
    return data[:1] in ("0", "1") and len(data) <= MAX_MESSAGE and not _opened(data) & set(connected)


def _opened(data: str) -> set[str]:
    """The namespace that this packet opens."""
    match = _CONNECT.match(data)
    return set() if match is None else {match[1] or DEFAULT_NAMESPACE}


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")

"""Requests for statistics, answered by the media node that hosts the peer."""

from __future__ import annotations

from typing import ClassVar

from ..base import NodeRequest
from ..rtc_stats import RoomTransports, StatsReport
from ..types import Id, RoomId


class ReadObjectStats(NodeRequest[StatsReport]):
    """Reads the counters of one object of a peer. Exactly one id is given."""

    verb: ClassVar[str] = "stats.read-object"
    room_id: RoomId
    peer_id: Id
    transport_id: Id | None = None
    producer_id: Id | None = None
    consumer_id: Id | None = None


class ReadRoomTransports(NodeRequest[RoomTransports]):
    """Reads the counters of all transports that a room has on the node, and its pipes from, to and within the node."""

    verb: ClassVar[str] = "stats.read-room"
    room_id: RoomId

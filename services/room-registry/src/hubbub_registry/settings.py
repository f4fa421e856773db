"""What an operator can set, by environment variables."""

from __future__ import annotations

from pydantic import Field

from hubbub_service import ServiceSettings


class Settings(ServiceSettings):
    """The registry's own settings, beside those of every service."""

    empty_room_ttl: float = Field(30.0, gt=0, description="Seconds that a room lives without peers.")
    reconnect_grace: float = Field(
        30.0, gt=0, description="Seconds after which the peers of a signaling instance that is gone are removed."
    )
    max_rooms: int = Field(10_000, gt=0, description="Rooms that there may be.")
    max_peers_per_room: int = Field(100, gt=0, description="Peers that a room may have.")
    max_producers_per_peer: int = Field(32, gt=0, description="Producers that a peer may have.")
    node_missed_beat: float = Field(0.35, gt=0, description="Seconds of a node's silence after which it is probed.")
    node_silence: float = Field(0.6, gt=0, description="Seconds of a node's silence after which it is dead.")
    bucket_replicas: int = Field(
        1, ge=1, le=5, description="Copies of each bucket in a NATS cluster; 3 to survive one."
    )
    request_concurrency: int = Field(512, gt=0, description="Requests of one kind that are handled at once.")

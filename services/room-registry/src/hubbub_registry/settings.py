"""The registry's settings, read from environment variables."""

from __future__ import annotations

from pydantic import Field

from hubbub_service import ServiceSettings

MAX_ROOM_BYTES = 2 * 1024 * 1024
"""As JSON in ASCII, a client gets three times as much with the acknowledgement of its join, which may have 8 MiB."""


class Settings(ServiceSettings):
    """The registry's own settings, in addition to those of every service."""

    empty_room_ttl: float = Field(
        30.0,
        gt=0,
        description="Seconds after which a room without peers is removed; at most 15 while nobody has joined it.",
    )
    reconnect_grace: float = Field(
        30.0, gt=0, description="Seconds after which the peers of a lost signaling instance are removed."
    )
    revocation_ttl: int = Field(
        2_592_000,
        ge=60,
        le=31_536_000,
        description="Seconds for which revocations of access tokens are kept: the longest lifetime of a token.",
    )
    max_rooms: int = Field(10_000, gt=0, description="Largest number of rooms.")
    max_peers_per_room: int = Field(100, gt=0, description="Largest number of participants in a room.")
    max_audience_per_room: int = Field(1_000, gt=0, description="Largest audience of a room.")
    room_peers_per_node: int = Field(
        800,
        ge=0,
        description="Peers of a room that share a media node. With more, or on a busy node, it gets another one. 0: a "
        "room stays on one node, for nodes that cannot reach each other.",
    )
    standby: bool = Field(
        True,
        description="Whether clients may prepare a second media node, which hosts them at once when theirs dies. There "
        "is none with `ROOM_PEERS_PER_NODE=0`.",
    )
    max_rooms_per_tenant: int | None = Field(
        None, gt=0, description="Largest number of rooms of a tenant; when not set, `MAX_ROOMS` alone holds."
    )
    max_peers_per_tenant: int | None = Field(
        None,
        gt=0,
        description="Largest number of participants in all rooms of a tenant and their audiences; unlimited when not "
        "set.",
    )
    max_transports_per_tenant: int | None = Field(
        None, gt=0, description="Largest number of transports in all rooms of a tenant; unlimited when not set."
    )
    max_consumers_per_tenant: int | None = Field(
        None, gt=0, description="Largest number of consumers in all rooms of a tenant; unlimited when not set."
    )
    max_incoming_bitrate_per_tenant: int | None = Field(
        None,
        gt=0,
        description="Bitrate that all rooms of a tenant receive, bit/s, above which new tracks are refused; unlimited "
        "when not set.",
    )
    max_producers_per_room: int = Field(1_000, gt=0, description="Largest number of producers in a room.")
    max_waiting_per_room: int = Field(50, gt=0, description="Largest number of peers that wait in a room's lobby.")
    max_producers_per_peer: int = Field(32, gt=0, description="Largest number of producers of a peer.")
    max_room_bytes: int = Field(
        MAX_ROOM_BYTES,
        gt=0,
        le=MAX_ROOM_BYTES,
        description="Largest size of a room's records in bytes: names and `appData` of its peers and producers.",
    )
    node_missed_beat: float = Field(
        0.25, gt=0, description="Seconds without a heartbeat after which a media node is probed."
    )
    node_silence: float = Field(
        1.0, gt=0, description="Seconds without a heartbeat after which a media node is considered dead."
    )
    bucket_replicas: int = Field(
        1, ge=1, le=5, description="Copies of each bucket in a NATS cluster; 3 tolerate the loss of one server."
    )
    request_concurrency: int = Field(512, gt=0, description="Requests of one kind that are handled concurrently.")

"""Settings, from environment variables."""

from __future__ import annotations

import ipaddress
import os
from typing import Self

from pydantic import Field, field_validator, model_validator

from hubbub_contracts import ids
from hubbub_contracts.types import NodeId, Region
from hubbub_service import ServiceSettings

from .domain.announced_addresses import parse_announced
from .domain.plain_access import parse_networks


def _cores() -> int:
    return len(os.sched_getaffinity(0))


class Settings(ServiceSettings):
    """The settings of a media node, besides those of every service."""

    node_id: NodeId = Field(default_factory=ids.mint, description="Id of this node; random by default.")
    region: Region | None = Field(
        None,
        description="Where this node is, such as `eu-west`: 1 to 32 of `a-z`, `0-9` and `-`. Clients of a region get a "
        "node of it as long as one takes work.",
    )
    rtc_min_port: int = Field(
        40000, ge=0, le=65535, description="First port for media, UDP and TCP. 0: the system chooses."
    )
    rtc_max_port: int = Field(40100, ge=0, le=65535, description="Last port for media.")
    rtc_tcp: bool = Field(
        True,
        description="Accept media over TCP at the same port numbers, for clients whose network blocks UDP.",
    )
    rtc_listen_ip: str | None = Field(
        None,
        description="Address to receive media on: `::` for all IPv4 and IPv6 addresses, `0.0.0.0` for all IPv4 "
        "addresses. Default: the announced address if there is exactly one and it is this machine's, else all.",
    )
    announced_ip: str | None = Field(
        None,
        description="Where clients reach this node: IPv4 and IPv6 addresses and host names, comma-separated, most "
        "preferred first. Host names are resolved at the start and every 30 s. Default: the addresses of the first "
        "network interface, and the loopback address.",
    )
    internal_ip: str | None = Field(
        None,
        description="IP address at which other media nodes reach the media ports of this one, for rooms that are on "
        "several nodes. Default: the first address that clients get.",
    )
    plain_min_port: int = Field(
        41000,
        ge=0,
        le=65535,
        description="First UDP port for plain transports (RTP to and from servers). 0: the system chooses.",
    )
    plain_max_port: int = Field(41999, ge=0, le=65535, description="Last port for plain transports.")
    plain_listen_ip: str = Field(
        "127.0.0.1",
        description="Address to receive plain RTP on: `::` for all IPv4 and IPv6 addresses, `0.0.0.0` for all IPv4 "
        "addresses.",
    )
    plain_announced_ip: str | None = Field(
        None,
        description="Address that servers are told to send plain RTP to. Default: `PLAIN_LISTEN_IP`, or if that means "
        "all addresses, the first one for media.",
    )
    plain_allowed_nets: str = Field(
        "",
        description="Networks with which plain transports exchange media without SRTP, besides loopback: "
        "comma-separated, such as `10.0.0.0/8`. With SRTP every address is allowed.",
    )
    workers: int = Field(
        default_factory=_cores,
        ge=1,
        le=256,
        description="Worker threads, each with a port. Default: one per CPU core.",
    )
    room_peers_per_worker: int = Field(
        200,
        ge=1,
        description="Peers of a room that share a worker. With more, or on a busy worker, it gets another one.",
    )
    room_fan_out: int = Field(
        8,
        ge=1,
        description="Other nodes to which a node sends a producer. A room on more nodes passes producers on by a tree.",
    )
    pin_workers: bool = Field(False, description="Pin each worker to a CPU core of its own.")
    max_node_bitrate: int | None = Field(
        None,
        gt=0,
        description="Bitrate that this node can send, and also receive, bit/s, without headers of UDP and IP: 80 % of "
        "what its network carries. From 70 % of it on, the node is busy: rooms get another one. When not set, the CPU "
        "time of its workers alone decides.",
    )
    max_node_packets: int | None = Field(
        None,
        gt=0,
        description="Packets that this node can receive and send in a second, where its network limits them. From 70 % "
        "of it on, the node is busy.",
    )
    max_incoming_bitrate: int | None = Field(
        None, gt=0, description="Bitrate that each client is asked not to exceed, bit/s; unlimited by default."
    )
    min_outgoing_bitrate: int = Field(
        30_000, gt=0, description="Lowest estimate of the bitrate that a client can receive, bit/s."
    )
    initial_outgoing_bitrate: int = Field(
        600_000, gt=0, description="Estimate of the bitrate that a client can receive before its first feedback, bit/s."
    )
    max_outgoing_bitrate: int = Field(
        100_000_000, gt=0, description="Highest estimate of the bitrate that a client can receive, bit/s."
    )
    max_ingress_bitrate: int = Field(
        50_000_000,
        gt=0,
        description="Bitrate above which the media of one transport is dropped, bit/s: a limit against abuse.",
    )
    handshake_timeout: float = Field(
        15.0, gt=0, description="Seconds that ICE and DTLS may take before the transport is closed."
    )
    consent_timeout: float = Field(
        30.0, gt=0, description="Seconds after which the transport of a silent client is closed (RFC 7675)."
    )
    confirmation_timeout: float = Field(
        10.0, gt=0, description="Seconds after which a peer or producer that its room does not contain is closed."
    )
    drain_timeout: float = Field(
        30.0,
        ge=0,
        description="Seconds that a node which is stopped in order (SIGTERM, `hubbub drain`) waits at most for its "
        "peers to make transports on other nodes. It waits only for clients that can do so before the old ones end.",
    )
    last_n_audio: int = Field(
        4,
        ge=0,
        le=32,
        description="Microphones that are forwarded in a room at the same time, the loudest ones. 0: all. Screen sound "
        "and audio without levels (RFC 6464) are always forwarded and do not count.",
    )
    max_transports_per_peer: int = Field(8, ge=1, description="Maximum number of transports per peer.")
    max_producers_per_peer: int = Field(32, ge=1, description="Maximum number of producers per peer.")
    max_consumers_per_peer: int = Field(512, ge=1, description="Maximum number of consumers per peer.")

    @field_validator("plain_allowed_nets")
    @classmethod
    def _nets_are_networks(cls, value: str) -> str:
        parse_networks(value)
        return value

    @field_validator("rtc_listen_ip", "internal_ip", "plain_listen_ip", "plain_announced_ip")
    @classmethod
    def _listen_is_an_address(cls, value: str | None) -> str | None:
        return None if value is None else str(ipaddress.ip_address(value.strip()))

    @field_validator("announced_ip")
    @classmethod
    def _announced_are_addresses(cls, value: str | None) -> str | None:
        if value is not None:
            parse_announced(value)
        return value

    @model_validator(mode="after")
    def _ports_are_a_range(self) -> Self:
        if 0 < self.rtc_max_port < self.rtc_min_port:
            raise ValueError("RTC_MAX_PORT is lower than RTC_MIN_PORT")
        if self.plain_max_port < self.plain_min_port:
            raise ValueError("PLAIN_MAX_PORT is lower than PLAIN_MIN_PORT")
        return self

    @property
    def announced(self) -> list[str]:
        """The addresses and host names of `announced_ip`, most preferred first."""
        return parse_announced(self.announced_ip) if self.announced_ip else []

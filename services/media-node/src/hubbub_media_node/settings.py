"""What an operator can set, by environment variables."""

from __future__ import annotations

import ipaddress
import os
from typing import Self

from pydantic import Field, field_validator, model_validator

from hubbub_contracts import ids
from hubbub_contracts.types import NodeId
from hubbub_service import ServiceSettings

from .domain.announced import parse_announced


def _cores() -> int:
    return len(os.sched_getaffinity(0))


class Settings(ServiceSettings):
    """A media node's own settings, beside those of every service."""

    node_id: NodeId = Field(default_factory=ids.mint, description="Name of this node; random when not set.")
    rtc_min_port: int = Field(
        40000, ge=0, le=65535, description="First port for media, by UDP and TCP; 0: any free ones."
    )
    rtc_max_port: int = Field(40100, ge=0, le=65535, description="Last port for media.")
    rtc_tcp: bool = Field(
        True,
        description="Clients whose network lets no UDP through may connect by TCP, at the same port numbers.",
    )
    rtc_listen_ip: str | None = Field(
        None,
        description="Address that media is received on; `::` is every one of IPv4 and IPv6, `0.0.0.0` every one of "
        "IPv4. When not set, the announced one if it is a single one of this machine, else every address.",
    )
    announced_ip: str | None = Field(
        None,
        description="What clients reach this node at: addresses of IPv4 and IPv6 and host names, comma-separated, the "
        "best first. A host name is looked up at the start and every 30 s. When not set, the addresses of the first "
        "real interface and the loopback address.",
    )
    workers: int = Field(
        default_factory=_cores, ge=1, le=256, description="Worker threads, each with a port; one for each core."
    )
    pin_workers: bool = Field(False, description="Bind each worker to a core of its own.")
    max_incoming_bitrate: int | None = Field(
        None, gt=0, description="What each client is told to stay below, bit/s; no limit when not set."
    )
    handshake_timeout: float = Field(15.0, gt=0, description="Seconds that ICE and DTLS may take.")
    consent_timeout: float = Field(30.0, gt=0, description="Seconds that a client may be silent (RFC 7675).")
    confirmation_timeout: float = Field(
        10.0, gt=0, description="Seconds that a peer or producer may be unknown to its room before it is closed."
    )
    max_transports_per_peer: int = Field(8, ge=1, description="Transports that a peer may have.")
    max_producers_per_peer: int = Field(32, ge=1, description="Producers that a peer may have.")
    max_consumers_per_peer: int = Field(512, ge=1, description="Consumers that a peer may have.")

    @field_validator("rtc_listen_ip")
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
        return self

    @property
    def announced(self) -> list[str]:
        """The addresses and host names of `announced_ip`, the best first."""
        return parse_announced(self.announced_ip) if self.announced_ip else []

"""Where plain transports receive, and with whom they speak without SRTP."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hubbub_contracts.errors import ErrorCode, HubbubError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_LOOPBACK: Final = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


def parse_networks(text: str) -> tuple[Network, ...]:
    """The networks of a comma-separated list, and loopback. Raises ValueError."""
    listed = (ipaddress.ip_network(one.strip()) for one in text.split(",") if one.strip())
    return (*_LOOPBACK, *listed)


def specific_address(listening: str) -> str | None:
    """The address, unless it stands for all of this machine's."""
    return None if ipaddress.ip_address(listening).is_unspecified else listening


@dataclass(frozen=True, slots=True)
class PlainAccess:
    """The configuration of plain transports."""

    ip: str
    """The IP address that servers are told to send to."""
    networks: Sequence[Network] = _LOOPBACK
    """The only ones with which media is exchanged without SRTP."""

    def check_remote(self, ip: str, *, srtp: bool) -> str:
        """Returns the normalized address. Raises `invalid_argument`, and `not_allowed` without SRTP."""
        try:
            address = ipaddress.ip_address(ip)
        except ValueError:
            raise HubbubError(ErrorCode.INVALID_ARGUMENT, "ip: not an IP address") from None
        if address.is_unspecified or address.is_multicast:
            raise HubbubError(ErrorCode.INVALID_ARGUMENT, "ip: not the address of one host")
        if not srtp and not any(address in network for network in self.networks):
            raise HubbubError(
                ErrorCode.NOT_ALLOWED, "ip: without SRTP only loopback and PLAIN_ALLOWED_NETS are allowed"
            )
        return str(address)

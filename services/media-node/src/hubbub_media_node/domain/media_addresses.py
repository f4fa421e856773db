"""Addresses of other nodes' workers, as the core gets them."""

from __future__ import annotations

import ipaddress

from hubbub_contracts.bus.pipe import LinkEnd, MediaAddress
from hubbub_contracts.errors import ErrorCode, HubbubError


def is_at(address: LinkEnd | MediaAddress, remote: tuple[str, int]) -> bool:
    """Whether an address of the core, IP address and port, is this one."""
    ip, port = remote
    return port == address.port and ipaddress.ip_address(ip) == ipaddress.ip_address(address.ip)


def socket_address(of: LinkEnd | MediaAddress) -> str:
    """IP address and port in one text. Raises `invalid_argument`."""
    try:
        address = ipaddress.ip_address(of.ip)
    except ValueError:
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, "ip: not an IP address") from None
    if address.is_unspecified or address.is_multicast:
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, "ip: not the address of one host")
    return f"[{address}]:{of.port}" if address.version == 6 else f"{address}:{of.port}"

"""Parses ANNOUNCED_IP: IPv4 and IPv6 addresses and host names."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?", re.IGNORECASE)


def parse_announced(text: str) -> list[str]:
    """The comma-separated addresses and host names of `text`, each in canonical form. Raises ValueError."""
    return [_parse_one(part.strip()) for part in text.split(",")]


def is_address(announced: str) -> bool:
    """Whether `announced` is an IP address rather than a host name."""
    try:
        ipaddress.ip_address(announced)
    except ValueError:
        return False
    return True


def _parse_one(part: str) -> str:
    if not part:
        raise ValueError("there is an empty entry between commas")
    if is_address(part):
        address = ipaddress.ip_address(part)
        if address.is_unspecified or address.is_multicast:
            raise ValueError(f"{part} is not the address of a host")
        if isinstance(address, ipaddress.IPv6Address) and (address.is_link_local or address.scope_id):
            raise ValueError(f"{part} is a link-local address, which clients cannot reach")
        return str(address)
    name = part.removesuffix(".")
    labels = name.split(".")
    # A last label of digits only is a mistyped address (RFC 3696 section 2).
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        raise ValueError(f"{part!r} is neither an IP address nor a host name")
    return name.lower()

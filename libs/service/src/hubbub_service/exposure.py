"""Whether clients from elsewhere reach an installation, and whether it has the secrets that everybody knows."""

from __future__ import annotations

from ipaddress import ip_address


def is_loopback_host(host: str) -> bool:
    """Whether a server that listens on this address or name is reached from its machine only."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def why_published(address: str | None) -> str | None:
    """Why clients from elsewhere reach an installation in containers; None when they do not."""
    if address is None or is_loopback_host(address):
        return None
    return f"its port is published at {address}"


def unset_secrets(listed: str | None) -> list[str]:
    """The names without a value of a list `NAME=value,NAME=value`."""
    pairs = (part.partition("=") for part in (listed or "").split(","))
    return [name.strip() for name, _, value in pairs if name.strip() and not value.strip()]

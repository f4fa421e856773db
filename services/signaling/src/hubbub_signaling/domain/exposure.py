"""Decides whether only this machine reaches signaling, on which the default of AUTH depends.

Rules
- In a container, the address at which its port is published decides, not the one on which it listens.
- Otherwise the address on which it listens decides. A trusted proxy has clients from elsewhere.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from hubbub_service.exposure import is_loopback_host, why_published


def is_fetchable(url: str) -> bool:
    """Whether nobody in between can replace what is fetched from this URL."""
    parts = urlsplit(url)
    return bool(parts.hostname) and (parts.scheme.lower() == "https" or is_loopback_host(parts.hostname or ""))


def why_reachable(host: str, published_address: str | None, trusted_proxies: str | None) -> str | None:
    """Why clients from elsewhere may reach signaling; None when they cannot."""
    if published_address is not None:
        return why_published(published_address)
    if not is_loopback_host(host):
        return f"it listens on {host}"
    return "TRUSTED_PROXIES is set" if trusted_proxies else None

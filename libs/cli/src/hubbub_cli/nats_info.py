"""What a NATS server says of itself: the INFO line that it sends to whoever connects.

Source: NATS client protocol, "INFO" (the first line of a connection, before TLS and authorization).
"""

import json
import socket
import time
from typing import Any
from urllib.parse import urlsplit

MINIMUM_VERSION = (2, 11, 0)
"""The first server with a time to live per key, which leases are made of."""

_MAX_INFO = 64 * 1024


class NatsUnreachable(Exception):
    """No NATS server answers at the given address."""


class NatsTooOld(Exception):
    """The server lacks what leases need."""


def read_info(url: str, timeout: float) -> dict[str, Any]:
    """The INFO of the first server of `url` (comma-separated) that answers; blocks `timeout` seconds for each.

    Raises NatsUnreachable.
    """
    reasons: list[str] = []
    for address in url.split(","):
        parts = urlsplit(address.strip() if "://" in address else f"nats://{address.strip()}")
        host, port = parts.hostname or "127.0.0.1", parts.port or 4222
        try:
            return _read_info(host, port, timeout)
        except (OSError, ValueError) as error:
            reasons.append(f"{host}:{port}: {error}")
    raise NatsUnreachable(f"no NATS server answers: {'; '.join(reasons)}")


def wait_for_info(url: str, timeout: float) -> dict[str, Any]:
    """Like read_info, for a server that has just been started: tries for `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            return read_info(url, timeout=1.0)
        except NatsUnreachable:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)


def require_version(info: dict[str, Any]) -> None:
    """Raises NatsTooOld when the server is older than MINIMUM_VERSION or has no JetStream."""
    text = str(info.get("version", ""))
    if parse_version(text) < MINIMUM_VERSION:
        wanted = ".".join(map(str, MINIMUM_VERSION[:2]))
        raise NatsTooOld(f"NATS server {wanted} or newer is needed, this one is {text or 'unknown'}")
    if not info.get("jetstream", False):
        raise NatsTooOld("the NATS server runs without JetStream: start it with `-js`")


def parse_version(text: str) -> tuple[int, ...]:
    """`2.11.0-preview.1` is (2, 11, 0); what is no version is (0,), older than all."""
    numbers = text.partition("-")[0].split(".")
    return tuple(int(n) for n in numbers) if all(n.isdecimal() for n in numbers) else (0,)


def _read_info(host: str, port: int, timeout: float) -> dict[str, Any]:
    with socket.create_connection((host, port), timeout=timeout) as connection:
        connection.settimeout(timeout)
        line = b""
        while b"\r\n" not in line:
            chunk = connection.recv(4096)
            if not chunk or len(line) > _MAX_INFO:
                break
            line += chunk
    if not line.startswith(b"INFO "):
        raise ValueError("not a NATS server")
    info = json.loads(line[5:].split(b"\r\n")[0])
    if not isinstance(info, dict):
        raise ValueError("not a NATS server")  # noqa: TRY004 - what came is at fault, not our types
    return info

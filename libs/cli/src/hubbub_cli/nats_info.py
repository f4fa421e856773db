"""The INFO message of a NATS server.

Source: NATS client protocol, "INFO": the first line of a connection, sent before TLS and authorization.
"""

import json
import socket
import time
from typing import Any
from urllib.parse import urlsplit

MINIMUM_VERSION = (2, 11, 0)
"""The first version with a TTL per message, which leases need."""

_MAX_INFO = 64 * 1024


class NatsUnreachable(Exception):
    """No NATS server answers at the given address."""


class NatsTooOld(Exception):
    """The server lacks features that leases need."""


def read_info(url: str, timeout: float) -> dict[str, Any]:
    """The INFO of the first server in `url` (comma-separated) that answers.

    Blocks for at most `timeout` seconds per server. Raises NatsUnreachable.
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
    """Retries `read_info` for `timeout` seconds, for a server that has just been started. Raises NatsUnreachable."""
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
        raise NatsTooOld(f"NATS server {wanted} or newer is required, this one is {text or 'unknown'}")
    if not info.get("jetstream", False):
        raise NatsTooOld("the NATS server runs without JetStream: start it with `-js`")


def parse_version(text: str) -> tuple[int, ...]:
    """`2.11.0-preview.1` is (2, 11, 0). Text that is not a version is (0,), which is older than all versions."""
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
        raise ValueError("not a NATS server")  # noqa: TRY004 - the input is wrong, not a type of ours
    return info

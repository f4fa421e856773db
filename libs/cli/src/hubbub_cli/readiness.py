"""Checks over HTTP whether an installation is ready, as a load balancer does."""

import asyncio
import json
import ssl
from typing import Any
from urllib.parse import urlsplit

POLL_INTERVAL = 0.05
REQUEST_TIMEOUT = 2.0
_MAX_ANSWER = 1024 * 1024
# The child is reached over loopback, and its certificate may name other addresses only.
_UNVERIFIED = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_UNVERIFIED.check_hostname = False
_UNVERIFIED.verify_mode = ssl.CERT_NONE


async def get(url: str) -> tuple[int, Any]:
    """The status and the JSON body (None when it is not JSON) of a GET over HTTP or HTTPS.

    Certificates are not verified: for our own processes only. Raises OSError, TimeoutError.
    """
    parts = urlsplit(url)
    async with asyncio.timeout(REQUEST_TIMEOUT):
        tls = _UNVERIFIED if parts.scheme == "https" else None
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port, ssl=tls)
        try:
            writer.write(f"GET {parts.path or '/'} HTTP/1.0\r\nHost: {parts.netloc}\r\n\r\n".encode())
            answer = await _read_to_end(reader)
        finally:
            writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    fields = head.split(maxsplit=2)
    if len(fields) < 2 or not fields[1].isdigit():
        raise ConnectionError(f"{url} did not answer with HTTP")
    try:
        return int(fields[1]), json.loads(body)
    except ValueError:
        return int(fields[1]), None


async def is_ready(base_url: str, nodes: int) -> bool:
    """Whether this signaling instance is ready and the registry knows at least `nodes` media nodes."""
    try:
        status, readiness = await get(f"{base_url}/ready")
    except (OSError, TimeoutError):
        return False
    return status == 200 and isinstance(readiness, dict) and int(readiness.get("nodes", 0)) >= nodes


async def wait_until_ready(base_urls: list[str], nodes: int) -> None:
    """Returns once all instances are ready. There is no timeout: the caller sets one."""
    for url in base_urls:
        while not await is_ready(url, nodes):  # noqa: ASYNC110 - another process changes it
            await asyncio.sleep(POLL_INTERVAL)


async def _read_to_end(reader: asyncio.StreamReader) -> bytes:
    answer = b""
    while (chunk := await reader.read(65536)) and len(answer) < _MAX_ANSWER:
        answer += chunk
    return answer

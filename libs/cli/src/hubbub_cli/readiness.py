"""Whether an installation can take calls: asked over HTTP, as any load balancer would."""

import asyncio
import json
import ssl
from typing import Any
from urllib.parse import urlsplit

POLL_INTERVAL = 0.05
REQUEST_TIMEOUT = 2.0
_MAX_ANSWER = 1024 * 1024
# Our own child is asked over loopback, whose certificate names the address that the world knows.
_UNVERIFIED = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_UNVERIFIED.check_hostname = False
_UNVERIFIED.verify_mode = ssl.CERT_NONE


async def get(url: str) -> tuple[int, Any]:
    """Status and JSON body (None when it is none) of a GET from one of our own processes, by HTTP or HTTPS.

    Raises OSError, TimeoutError.
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
        raise ConnectionError(f"{url} did not answer in HTTP")
    try:
        return int(fields[1]), json.loads(body)
    except ValueError:
        return int(fields[1]), None


async def is_ready(base_url: str, nodes: int) -> bool:
    """Whether this signaling instance reaches bus and registry, and at least `nodes` media nodes are known."""
    try:
        status, _ = await get(f"{base_url}/ready")
        if status != 200:
            return False
        status, stats = await get(f"{base_url}/stats")
    except (OSError, TimeoutError):
        return False
    return status == 200 and isinstance(stats, dict) and int(stats.get("nodes", 0)) >= nodes


async def wait_until_ready(base_urls: list[str], nodes: int) -> None:
    """Returns once all of them are ready; the caller sets the limit."""
    for url in base_urls:
        while not await is_ready(url, nodes):  # noqa: ASYNC110 - another process changes it
            await asyncio.sleep(POLL_INTERVAL)


async def _read_to_end(reader: asyncio.StreamReader) -> bytes:
    answer = b""
    while (chunk := await reader.read(65536)) and len(answer) < _MAX_ANSWER:
        answer += chunk
    return answer

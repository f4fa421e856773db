"""The keys of access tokens that an identity provider publishes (RFC 7517), fetched off the path of requests.

Rules
- The last good set serves while the URL is down.
- A token of an unknown key makes signaling fetch the set again: once in a minute for all clients together.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import httpx
import structlog

from hubbub_access import KeySet, KeySetInvalid
from hubbub_access.key_set import MAX_SIZE
from hubbub_service import Tasks, report_failure

from ..domain.fetch_budget import FetchBudget

REFRESH_INTERVAL = 300.0
"""Seconds between two fetches that no token causes: a key that was withdrawn is not accepted any longer."""
RETRY_INTERVALS = (0.5, 60.0)
"""Seconds before the first and the last repetition of a failed fetch."""
UNKNOWN_KEY_INTERVAL = 60.0
FETCH_TIMEOUT = 10.0
"""Seconds."""
_log = structlog.get_logger(__name__)


class PublishedKeys:
    """Keeps the set current."""

    def __init__(self, url: str, issuer: str | None, on_keys: Callable[[KeySet], None]) -> None:
        """`issuer` is that of keys without `iss`. `on_keys` is called with each set that was fetched."""
        self._url = url
        self._issuer = issuer
        self._on_keys = on_keys
        self._budget = FetchBudget(UNKNOWN_KEY_INTERVAL)
        self._tasks = Tasks()
        self._wanted = asyncio.Event()
        self.known = False
        """Whether a set was fetched."""

    def start(self) -> None:
        """Fetches the set now, and again from time to time."""
        self._tasks.spawn(self._run(), "published-keys")

    async def stop(self) -> None:
        """Fetches no more."""
        await self._tasks.close()

    def on_unknown_key(self) -> bool:
        """Fetches the set again, unless that was done in the last minute. Returns whether a fetch is running."""
        if self._budget.take(asyncio.get_running_loop().time()):
            self._wanted.set()
        return self._wanted.is_set()

    async def _run(self) -> None:
        pause = RETRY_INTERVALS[0]
        while True:
            try:
                self._on_keys(await self._fetch())
                self.known, pause, wait = True, RETRY_INTERVALS[0], REFRESH_INTERVAL
            except (httpx.HTTPError, httpx.InvalidURL, KeySetInvalid, TimeoutError) as error:
                _log.warning("the keys of access tokens cannot be fetched", url=self._url, error=_text(error))
                wait, pause = pause, min(pause * 2, RETRY_INTERVALS[1])
            except Exception as error:  # noqa: BLE001  a bug must not end the renewal of keys
                report_failure("the keys of access tokens were not fetched", error)
                wait = RETRY_INTERVALS[1]
            self._wanted.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._wanted.wait()

    async def _fetch(self) -> KeySet:
        async with (
            asyncio.timeout(FETCH_TIMEOUT),
            httpx.AsyncClient(timeout=FETCH_TIMEOUT, headers={"Accept": "application/json"}) as client,
            client.stream("GET", self._url) as answer,
        ):
            answer.raise_for_status()
            body = bytearray()
            async for chunk in answer.aiter_bytes(64 * 1024):
                body += chunk
                if len(body) > MAX_SIZE:
                    raise KeySetInvalid(f"larger than {MAX_SIZE} bytes")
        return KeySet.parse_published(bytes(body), self._issuer)


def _text(error: Exception) -> str:
    return str(error) or type(error).__name__

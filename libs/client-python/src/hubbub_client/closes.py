"""Objects of one kind that this client has dropped: the server is asked to close each until it has answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from .errors import CallError


class Closes:
    """What is to be closed on the server."""

    def __init__(self, request: Callable[[str], Awaitable[object]]) -> None:
        """`request` asks the server to close one, by its id."""
        self._request = request
        self._pending: dict[str, None] = {}

    def add(self, *ids: str) -> None:
        """The next `perform` asks for these, too."""
        self._pending.update(dict.fromkeys(ids))

    async def perform(self) -> CallError | None:
        """Asks for all. Returns an error after which to ask again; what the server refuses for good is done."""
        return _first(await asyncio.gather(*(self._close(one) for one in list(self._pending))))

    async def _close(self, one: str) -> CallError | None:
        try:
            await self._request(one)
        except CallError as error:
            if error.retryable:
                return error
        self._pending.pop(one, None)
        return None


def _first(errors: Iterable[CallError | None]) -> CallError | None:
    return next((error for error in errors if error is not None), None)

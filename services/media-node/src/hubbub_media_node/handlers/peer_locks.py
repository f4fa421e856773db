"""One lock per peer: requests for the same peer run one after the other."""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary


class PeerLocks:
    """Creates locks on demand; a lock that nobody holds or awaits is garbage-collected.

    A repeated create waits for the first one and then returns its result.
    """

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    def of(self, room_id: str, peer_id: str) -> asyncio.Lock:
        """The peer's lock, for use with `async with`."""
        key = (room_id, peer_id)
        lock = self._locks.get(key)
        if lock is None:
            lock = self._locks[key] = asyncio.Lock()
        return lock

"""What all handlers share: the tables, the ports, and whether new work is taken."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakValueDictionary

from hubbub_contracts.errors import ErrorCode, HubbubError
from hubbub_media_core import CoreError
from hubbub_media_core.commands import Command

from ..domain.limits import Limits
from ..domain.ports import Core, DtlsEndpoints, Load, Notices, RoomFeeds, Watcher
from ..domain.tables import Tables

_CORE_ERRORS: dict[str, tuple[ErrorCode, bool]] = {
    "not_found": (ErrorCode.NOT_FOUND, True),
    "invalid_state": (ErrorCode.INVALID_STATE, False),
    "invalid_spec": (ErrorCode.INVALID_ARGUMENT, False),
    "limit_reached": (ErrorCode.QUOTA_EXCEEDED, False),
    "busy": (ErrorCode.UNAVAILABLE, True),
    "closed": (ErrorCode.UNAVAILABLE, True),
}
"""Whose fault a refused command is, and whether trying again may help. Any other is ours."""


@dataclass(slots=True)
class Node:
    """One life of this media node, as its handlers see it.

    Rules
    - Requests about one peer are handled one after the other: whoever repeats a create waits for the first.
    - `takes_work` answers no while the lease is not held or the node is going: then nothing new is made.
    """

    core: Core
    dtls: DtlsEndpoints
    notices: Notices
    feeds: RoomFeeds
    load: Load
    watcher: Watcher
    addresses: Sequence[str]
    """Where clients reach us, in order of preference."""
    tcp: bool
    """They may connect by TCP."""
    takes_work: Callable[[], bool]
    limits: Limits = field(default_factory=Limits)
    tables: Tables = field(default_factory=Tables)
    rooms_made: int = 0
    _locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = field(default_factory=WeakValueDictionary)

    def serial(self, room_id: str, peer_id: str) -> asyncio.Lock:
        """To be held while a request about this peer is handled."""
        key = (room_id, peer_id)
        lock = self._locks.get(key)
        if lock is None:
            lock = self._locks[key] = asyncio.Lock()
        return lock

    def require_work_taken(self) -> None:
        """Raises `unavailable` where nothing new is made."""
        if not self.takes_work():
            raise HubbubError(ErrorCode.UNAVAILABLE, "this node takes no new work now", retryable=True)

    async def call(self, worker: int, command: Command) -> dict[str, Any]:
        """Has the core execute a command. Raises HubbubError when it does not."""
        try:
            return await self.core.call(worker, command)
        except CoreError as error:
            code, retryable = _CORE_ERRORS.get(error.code, (ErrorCode.INTERNAL, False))
            raise HubbubError(code, f"{command.type}: {error.code}", retryable=retryable) from error
        except ValueError as error:
            # A number that passed for one in JSON and is none on the wire, such as a payload type of 0.0.
            raise HubbubError(ErrorCode.INVALID_ARGUMENT, f"{command.type}: {error}") from error

"""The context of the request handlers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from ..domain.ports import CaptionedRooms


@dataclass(frozen=True, slots=True)
class CaptionsContext:
    """The first argument of every handler."""

    rooms: CaptionedRooms
    server_id: str
    """This instance."""
    prepare: Callable[[], None]
    """Loads the transcribers, unless they are loaded. Raises HubbubError when that has failed."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Starts and stops are rare, and happen one at a time."""

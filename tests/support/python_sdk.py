"""Waits for participants and publications in a call of the Python SDK."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from hubbub_client import Call, RemoteParticipant, RemotePublication

WITHIN = 40.0
"""Seconds; a busy machine starts an interpreter slowly."""


async def until(condition: Callable[[], Any], within: float = WITHIN) -> Any:
    """Polls until `condition` is true. Raises TimeoutError."""
    async with asyncio.timeout(within):
        while not (found := condition()):
            await asyncio.sleep(0.01)
    return found


async def publication_of(call: Call, name: str, source: Any) -> RemotePublication:
    """Waits until the participant with this name publishes this source."""

    def find() -> RemotePublication | None:
        one = participant_of(call, name)
        return one.publications.get(source) if one else None

    found = await until(find)
    assert isinstance(found, RemotePublication)
    return found


def participant_of(call: Call, name: str) -> RemoteParticipant | None:
    """The participant with this name."""
    return next((one for one in call.participants.values() if one.name == name), None)

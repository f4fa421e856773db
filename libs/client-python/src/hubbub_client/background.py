"""Tasks that nobody waits for."""

from __future__ import annotations

import asyncio
from typing import Any


def retrieve_exception(task: asyncio.Future[Any]) -> None:
    """A done callback for a task whose failure was reported otherwise: asyncio would log it again."""
    if not task.cancelled():
        task.exception()

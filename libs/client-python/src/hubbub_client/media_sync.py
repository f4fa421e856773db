"""Reconciles the media whenever something changes, and again after errors that may pass."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from .background import BackgroundTasks
from .call_lifecycle import CallLifecycle
from .errors import CallError
from .media import Media

RETRY = 1.0


class MediaSync:
    """Runs the reconciliations of one call.

    Arguments:
        media: what to reconcile.
        lifecycle: of the call.
        tasks: those of the call.
        failed: called with the errors of what nobody waits for.
    """

    def __init__(
        self, media: Media, lifecycle: CallLifecycle, tasks: BackgroundTasks, failed: Callable[[CallError], None]
    ) -> None:
        self._media = media
        self._lifecycle = lifecycle
        self._tasks = tasks
        self._failed = failed

    async def run(self) -> None:
        """Retries later after a retryable error; raises any other CallError."""
        try:
            await self._media.sync()
        except CallError as error:
            if not error.retryable:
                raise
            self.run_later()

    async def run_and_report(self) -> None:
        """As `run`, without raising."""
        try:
            await self.run()
        except CallError as error:
            self._failed(error)

    def run_in_background(self) -> None:
        """As `run_and_report`, while there is a session."""
        if self._media.context.active:
            self._tasks.spawn(self.run_and_report())

    def run_later(self) -> None:
        """Unless the connection is another one by then."""
        is_current = self._lifecycle.present()

        async def sync() -> None:
            await asyncio.sleep(RETRY)
            if is_current():
                await self.run_and_report()

        self._tasks.spawn(sync())

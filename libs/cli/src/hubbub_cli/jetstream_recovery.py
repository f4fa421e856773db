"""Restarts the embedded NATS server after its disk was full.

After a failed write, a stream of a NATS server refuses all further ones until the server is restarted, also when there
is space again.
"""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

NO_SPACE = "no space left on device"
"""Part of the server's log lines about a failed write."""
CHECK_INTERVAL = 1.0
MIN_FREE = 4 * 1024 * 1024
"""Bytes of free space with which the server is restarted."""


class JetStreamRecovery:
    """Reads the server's log lines."""

    def __init__(
        self, store_dir: Path, restart: Callable[[], None], *, free_space: Callable[[Path], int] | None = None
    ) -> None:
        """`restart` ends the server, which its supervisor then starts again."""
        self._store_dir = store_dir
        self._restart = restart
        self._free_space = free_space or _free_space
        self._task: asyncio.Task[None] | None = None

    def on_output(self, text: str) -> None:
        """Handles one line. When a write has failed, waits for free space and restarts the server."""
        if NO_SPACE in text and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._recover(), name="jetstream-recovery")

    def stop(self) -> None:
        """Cancels a pending restart."""
        if self._task is not None:
            self._task.cancel()

    async def _recover(self) -> None:
        while self._free_space(self._store_dir) < MIN_FREE:  # noqa: ASYNC110 - other programs change it
            await asyncio.sleep(CHECK_INTERVAL)
        self._restart()


def _free_space(directory: Path) -> int:
    try:
        return shutil.disk_usage(directory).free
    except OSError:
        return 0  # the directory is missing, for example while its volume is not mounted

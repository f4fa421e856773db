"""Copies of the files of a NATS server, to go back to later."""

import asyncio
import shutil
from pathlib import Path


async def copy_store(store: Path, copy: Path) -> None:
    """Copies the store of a running server, which may replace a file meanwhile. Raises TimeoutError."""
    async with asyncio.timeout(10):
        while True:
            try:
                shutil.copytree(store, copy)
            except shutil.Error:
                shutil.rmtree(copy)
                await asyncio.sleep(0.1)
            else:
                return

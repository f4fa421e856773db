"""The embedded server is restarted after a failed write, once the disk has space."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from hubbub_cli.jetstream_recovery import NO_SPACE, JetStreamRecovery


async def eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


async def test_the_server_is_restarted_once_there_is_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hubbub_cli.jetstream_recovery.CHECK_INTERVAL", 0.01)
    free = 0
    restarts: list[int] = []
    recovery = JetStreamRecovery(tmp_path, lambda: restarts.append(free), free_space=lambda _: free)
    recovery.on_output("[1] 2026/01/01 00:00:00.000000 [INF] Server is ready")
    recovery.on_output(f"[1] 2026/01/01 00:00:00.000000 [ERR] {NO_SPACE}")
    recovery.on_output(f"[1] 2026/01/01 00:00:00.000000 [ERR] {NO_SPACE}")
    await asyncio.sleep(0.05)
    assert restarts == []
    free = 1 << 30
    await eventually(lambda: restarts == [1 << 30])
    recovery.on_output(f"[1] 2026/01/01 00:00:00.000000 [ERR] {NO_SPACE}")
    await eventually(lambda: len(restarts) == 2)
    recovery.stop()


async def test_missing_store_counts_as_full(tmp_path: Path) -> None:
    restarts: list[str] = []
    recovery = JetStreamRecovery(tmp_path / "unmounted", lambda: restarts.append("nats"))
    recovery.on_output(f"write error: {NO_SPACE}")
    await asyncio.sleep(0.05)
    assert restarts == []
    assert recovery._task is not None
    assert not recovery._task.done(), "it waits for the store"
    recovery.stop()

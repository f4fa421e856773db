"""The disk of the bus is full, then has space again: readiness reports it, calls continue, and joins recover."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.caller import Caller, rtp_capabilities
from support.client_socket import Refused
from support.pair import connected_pair
from support.supervised_installation import SupervisedInstallation

pytestmark = pytest.mark.chaos
SIZE = "24m"
NOT_READY_WITHIN = 30.0
RECOVERY = 60.0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of SIZE. Skips the test where mounting is not permitted."""
    directory = tmp_path / "small"
    directory.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", str(directory)], check=False)
    if mounted.returncode != 0:
        pytest.skip("mounting is not permitted here")
    yield directory
    subprocess.run(["umount", "--lazy", str(directory)], check=True)


def is_ready(url: str) -> bool:
    """Whether `/ready` answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=3) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


async def can_join(url: str, call_id: str) -> bool:
    """Whether a new room can be joined. A refusal must be retryable."""
    async with Caller(url) as caller:
        try:
            await caller.call("createRoom", callId=call_id)
            join = {"callId": call_id, "userId": "somebody", "rtpCapabilities": rtp_capabilities()}
            await caller.call("joinRoom", **join, appData={"x": "y" * 7000})
        except Refused as error:
            if not error.retryable:
                raise
            return False
        return True


async def test_a_full_disk_is_reported_and_survived(tmp_path: Path, small_disk: Path, call_id: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (small_disk / "nats").mkdir()
    (data / "nats").symlink_to(small_disk / "nats")
    with SupervisedInstallation(data, environment={"EMPTY_ROOM_TTL": "8"}) as installation:
        metrics = int(installation._environment["METRICS_PORT"])
        readiness = [f"{installation.url}/ready", *(f"http://127.0.0.1:{metrics + i}/ready" for i in range(3))]
        async with connected_pair(installation.url, call_id, resumable=True) as pair:
            filler = small_disk / "filler"
            # Without a buffer, whose rest would fail once more when the file is closed.
            with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
                while True:
                    file.write(bytes(65_536))
            began = time.monotonic()
            while any([await asyncio.to_thread(is_ready, url) for url in readiness]):
                # The writes that find the disk full; leases alone may fit into blocks that are already allocated.
                await can_join(installation.url, f"{call_id} full")
                assert time.monotonic() - began < NOT_READY_WITHIN, "a service is ready while nothing can be stored"
                await asyncio.sleep(0.2)
            await pair.wait_media()
            filler.unlink()
            began = time.monotonic()
            while not await can_join(installation.url, f"{call_id} again"):
                assert time.monotonic() - began < RECOVERY, "joins still fail"
                await asyncio.sleep(0.5)
            while not all([await asyncio.to_thread(is_ready, url) for url in readiness]):
                assert time.monotonic() - began < RECOVERY, "a service is still not ready"
                await asyncio.sleep(0.5)
            await pair.wait_media()
            assert pair.alice.events("peerMoved") == pair.bob.events("peerLeft") == []

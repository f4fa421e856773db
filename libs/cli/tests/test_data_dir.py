"""The folder of an installation: one user, and a way for other commands to find it."""

import os
import stat
from pathlib import Path

import pytest

from hubbub_cli.data_dir import DataDirInUse, NotRunning, RunningInstallation, find_running, locked, publish


def test_a_folder_has_one_user_at_a_time(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(DataDirInUse, match=f"process {os.getpid()}"), locked(tmp_path):
        pass
    with locked(tmp_path):
        pass


def test_what_runs_is_found_until_it_ends(tmp_path: Path) -> None:
    running = RunningInstallation.of_this_process("http://127.0.0.1:4000", "nats://secret", {"node-1": 7})
    with locked(tmp_path):
        publish(tmp_path, running)
        assert find_running(tmp_path) == running
        assert stat.S_IMODE((tmp_path / "run.json").stat().st_mode) == 0o600
    with pytest.raises(NotRunning):
        find_running(tmp_path)

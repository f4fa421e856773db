"""The data directory: its lock and its run file."""

import os
import stat
from pathlib import Path

import pytest

from hubbub_cli.data_dir import (
    DataDirInUse,
    NotRunning,
    RunningInstallation,
    find_running,
    lock_data_dir,
    write_run_file,
)


def test_directory_is_locked_by_one_installation_at_a_time(tmp_path: Path) -> None:
    with lock_data_dir(tmp_path), pytest.raises(DataDirInUse, match=f"process {os.getpid()}"), lock_data_dir(tmp_path):
        pass
    with lock_data_dir(tmp_path):
        pass


def test_installation_is_found_while_it_runs(tmp_path: Path) -> None:
    running = RunningInstallation.of_this_process("http://127.0.0.1:4000", "nats://secret", {"node-1": 7})
    with lock_data_dir(tmp_path):
        write_run_file(tmp_path, running)
        assert find_running(tmp_path) == running
        assert stat.S_IMODE((tmp_path / "run.json").stat().st_mode) == 0o600
    with pytest.raises(NotRunning):
        find_running(tmp_path)

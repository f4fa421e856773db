"""The data directory of an installation: its lock, and how to reach the running installation.

Rules
- One installation per directory: two NATS servers would destroy a shared store. The lock is an flock, which the kernel
  releases however its holder ends.
- `run.json` tells other commands how to reach the installation. It contains the password of the bus and has mode 0600.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from .nats_config import write_secret


class DataDirInUse(Exception):
    """Another installation uses this directory."""


class NotRunning(Exception):
    """No installation runs from this directory."""


@dataclass(frozen=True, slots=True)
class RunningInstallation:
    """How to reach a running installation."""

    pid: int
    """The pid of the supervisor."""
    url: str
    """The URL of the page and the socket, without a trailing slash."""
    nats_url: str
    processes: Mapping[str, int]
    """The pid of each running process, by name."""

    @classmethod
    def of_this_process(cls, url: str, nats_url: str, processes: Mapping[str, int]) -> "RunningInstallation":
        """The installation that this process supervises."""
        return cls(os.getpid(), url, nats_url, processes)


@contextmanager
def lock_data_dir(data_dir: Path) -> Iterator[None]:
    """Locks the directory, which is created when absent. Raises DataDirInUse."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise DataDirInUse(
                f"Hubbub already runs from {data_dir} (process {file.read().strip() or 'unknown'}). "
                "Stop it, or use another directory: --data-dir"
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield
        finally:
            (data_dir / "run.json").unlink(missing_ok=True)


def write_run_file(data_dir: Path, installation: RunningInstallation) -> None:
    """Replaces `run.json`."""
    write_secret(data_dir / "run.json", json.dumps(asdict(installation), indent=2))


def find_running(data_dir: Path) -> RunningInstallation:
    """The installation that runs from this directory. Raises NotRunning."""
    try:
        return RunningInstallation(**json.loads((data_dir / "run.json").read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError) as error:
        raise NotRunning(f"no installation runs from {data_dir}: start one with `make up`") from error

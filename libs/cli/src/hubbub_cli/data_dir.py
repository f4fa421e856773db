"""The folder of one installation: who uses it, and what runs from it.

Rules
- One installation per folder: two NATS servers over one store would destroy it. The lock is the kernel's and
  goes with its holder, however that ends.
- `run.json` tells other commands how to reach the installation; it holds the bus's password, hence mode 0600.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from hubbub_cli.nats_config import write_secret


class DataDirInUse(Exception):
    """Another installation runs from this folder."""


class NotRunning(Exception):
    """Nothing runs from this folder."""


@dataclass(frozen=True, slots=True)
class RunningInstallation:
    """How to reach what runs."""

    pid: int
    """Of the supervisor."""
    url: str
    """Of the page and of the socket, without a trailing slash."""
    nats_url: str
    processes: Mapping[str, int]
    """Name to pid, of those that run now."""

    @classmethod
    def of_this_process(cls, url: str, nats_url: str, processes: Mapping[str, int]) -> "RunningInstallation":
        """The one that this process supervises."""
        return cls(os.getpid(), url, nats_url, processes)


@contextmanager
def locked(data_dir: Path) -> Iterator[None]:
    """Holds the folder, which is made when absent. Raises DataDirInUse."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise DataDirInUse(
                f"Hubbub already runs from {data_dir} (process {file.read().strip() or 'unknown'}). "
                "Stop it, or give this one a folder of its own: --data-dir"
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield
        finally:
            (data_dir / "run.json").unlink(missing_ok=True)


def publish(data_dir: Path, installation: RunningInstallation) -> None:
    """Replaces `run.json`."""
    write_secret(data_dir / "run.json", json.dumps(asdict(installation), indent=2))


def find_running(data_dir: Path) -> RunningInstallation:
    """What runs from this folder. Raises NotRunning."""
    try:
        return RunningInstallation(**json.loads((data_dir / "run.json").read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError) as error:
        raise NotRunning(f"nothing runs from {data_dir}: start it with `make up`") from error

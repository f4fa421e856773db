"""A process of an installation under test, which a test may kill, freeze and restart."""

import os
import signal
import subprocess
from pathlib import Path

from hubbub_cli.child_command import bound_to_parent
from hubbub_cli.supervised_process import ProcessSpec, describe_exit

from .preloaded_process import PreloadedProcess, service_of


class ServiceProcess:
    """A real process that logs to a file. Blocking. The kernel kills it when this program dies.

    Call `start` in the main thread: the kernel kills the child when the thread that started it ends.
    """

    def __init__(self, spec: ProcessSpec, log: Path) -> None:
        self.spec = spec
        self.log = log
        self._process: subprocess.Popen[bytes] | PreloadedProcess | None = None

    @property
    def name(self) -> str:
        """The name under which `hubbub up` runs it, such as `node-1`."""
        return self.spec.name

    @property
    def pid(self) -> int:
        """The current pid. Raises RuntimeError when it was not started."""
        return self._running().pid

    @property
    def alive(self) -> bool:
        """Whether it runs. A frozen process runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Starts it with the same ports and settings as before, without waiting until it is ready."""
        if self.alive:
            raise RuntimeError(f"{self.name} already runs")
        if service := service_of(self.spec.command):
            self._process = PreloadedProcess(service, self.spec.environment, self.log)
            return
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                bound_to_parent(self.spec.command),
                env=dict(self.spec.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self) -> None:
        """Kills it with SIGKILL, as a crash would, and waits for its exit."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> int:
        """Sends SIGTERM and returns the exit status. Kills it after its grace period."""
        process = self._running()
        process.terminate()
        return self._wait(process)

    def stop_with_others(self) -> int:
        """Sends the signal with which `hubbub up` stops it, and returns the exit status, as `stop` does."""
        process = self._running()
        os.kill(process.pid, self.spec.stop_signal)
        return self._wait(process)

    def freeze(self) -> None:
        """Suspends it with SIGSTOP. Its sockets stay open."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Continues it with SIGCONT."""
        os.kill(self.pid, signal.SIGCONT)

    def exit_description(self) -> str | None:
        """How it exited unexpectedly, in words. None while it runs, and after `kill` and `stop`."""
        status = None if self._process is None else self._process.poll()
        return None if status is None else describe_exit(status)

    def starts(self) -> int:
        """How often it has logged that it is up."""
        return self.log_tail(100_000).count(" is up")

    def log_tail(self, lines: int = 40) -> str:
        """The end of its log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def _running(self) -> subprocess.Popen[bytes] | PreloadedProcess:
        if self._process is None:
            raise RuntimeError(f"{self.name} does not run")
        return self._process

    def _wait(self, process: subprocess.Popen[bytes] | PreloadedProcess) -> int:
        try:
            return process.wait(self.spec.grace)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()
        finally:
            self._process = None

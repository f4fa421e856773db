"""One process of an installation under test, which a test may kill, freeze and start again."""

import os
import signal
import subprocess
from pathlib import Path

from hubbub_cli.child_command import bound_to_parent
from hubbub_cli.supervised_process import ProcessSpec, describe_exit


class ServiceProcess:
    """A real process with its log in a file. Blocking; the kernel ends it when this program dies.

    `start` belongs to the main thread: the kernel counts the thread that started a child as its parent.
    """

    def __init__(self, spec: ProcessSpec, log: Path) -> None:
        self.spec = spec
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        """As the supervisor calls it: `node-1`."""
        return self.spec.name

    @property
    def pid(self) -> int:
        """Of the process of now. Raises RuntimeError while there is none."""
        return self._running().pid

    @property
    def alive(self) -> bool:
        """Whether it runs; a frozen one does."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Starts it with the ports and the settings it had before; does not wait until it is ready."""
        if self.alive:
            raise RuntimeError(f"{self.name} runs already")
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
        """Ends it as a crash would (SIGKILL), and returns when it is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> int:
        """Asks it to end (SIGTERM), and returns its exit status; kills it when it takes longer than its grace."""
        process = self._running()
        process.terminate()
        try:
            return process.wait(self.spec.grace)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()
        finally:
            self._process = None

    def freeze(self) -> None:
        """Stops it in its tracks (SIGSTOP), its sockets staying open."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Lets it run on (SIGCONT)."""
        os.kill(self.pid, signal.SIGCONT)

    def exit_description(self) -> str | None:
        """In words, when it ended without having been told to; None while it runs or when it was told."""
        if self._process is None or self._process.poll() is None:
            return None
        return describe_exit(self._process.returncode)

    def log_tail(self, lines: int = 40) -> str:
        """The end of its log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError(f"{self.name} does not run")
        return self._process

"""Services forked from a process that has imported them already: a start costs no imports.

Starting an interpreter and importing a service takes one to two seconds of CPU. The tests start hundreds of services.
Only `SupervisedInstallation` and the container tests start them as users do.
"""

import multiprocessing
import os
import runpy
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from hubbub_cli.exec_with_parent import die_with_parent

_SERVICES = (
    "hubbub_registry",
    "hubbub_media_node",
    "hubbub_calls",
    "hubbub_captions",
    "hubbub_recorder",
    "hubbub_webhooks",
    "hubbub_signaling",
)

_context = multiprocessing.get_context("forkserver")
# `__main__`: otherwise every child would import the main module of pytest again.
_context.set_forkserver_preload(["__main__", *(f"{service}.bootstrap" for service in _SERVICES)])


def service_of(command: Sequence[str]) -> str | None:
    """The service that a command runs, such as `hubbub_signaling`. None for other programs."""
    if command[:2] == [sys.executable, "-m"] and len(command) == 3 and command[2] in _SERVICES:
        return command[2]
    return None


class PreloadedProcess:
    """A running service. It has the methods of `subprocess.Popen` that `ServiceProcess` uses."""

    def __init__(self, service: str, environment: Mapping[str, str], log: Path) -> None:
        """Starts it in a session of its own. stdout and stderr are appended to `log`."""
        self._process: ForkServerProcess = _context.Process(target=_run, args=(service, dict(environment), str(log)))
        self._process.start()
        if self._process.pid is None:
            raise RuntimeError("a started process has a pid")
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """The exit status. None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Waits for its exit, `timeout` seconds at most. Raises subprocess.TimeoutExpired."""
        self._process.join(timeout)
        status = self._process.exitcode
        if status is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0.0)
        return status

    def terminate(self) -> None:
        """Sends SIGTERM."""
        self._process.terminate()

    def kill(self) -> None:
        """Sends SIGKILL."""
        self._process.kill()


def _run(service: str, environment: dict[str, str], log: str) -> None:
    die_with_parent()
    os.setsid()
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for descriptor in (sys.__stdout__, sys.__stderr__):
        if descriptor is not None:
            os.dup2(output, descriptor.fileno())
            descriptor.reconfigure(line_buffering=True)
    os.close(output)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [service]
    runpy.run_module(service, run_name="__main__", alter_sys=True)

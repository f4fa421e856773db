"""The installation of compose.yaml on a real container engine."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hubbub_cli.ports import free_tcp_port

from .container_engine import engine_problem

REPOSITORY = Path(__file__).parents[2]
ASK_TIMEOUT = 20.0
BUILD_TIMEOUT = 1800.0
UP_TIMEOUT = 300.0
_POLL_INTERVAL = 0.1
_KILL = "import os, signal, sys; os.kill(int(sys.argv[1]), signal.SIGKILL)"


def compose_problem() -> str | None:
    """Why no installation can run here. None when one can."""
    missing = engine_problem(ASK_TIMEOUT)
    if missing is not None:
        return missing
    asked = _run(["docker", "compose", "version"], timeout=ASK_TIMEOUT)
    return None if asked.returncode == 0 else "docker has no compose plugin"


@dataclass(frozen=True, slots=True)
class Container:
    """One container of the installation, as inspected."""

    id: str
    service: str
    running: bool
    health: str
    """`healthy`, `unhealthy`, `starting`, or empty for one without a health check."""
    pid: int
    """The pid of its first process on the host; 0 when it does not run."""
    started: str

    @property
    def healthy(self) -> bool:
        """Whether it runs and its health check succeeds."""
        return self.running and self.health == "healthy"


class Compose:
    """One installation with its own name, ports and network."""

    def __init__(self, files: tuple[str, ...] = ("compose.yaml",), **settings: str) -> None:
        """`settings` are variables of .env.example."""
        self.name = f"hubbub-test-{secrets.token_hex(4)}"
        self._files = [part for file in files for part in ("--file", file)]
        self.http_port = free_tcp_port()
        self.settings = {
            "HTTP_PORT": str(self.http_port),
            "HTTPS_PORT": str(free_tcp_port()),
            "TURN_PORT": str(free_tcp_port()),
            "MEDIA_NETWORK": f"10.{secrets.randbelow(40) + 214}.{secrets.randbelow(256)}",
            "EDGE_NETWORK": f"10.{secrets.randbelow(39) + 174}.{secrets.randbelow(256)}",
            "WORKERS": "1",
            "EMPTY_ROOM_TTL": "5",
            "RECONNECT_GRACE": "10",
            **settings,
        }

    @property
    def url(self) -> str:
        """The URL of the page, without a trailing slash."""
        return f"http://localhost:{self.http_port}"

    def build(self) -> None:
        """Builds the images of this repository."""
        self.compose("build", timeout=BUILD_TIMEOUT)

    def up(self, *services: str, settings: Mapping[str, str] | None = None, **scale: int) -> None:
        """Starts services, such as `up(media_node=3)`, and waits until all are healthy."""
        self.settings.update(settings or {})
        counts = [f"--scale={service.replace('_', '-')}={count}" for service, count in scale.items()]
        self.compose("up", "--detach", "--wait", "--no-build", *counts, *services, timeout=UP_TIMEOUT)

    def down(self) -> None:
        """Stops it and removes its volumes."""
        self.compose("down", "--volumes", "--remove-orphans", "--timeout=20", timeout=UP_TIMEOUT)

    def containers(self, service: str | None = None) -> list[Container]:
        """All containers, or those of one service, oldest first."""
        ids = self.compose("ps", "--all", "--quiet", *([service] if service else [])).split()
        found = json.loads(_checked(["docker", "inspect", *ids])) if ids else []
        return sorted((_container(each) for each in found), key=lambda container: container.started)

    def kill(self, container: Container) -> None:
        """Kills a container as the OOM killer does, so that the engine restarts it."""
        arguments = ["--user=0", "--entrypoint=python", "hubbub-registry", "-c", _KILL, str(container.pid)]
        _checked(["docker", "run", "--rm", "--pid=host", "--network=none", *arguments])

    def wait_until(self, holds: Callable[[], bool], within: float, what: str) -> float:
        """Waits until `holds` is true. Returns the seconds. Raises AssertionError with the ends of the logs."""
        began = time.monotonic()
        while not holds():
            if time.monotonic() - began > within:
                raise AssertionError(f"not {what} after {within:g} s\n{self.log_tail()}")
            time.sleep(_POLL_INTERVAL)
        return time.monotonic() - began

    def ready(self) -> bool:
        """Whether the installation is ready."""
        return self.get("/ready") is not None

    def stats(self) -> dict[str, Any]:
        """The answer to `GET /stats`. Raises AssertionError without one."""
        stats = self.get("/stats")
        assert isinstance(stats, dict), stats
        return stats

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Any:
        """The JSON answer, or None for an error or no answer."""
        try:
            request = urllib.request.Request(self.url + path, headers=dict(headers or {}))
            with urllib.request.urlopen(request, timeout=5.0) as answer:
                return json.load(answer)
        except (OSError, ValueError):
            return None

    def log_tail(self, lines: int = 15) -> str:
        """The states of all containers and the ends of their logs."""
        return self.compose("ps", "--all") + self.compose("logs", f"--tail={lines}", "--no-color")

    def compose(self, *arguments: str, timeout: float = 60.0) -> str:
        """The output of `docker compose`. Raises AssertionError with its errors."""
        command = ["docker", "compose", "--project-name", self.name, *self._files, *arguments]
        return _checked(command, environment=self.settings, timeout=timeout)


def _container(inspected: Mapping[str, Any]) -> Container:
    state = inspected["State"]
    return Container(
        id=inspected["Id"],
        service=inspected["Config"]["Labels"]["com.docker.compose.service"],
        running=state["Running"],
        health=state.get("Health", {}).get("Status", ""),
        pid=state["Pid"],
        started=state["StartedAt"],
    )


def _checked(command: list[str], *, environment: Mapping[str, str] | None = None, timeout: float = 60.0) -> str:
    ended = _run(command, environment=environment, timeout=timeout)
    assert ended.returncode == 0, f"{' '.join(command)}: {ended.stderr[-4000:]}"
    return ended.stdout


def _run(
    command: list[str], *, environment: Mapping[str, str] | None = None, timeout: float
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=REPOSITORY,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )

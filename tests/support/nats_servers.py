"""The NATS server for tests: the embedded one, or the official image in a container.

HUBBUB_TEST_NATS selects it: `embedded` (the default, which starts in 50 ms), `container`, or `auto`: a container where
an engine answers, else the embedded one.
"""

from __future__ import annotations

import functools
import os
import secrets
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import pytest

from hubbub_cli.nats_info import wait_for_info
from hubbub_cli.nats_server import EmbeddedNats
from hubbub_cli.ports import free_tcp_port

from .container_engine import engine_problem

VARIABLE = "HUBBUB_TEST_NATS"
IMAGE = "nats:2.15-alpine"
"""The same minor version as the embedded server."""
DETECTION_TIMEOUT = 0.4
START_TIMEOUT = 20.0
_PORT = 4222


class NatsServer(Protocol):
    """A server with its own port, credentials and store. A context manager.

    The port and the store survive `kill` and `start`, as in a crash and a restart.
    """

    port: int

    @property
    def url(self) -> str:
        """The URL for clients, including the password."""

    def start(self) -> None:
        """Starts the server and waits until it answers."""

    def kill(self) -> None:
        """Kills the server, as a crash would."""

    def freeze(self) -> None:
        """Suspends the server. Its sockets stay open."""

    def thaw(self) -> None:
        """Continues a suspended server."""

    def close(self) -> None:
        """Stops the server and removes its temporary store."""

    def __enter__(self) -> Self:
        """Starts the server."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops the server and removes its temporary store."""


def nats_server(store_dir: Path | None = None) -> NatsServer:
    """A server of the selected kind, not started. The embedded one stores under `store_dir`."""
    return ContainerNats() if _use_container() else EmbeddedNats(store_dir)


class ContainerNats:
    """The official image in a container."""

    def __init__(self) -> None:
        from testcontainers.core.container import DockerContainer

        self.port = free_tcp_port()
        self._password = secrets.token_hex(16)
        self._container = (
            DockerContainer(IMAGE)
            .with_command(["--jetstream", "--store_dir=/data", "--user=hubbub", f"--pass={self._password}"])
            .with_bind_ports(_PORT, self.port)
        )
        self._created = False

    @property
    def url(self) -> str:
        """The URL for clients, including the password."""
        return f"nats://hubbub:{self._password}@{self._container.get_container_host_ip()}:{self.port}"

    def start(self) -> None:
        """Starts the container and waits until the server answers. Raises NatsUnreachable."""
        if self._created:
            self._container.get_wrapped_container().start()
        else:
            self._container.start()
            self._created = True
        wait_for_info(self.url, START_TIMEOUT)

    def kill(self) -> None:
        """Kills the server, as a crash would."""
        self._container.get_wrapped_container().kill()

    def freeze(self) -> None:
        """Suspends the container. Its sockets stay open."""
        self._container.get_wrapped_container().pause()

    def thaw(self) -> None:
        """Continues the container."""
        self._container.get_wrapped_container().unpause()

    def close(self) -> None:
        """Removes the container with its store."""
        self._container.stop()

    def __enter__(self) -> Self:
        """Starts the server."""
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops the server and removes its temporary store."""
        self.close()


@functools.cache
def _use_container() -> bool:
    choice = os.environ.get(VARIABLE) or "embedded"
    if choice == "embedded":
        return False
    if choice not in ("container", "auto"):
        pytest.exit(f"{VARIABLE} is `embedded`, `container` or `auto`, not {choice!r}", returncode=2)
    missing = engine_problem(DETECTION_TIMEOUT)
    if missing is not None and choice == "container":
        pytest.exit(f"{VARIABLE}=container, but {missing}", returncode=2)
    return missing is None

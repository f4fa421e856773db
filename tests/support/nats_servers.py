"""The NATS server that tests run against: the embedded one, or the official image in a container.

HUBBUB_TEST_NATS chooses: `embedded` (the default: it is up in 50 ms), `container`, or `auto`, which is a container
where an engine answers and the embedded one elsewhere.
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
"""Of the embedded server's minor version."""
DETECTION_TIMEOUT = 0.4
START_TIMEOUT = 20.0
_PORT = 4222


class NatsServer(Protocol):
    """One server with a port, credentials and a store of its own; a context manager.

    `kill` and `start` again keep the port and the store, as a crash and a restart do.
    """

    port: int

    @property
    def url(self) -> str:
        """For clients; holds the password."""

    def start(self) -> None:
        """Returns once the server answers."""

    def kill(self) -> None:
        """Ends it as a crash would."""

    def close(self) -> None:
        """Ends the server and removes a store that was made for it."""

    def __enter__(self) -> Self:
        """Started."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ended; nothing is left behind."""


def nats_server(store_dir: Path | None = None) -> NatsServer:
    """A server of the kind that was chosen, not yet started. An embedded one stores under `store_dir`."""
    return ContainerNats() if _in_container() else EmbeddedNats(store_dir)


class ContainerNats:
    """The official image."""

    def __init__(self) -> None:
        from testcontainers.core.container import DockerContainer

        self.port = free_tcp_port()
        self._password = secrets.token_hex(16)
        self._container = (
            DockerContainer(IMAGE)
            .with_command(["--jetstream", "--store_dir=/data", "--user=hubbub", f"--pass={self._password}"])
            .with_bind_ports(_PORT, self.port)
        )
        self._made = False

    @property
    def url(self) -> str:
        """For clients; holds the password."""
        return f"nats://hubbub:{self._password}@{self._container.get_container_host_ip()}:{self.port}"

    def start(self) -> None:
        """Returns once the server answers. Raises NatsUnreachable."""
        if self._made:
            self._container.get_wrapped_container().start()
        else:
            self._container.start()
            self._made = True
        wait_for_info(self.url, START_TIMEOUT)

    def kill(self) -> None:
        """Ends it as a crash would."""
        self._container.get_wrapped_container().kill()

    def close(self) -> None:
        """Removes the container and what it stored."""
        self._container.stop()

    def __enter__(self) -> Self:
        """Started."""
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ended; nothing is left behind."""
        self.close()


@functools.cache
def _in_container() -> bool:
    wish = os.environ.get(VARIABLE) or "embedded"
    if wish == "embedded":
        return False
    if wish not in ("container", "auto"):
        pytest.exit(f"{VARIABLE} is `embedded`, `container` or `auto`, not {wish!r}", returncode=2)
    missing = engine_problem(DETECTION_TIMEOUT)
    if missing is not None and wish == "container":
        pytest.exit(f"{VARIABLE}=container, but {missing}", returncode=2)
    return missing is None

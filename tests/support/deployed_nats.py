"""A NATS server with the configuration that is deployed, on a port of its own."""

import os
import secrets
from pathlib import Path
from types import TracebackType
from typing import Self

from hubbub_cli.nats_info import NatsUnreachable, wait_for_info
from hubbub_cli.nats_server import binary_path
from hubbub_cli.ports import LOOPBACK, free_tcp_port
from hubbub_cli.process import ProcessSpec

from .installation import REPOSITORY
from .service_process import ServiceProcess

CONFIGURATION = REPOSITORY / "deploy" / "nats" / "nats.conf"
USERS = {"signaling": "signaling", "node": "media_node", "registry": "registry"}
"""By the names that processes begin with."""
START_TIMEOUT = 10.0


class DeployedNats:
    """Its users have passwords of their own."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.port = free_tcp_port()
        self._passwords = {user: f"p{secrets.token_hex(12)}" for user in USERS.values()}
        passwords = {f"HUBBUB_{user.upper()}_PASSWORD": password for user, password in self._passwords.items()}
        command = [
            *(str(binary_path()), "--config", str(CONFIGURATION)),
            *("--addr", LOOPBACK, "--port", str(self.port)),
        ]
        variables = {**os.environ, **passwords, "HUBBUB_NATS_STORE": str(directory / "store")}
        self._process = ServiceProcess(ProcessSpec("nats", command, variables, 5.0), directory / "nats.log")

    def url(self, service: str) -> str:
        """For `signaling`, `node` or `registry`."""
        user = USERS[service]
        return f"nats://{user}:{self._passwords[user]}@{LOOPBACK}:{self.port}"

    def violations(self) -> list[str]:
        """What somebody tried without being allowed to, in the server's words."""
        return [line for line in self._process.last_words(100_000).splitlines() if "Violation" in line]

    def __enter__(self) -> Self:
        """Started; it answers."""
        self._process.start()
        try:
            wait_for_info(self.url("signaling"), START_TIMEOUT)
        except NatsUnreachable as error:
            self._process.kill()
            raise RuntimeError(f"{error}: {self._process.last_words()}") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ended."""
        self._process.kill()

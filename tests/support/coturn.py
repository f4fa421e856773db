"""A coturn server with the deployed configuration, on free ports."""

import os
import secrets
import shutil
import socket
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from hubbub_cli.ports import free_tcp_port, free_udp_ports
from hubbub_cli.supervised_process import ProcessSpec
from hubbub_media_node.adapters.local_network import interface_address

from .installation import REPOSITORY
from .service_process import ServiceProcess

START = REPOSITORY / "deploy" / "coturn" / "start.sh"
START_TIMEOUT = 30.0
_RELAY_PORTS = 64


class Coturn:
    """Relays to `address` only: a non-loopback address of this machine, as browsers require."""

    def __init__(self, directory: Path) -> None:
        address = interface_address()
        assert address is not None, "this machine has only a loopback address, for which browsers gather no candidate"
        self.address = address
        self.secret = secrets.token_urlsafe(24)
        self.port = free_tcp_port(address)
        first = free_udp_ports(_RELAY_PORTS, address)
        binary = shutil.which(os.environ.get("TURNSERVER") or "turnserver")
        assert binary is not None, "turnserver is missing: scripts/ensure-coturn installs it"
        directory.mkdir(parents=True, exist_ok=True)
        command = [
            *(str(START), f"--listening-ip={address}", f"--relay-ip={address}"),
            *(f"--listening-port={self.port}", "--no-tls", "--no-dtls"),
            *(f"--min-port={first}", f"--max-port={first + _RELAY_PORTS - 1}"),
            f"--allowed-peer-ip={address}",
            *(f"--userdb={directory / 'turndb'}", f"--pidfile={directory / 'pid'}"),
        ]
        environment = {**os.environ, "TURNSERVER": binary, "TURN_SECRET": self.secret, "TMPDIR": str(directory)}
        self._process = ServiceProcess(ProcessSpec("coturn", command, environment, 5.0), directory / "coturn.log")

    @property
    def urls(self) -> str:
        """The value of TURN_URLS."""
        return ",".join(f"turn:{self.address}:{self.port}?transport={transport}" for transport in ("udp", "tcp"))

    @property
    def environment(self) -> dict[str, str]:
        """The environment of an installation that uses it, with media nodes at the address that it relays to."""
        return {"ANNOUNCED_IP": self.address, "TURN_URLS": self.urls, "TURN_SECRET": self.secret}

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def log_tail(self) -> str:
        """The end of its log."""
        return self._process.log_tail()

    def __enter__(self) -> Self:
        """Starts the server and waits until it answers."""
        self._process.start()
        deadline = time.monotonic() + START_TIMEOUT
        while True:
            try:
                socket.create_connection((self.address, self.port), timeout=1).close()
                return self
            except OSError:
                if not self._process.alive or time.monotonic() > deadline:
                    self._process.kill()
                    raise RuntimeError(f"coturn does not answer: {self.log_tail()}") from None
                time.sleep(0.02)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops the server."""
        self._process.kill()

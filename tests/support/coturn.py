"""A coturn with the configuration that is deployed, on ports of its own."""

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

CONFIGURATION = REPOSITORY / "deploy" / "coturn" / "turnserver.conf"
START_TIMEOUT = 10.0
_RELAY_PORTS = 64


class Coturn:
    """It relays to `address` alone, an address of this machine that is not loopback: browsers use no other here."""

    def __init__(self, directory: Path) -> None:
        address = interface_address()
        assert address is not None, "this machine has no address but loopback: a browser would gather no candidate"
        self.address = address
        self.secret = secrets.token_urlsafe(24)
        self.port = free_tcp_port(address)
        first = free_udp_ports(_RELAY_PORTS, address)
        binary = shutil.which(os.environ.get("TURNSERVER") or "turnserver")
        assert binary is not None, "turnserver is missing: scripts/ensure-coturn installs it"
        directory.mkdir(parents=True, exist_ok=True)
        command = [
            *(binary, "-c", str(CONFIGURATION), f"--listening-ip={address}", f"--relay-ip={address}"),
            *(f"--listening-port={self.port}", "--no-tls", "--no-dtls"),
            *(f"--min-port={first}", f"--max-port={first + _RELAY_PORTS - 1}"),
            *(f"--static-auth-secret={self.secret}", f"--allowed-peer-ip={address}"),
            *(f"--userdb={directory / 'turndb'}", f"--pidfile={directory / 'pid'}"),
        ]
        self._process = ServiceProcess(ProcessSpec("coturn", command, os.environ, 5.0), directory / "coturn.log")

    @property
    def urls(self) -> str:
        """As TURN_URLS takes them."""
        return ",".join(f"turn:{self.address}:{self.port}?transport={transport}" for transport in ("udp", "tcp"))

    @property
    def environment(self) -> dict[str, str]:
        """What an installation is told that uses it: the media nodes are where it relays to."""
        return {"ANNOUNCED_IP": self.address, "TURN_URLS": self.urls, "TURN_SECRET": self.secret}

    def log_tail(self) -> str:
        """The end of its log."""
        return self._process.log_tail()

    def __enter__(self) -> Self:
        """Started; it answers."""
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
        """Ended."""
        self._process.kill()

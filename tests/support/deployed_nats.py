"""NATS servers with the deployed configuration, on free ports."""

import os
import secrets
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from hubbub_cli.nats_info import NatsUnreachable, wait_for_info
from hubbub_cli.nats_server import binary_path
from hubbub_cli.ports import LOOPBACK, free_tcp_port
from hubbub_cli.supervised_process import ProcessSpec

from .installation import REPOSITORY, Installation
from .service_process import ServiceProcess

CONFIGURATION = REPOSITORY / "deploy" / "nats"
USERS = {
    "signaling": "signaling",
    "node": "media_node",
    "registry": "registry",
    "calls": "calls",
    "captions": "captions",
    "recorder": "recorder",
    "webhooks": "webhooks",
}
"""The user of each service, by the first part of its processes' names."""
WITH_TLS = {"nats.conf": "tls.conf", "home.conf": "home-tls.conf", "leaf.conf": "leaf-tls.conf"}
START_TIMEOUT = 30.0
MEMORY = Path("/dev/shm")
"""A file system in memory, if there is one.

The deployed servers wait for the disk with each write. What other tests write may keep it busy for longer than the
services wait for an answer."""


class DeployedNats:
    """One server or a cluster, with the deployed users and random passwords."""

    def __init__(self, directory: Path, servers: int = 1, certificate: Path | None = None) -> None:
        """Does not start them. `certificate`: the directory that deploy/nats/certificate.sh wrote, for TLS."""
        self._certificate = certificate
        self._passwords = {user: f"p{secrets.token_hex(12)}" for user in USERS.values()}
        self._stores = TemporaryDirectory(prefix="hubbub-nats-", dir=MEMORY if MEMORY.is_dir() else None)
        self.ports = [free_tcp_port() for _ in range(servers)]
        self.servers = [self._server(directory / f"nats-{n}", port) for n, port in enumerate(self.ports, 1)]
        if servers > 1:
            self._form_cluster()

    def url(self, service: str) -> str:
        """The URLs of all servers for the service whose processes have this name."""
        user = USERS[service]
        scheme = "nats" if self._certificate is None else "tls"
        return ",".join(f"{scheme}://{user}:{self._passwords[user]}@{LOOPBACK}:{port}" for port in self.ports)

    def configure(
        self, installation: Installation, processes: Iterable[ServiceProcess] | None = None, **settings: str
    ) -> None:
        """Makes services of an installation that has not started yet use these servers, each as its own user.

        `processes`: some of them; None is all.
        """
        for process in installation.processes if processes is None else processes:
            own = {"NATS_URL": self.url(process.name.split("-")[0]), **settings}
            if self._certificate is not None:
                own["NATS_CA"] = str(self._certificate / "ca.pem")
            process.spec = replace(process.spec, environment={**process.spec.environment, **own})

    def violations(self) -> list[str]:
        """The permission violations in the servers' logs."""
        lines = [line for server in self.servers for line in server.log_tail(100_000).splitlines()]
        return [line for line in lines if "Violation" in line]

    def _server(self, directory: Path, port: int) -> ServiceProcess:
        directory.mkdir(parents=True, exist_ok=True)
        passwords = {f"HUBBUB_{user.upper()}_PASSWORD": password for user, password in self._passwords.items()}
        variables = {**os.environ, **passwords, "HUBBUB_NATS_STORE": str(Path(self._stores.name, directory.name))}
        configuration, own = self._configuration()
        if self._certificate is not None:
            configuration = WITH_TLS[configuration]
            files = {"CERT": "certificate.pem", "KEY": "key.pem", "CA": "ca.pem"}
            own |= {f"HUBBUB_NATS_{name}": str(self._certificate / file) for name, file in files.items()}
        command = [str(binary_path()), "--addr", LOOPBACK, "--port", str(port)]
        command += ["--config", str(CONFIGURATION / configuration)]
        return ServiceProcess(ProcessSpec(directory.name, command, variables | own, 5.0), directory / "nats.log")

    def _configuration(self) -> tuple[str, dict[str, str]]:
        """The name of the file without TLS, and its own environment variables."""
        return "nats.conf", {}

    def _form_cluster(self) -> None:
        password = f"p{secrets.token_hex(12)}"
        addresses = [f"{LOOPBACK}:{free_tcp_port()}" for _ in self.servers]
        for server, address in zip(self.servers, addresses, strict=True):
            routes = ",".join(f"nats://route:{password}@{other}" for other in addresses if other != address)
            clustered: Mapping[str, str] = {"HUBBUB_NATS_NAME": server.name, "HUBBUB_ROUTE_PASSWORD": password}
            server.spec = replace(
                server.spec,
                command=[
                    *server.spec.command[:-1],
                    str(CONFIGURATION / ("cluster.conf" if self._certificate is None else "cluster-tls.conf")),
                    *("--cluster_listen", f"nats://{address}", "--routes", routes),
                ],
                environment={**server.spec.environment, **clustered},
            )

    def __enter__(self) -> Self:
        """Starts the servers and waits until they answer."""
        with ExitStack() as stack:
            for server, port in zip(self.servers, self.ports, strict=True):
                server.start()
                stack.callback(server.kill)
                try:
                    wait_for_info(f"nats://{LOOPBACK}:{port}", START_TIMEOUT)
                except NatsUnreachable as error:
                    raise RuntimeError(f"{error}: {server.log_tail()}") from error
            self._running = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops the servers."""
        self._running.close()
        self._stores.cleanup()

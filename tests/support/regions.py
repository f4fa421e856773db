"""Two regions: the home, whose NATS server has all buckets, and another one, whose server is a leaf node of it."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hubbub_cli.ports import LOOPBACK, free_tcp_port

from .deployed_nats import DeployedNats
from .installation import Installation
from .service_process import ServiceProcess
from .tcp_proxy import TcpProxy

ATTACH_TIMEOUT = 30.0


class HomeNats(DeployedNats):
    """The server of the home region."""

    def __init__(self, directory: Path, certificate: Path | None = None) -> None:
        """Does not start it."""
        self.regions_port = free_tcp_port()
        self._region_password = f"p{secrets.token_hex(12)}"
        super().__init__(directory, certificate=certificate)

    def url_for_regions(self, port: int) -> str:
        """The URL for leaf nodes, at its own port or a proxy's."""
        scheme = "nats-leaf" if self._certificate is None else "tls"
        return f"{scheme}://region:{self._region_password}@{LOOPBACK}:{port}"

    def _configuration(self) -> tuple[str, dict[str, str]]:
        return "home.conf", {
            "HUBBUB_NATS_NAME": "home",
            "HUBBUB_REGION_PASSWORD": self._region_password,
            "HUBBUB_REGIONS_LISTEN": f"{LOOPBACK}:{self.regions_port}",
        }


class LeafNats(DeployedNats):
    """The server of another region."""

    def __init__(self, directory: Path, home_url: str, certificate: Path | None = None) -> None:
        """Does not start it."""
        self._home_url = home_url
        super().__init__(directory, certificate=certificate)

    def is_attached(self) -> bool:
        """Whether it has been attached to the home."""
        return "Leafnode connection created" in self.servers[0].log_tail(100_000)

    def _configuration(self) -> tuple[str, dict[str, str]]:
        return "leaf.conf", {"HUBBUB_NATS_NAME": "faraway", "HUBBUB_HOME_URLS": json.dumps([self._home_url])}


@dataclass(frozen=True)
class Regions:
    """A registry, and a signaling instance and a media node in each of both regions."""

    installation: Installation
    home: HomeNats
    leaf: LeafNats
    link: TcpProxy
    """Between the servers."""

    @property
    def home_url(self) -> str:
        """The signaling instance at home."""
        return self.installation.urls[0]

    @property
    def far_url(self) -> str:
        """The signaling instance of the other region."""
        return self.installation.urls[1]

    @property
    def far_processes(self) -> list[ServiceProcess]:
        """The services of the other region."""
        return [self.installation.nodes[-1], self.installation.signaling[-1]]

    def violations(self) -> list[str]:
        """The permission violations in the logs of both servers."""
        return self.home.violations() + self.leaf.violations()


@asynccontextmanager
async def two_regions(
    directory: Path, *, delay: float = 0.0, certificate: Path | None = None, **options: Any
) -> AsyncIterator[Regions]:
    """Starts both, and waits until everything is ready.

    Arguments:
        delay: seconds that data is on its way from one server to the other.
        certificate: as in `DeployedNats`.
        options: of `Installation`, which has two nodes and two signaling instances unless they say otherwise. The
            last of each is in the other region.
    """
    installation = Installation(directory / "installation", **{"nodes": 2, "signalings": 2, **options})
    with HomeNats(directory / "home", certificate) as home:
        async with TcpProxy(home.regions_port, delay=delay) as link:
            with LeafNats(directory / "leaf", home.url_for_regions(link.port), certificate) as leaf:
                regions = Regions(installation, home, leaf, link)
                home.configure(installation)
                leaf.configure(installation, regions.far_processes)
                await _wait_attached(leaf)
                try:
                    await asyncio.to_thread(installation.start)
                    yield regions
                finally:
                    await asyncio.to_thread(installation.stop)


async def _wait_attached(leaf: LeafNats) -> None:
    async with asyncio.timeout(ATTACH_TIMEOUT):
        while not leaf.is_attached():
            await asyncio.sleep(0.02)

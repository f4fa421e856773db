"""TLS on the bus, with real servers that have the deployed configuration: who is trusted, and that it is used."""

import asyncio
import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hubbub_bus import Bucket, Bus, KeyValue, Unreachable
from hubbub_contracts import HubbubError
from hubbub_service.client_tls import client_context
from support.deployed_nats import CONFIGURATION, DeployedNats
from support.eventually import wait_for_metrics
from support.installation import Installation
from support.tcp_proxy import TcpProxy

SCRIPT = CONFIGURATION / "certificate.sh"


def make_certificate(directory: Path, *names: str) -> Path:
    """Runs the script of the deployment."""
    directory.mkdir(exist_ok=True)
    subprocess.run(["sh", str(SCRIPT), str(directory), *names], check=True, capture_output=True)
    return directory


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for this machine."""
    return make_certificate(tmp_path_factory.mktemp("certificate"), "nats", "localhost", "127.0.0.1")


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory, certificate: Path) -> Iterator[DeployedNats]:
    """One server with TLS."""
    with DeployedNats(tmp_path_factory.mktemp("nats"), certificate=certificate) as running:
        yield running


async def connect(url: str, authority: Path | None) -> Bus:
    """Connects as a service with this NATS_CA does."""
    tls = None if authority is None else client_context(authority, None, None)
    return await Bus.connect(url, name="registry-test", timeout=20, tls=tls)


async def test_a_server_of_the_authority_is_trusted(deployed: DeployedNats, certificate: Path) -> None:
    bus = await connect(deployed.url("registry"), certificate / "ca.pem")
    await bus.flush()
    await bus.close()


async def test_a_server_of_another_authority_is_refused_at_once(deployed: DeployedNats, tmp_path: Path) -> None:
    other = make_certificate(tmp_path / "other", "127.0.0.1")
    async with asyncio.timeout(15):
        with pytest.raises(Unreachable, match="certificate verify failed"):
            await connect(deployed.url("registry"), other / "ca.pem")
        with pytest.raises(Unreachable, match="certificate verify failed"):
            await connect(deployed.url("registry"), None)


async def test_a_certificate_of_another_name_is_refused(tmp_path: Path) -> None:
    named = make_certificate(tmp_path / "named", "nats")
    with DeployedNats(tmp_path, certificate=named) as server, pytest.raises(Unreachable, match="IP address mismatch"):
        await connect(server.url("registry"), named / "ca.pem")


async def test_no_password_is_sent_to_a_server_without_tls(certificate: Path) -> None:
    received = bytearray()

    async def impostor(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"server_id":"x","version":"2.15.0","auth_required":true,"max_payload":1000000}\r\n')
        received.extend(await reader.read(4096))
        writer.close()

    async with await asyncio.start_server(impostor, "127.0.0.1", 0) as server, asyncio.timeout(15):
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Unreachable, match="offers no TLS"):
            await connect(f"tls://registry:very-secret@127.0.0.1:{port}", None)
        with pytest.raises(Unreachable, match="offers no TLS"):
            await connect(f"nats://registry:very-secret@127.0.0.1:{port}", certificate / "ca.pem")
    assert received == b""


class SilentOnce(TcpProxy):
    """The first connection gets the server's INFO, and no answer to its TLS handshake."""

    attempts = 0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.attempts += 1
        if self.attempts > 1:
            await super()._serve(reader, writer)
            return
        writer.write(b'INFO {"server_id":"x","version":"2.15.0","tls_required":true,"max_payload":1000000}\r\n')
        with contextlib.suppress(ConnectionError):
            await reader.read(-1)
        writer.close()


async def test_a_handshake_that_is_not_answered_is_begun_again(deployed: DeployedNats, certificate: Path) -> None:
    [port] = deployed.ports
    async with SilentOnce(port) as proxy:
        bus = await connect(deployed.url("registry").replace(f":{port}", f":{proxy.port}"), certificate / "ca.pem")
        await bus.flush()
        await bus.close()
        assert proxy.attempts >= 2


async def test_a_connection_that_was_lost_comes_back(tmp_path: Path, certificate: Path) -> None:
    with DeployedNats(tmp_path, certificate=certificate) as deployed:
        bus = await connect(deployed.url("registry"), certificate / "ca.pem")
        [server] = deployed.servers
        async with asyncio.timeout(40):
            server.kill()
            while bus.connected:
                await asyncio.sleep(0.01)
            server.start()
            while not bus.healthy_for(0):
                await asyncio.sleep(0.05)
        await bus.close()


async def test_a_cluster_with_tls_between_its_servers_forms(tmp_path: Path, certificate: Path) -> None:
    with DeployedNats(tmp_path, servers=3, certificate=certificate) as cluster:
        bus = await connect(cluster.url("registry"), certificate / "ca.pem")
        store = KeyValue(bus, Bucket("rooms", replicas=3))
        async with asyncio.timeout(30):
            while True:
                with contextlib.suppress(HubbubError):
                    await store.ensure()
                    break
                await asyncio.sleep(0.1)
        await bus.close()


async def test_every_service_connects(tmp_path: Path, deployed: DeployedNats) -> None:
    installation = Installation(tmp_path, calls=1, captions=1, recorders=1, webhooks=1, metrics=True)
    deployed.configure(installation)
    with installation:
        connected = len(installation.processes)
        # The node has a second connection, for its heartbeat: without it, signaling would not be ready.
        await wait_for_metrics(installation, lambda seen: seen.total("hubbub_bus_connected") == connected)


def test_the_script_keeps_a_certificate_that_lasts_and_replaces_others(tmp_path: Path) -> None:
    directory = make_certificate(tmp_path / "made", "nats")
    first = (directory / "certificate.pem").read_bytes()
    make_certificate(directory, "nats")
    assert (directory / "certificate.pem").read_bytes() == first
    make_certificate(directory, "nats", "10.0.0.1", "fd00::1")
    assert (directory / "certificate.pem").read_bytes() != first
    assert (directory / "key.pem").stat().st_mode & 0o077 == 0
    assert not list(directory.glob("*ca-key*"))

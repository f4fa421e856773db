"""Fixtures for all tests. Tests use free ports, so they run while `make up` is running."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from hubbub_cli.ports import free_tcp_port, free_udp_ports
from support import nats_servers, quarantine
from support.nats_servers import NatsServer

# A deadline for each example would measure the machine, which stands still at times, instead of the code.
settings.register_profile("hubbub", deadline=None)
settings.load_profile("hubbub")


def pytest_configure() -> None:
    """Undoes that a shell without job control lets what it starts in the background ignore SIGINT: processes that tests
    start and interrupt would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skips quarantined tests."""
    text = (Path(config.rootpath) / quarantine.FILE).read_text(encoding="utf-8")
    quarantine.skip_quarantined(items, quarantine.parse(text))


@pytest.fixture(scope="session")
def nats_server() -> Iterator[NatsServer]:
    """A real NATS server with JetStream, shared by all tests. Each test uses its own rooms and buckets.

    A test that stops, kills or fills a server starts its own with `nats_servers.nats_server()`.
    """
    with nats_servers.nats_server() as server:
        yield server


@pytest.fixture
def tcp_port() -> int:
    """A free TCP port of the loopback interface."""
    return free_tcp_port()


@pytest.fixture
def udp_port() -> int:
    """The first of ten consecutive free UDP ports."""
    return free_udp_ports(10, host="0.0.0.0")

"""Fixtures for every test of the repository. All of them work beside an installation that runs here."""

from collections.abc import Iterator

import pytest

from hubbub_cli.nats_server import EmbeddedNats
from hubbub_cli.ports import free_tcp_port, free_udp_ports


@pytest.fixture(scope="session")
def nats_server() -> Iterator[EmbeddedNats]:
    """A real NATS server with JetStream, one for all tests: make rooms and buckets of your own in it.

    A test that stops, kills or fills a server starts its own `EmbeddedNats`.
    """
    with EmbeddedNats() as server:
        yield server


@pytest.fixture
def tcp_port() -> int:
    """A free TCP port of the loopback interface."""
    return free_tcp_port()


@pytest.fixture
def udp_port() -> int:
    """The first of ten neighbouring free UDP ports."""
    return free_udp_ports(10, host="0.0.0.0")

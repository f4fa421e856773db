"""A bus on a real server, and names that no other test uses."""

from collections.abc import AsyncIterator

import pytest

from hubbub_bus import Bucket, Bus, KeyValue
from hubbub_contracts import ids
from support.nats_servers import NatsServer


@pytest.fixture
async def bus(nats_server: NatsServer) -> AsyncIterator[Bus]:
    """Connected for one test."""
    connected = await Bus.connect(nats_server.url, name="test", timeout=5)
    yield connected
    await connected.close()


@pytest.fixture
def subject() -> str:
    """One of its own."""
    return f"test.{ids.mint()}"


@pytest.fixture
async def store(bus: Bus) -> KeyValue:
    """A new bucket that is republished under its own name."""
    name = f"bucket-{ids.mint()}"
    bucket = KeyValue(bus, Bucket(name, f"$KV.{name}.>", f"test.{name}.>"))
    assert await bucket.ensure()
    return bucket

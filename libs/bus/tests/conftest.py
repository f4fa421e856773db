"""A bus on a real NATS server, and unique names."""

from collections.abc import AsyncIterator

import pytest

from hubbub_bus import Bucket, Bus, KeyValue
from hubbub_contracts import ids
from support.nats_servers import NatsServer


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers may take longer than in use, since tests and what they ask stand still together."""
    monkeypatch.setattr("hubbub_bus.kv.WRITE_TIMEOUT", 10.0)
    defaults = Bus.request.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "timeout", 10.0)


@pytest.fixture
async def bus(nats_server: NatsServer) -> AsyncIterator[Bus]:
    """A connection of its own for each test."""
    connected = await Bus.connect(nats_server.url, name="test", timeout=20)
    yield connected
    await connected.close()


@pytest.fixture
def subject() -> str:
    """A subject that no other test uses."""
    return f"test.{ids.mint()}"


@pytest.fixture
async def store(bus: Bus) -> KeyValue:
    """A new bucket, republished under its own name."""
    name = f"bucket-{ids.mint()}"
    bucket = KeyValue(bus, Bucket(name, f"$KV.{name}.>", f"test.{name}.>"))
    assert await bucket.ensure()
    return bucket

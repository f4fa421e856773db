"""Two registry replicas and one fake media node, for tests that do not break them."""

from collections.abc import AsyncIterator, Iterator

import pytest

from hubbub_bus import Bus
from support.registry_rig import FakeNode, FakeSignaling, Replicas, replicas


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    """Two replicas."""
    with replicas(tmp_path_factory.mktemp("registry"), max_peers_per_room=5, max_producers_per_peer=2) as running:
        yield running


@pytest.fixture
async def signaling(registry: Replicas) -> AsyncIterator[FakeSignaling]:
    """A fake signaling instance."""
    bus = await Bus.connect(registry.nats.url, name="test", timeout=20)
    connected = await FakeSignaling(bus).start()
    yield connected
    await connected.stop()
    await bus.close()


@pytest.fixture
async def node(registry: Replicas) -> AsyncIterator[FakeNode]:
    """A fake media node."""
    async with FakeNode(registry.nats.url) as running:
        yield running

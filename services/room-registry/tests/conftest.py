"""A store without NATS, and a context for the request handlers."""

import pytest

from hubbub_registry.domain.limits import Limits
from hubbub_registry.handlers.context import RegistryContext
from support.fake_room_store import FakeRoomStore
from support.registry_fakes import FakeRevocationStore, FakeTelemetry
from support.registry_records import A, B, nodes_with, room_record


@pytest.fixture
def store() -> FakeRoomStore:
    """Holds the open, empty room "r" on A."""
    store = FakeRoomStore()
    store.store_room("r", room_record())
    return store


@pytest.fixture
def telemetry() -> FakeTelemetry:
    """What the handlers count."""
    return FakeTelemetry()


@pytest.fixture
def revocations() -> FakeRevocationStore:
    """The revoked access tokens."""
    return FakeRevocationStore()


@pytest.fixture
def context(store: FakeRoomStore, telemetry: FakeTelemetry, revocations: FakeRevocationStore) -> RegistryContext:
    """Two live nodes; at most two rooms, two peers in a room, two producers of a peer and 10,000 bytes of a room."""
    limits = Limits(rooms=2, peers_per_room=2, producers_per_peer=2, room_bytes=10_000)
    return RegistryContext(
        store,
        nodes_with(A, B),
        limits,
        empty_room_ttl=30.0,
        reconnect_grace=30.0,
        revocations=revocations,
        revocation_ttl=3600.0,
        telemetry=telemetry,
        clock=lambda: store.now,
    )

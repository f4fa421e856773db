"""`peer.restore`: only into the store that the request names, and never over another claim."""

import pytest

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.peer import RestorePeer
from hubbub_registry.handlers.context import RegistryContext
from hubbub_registry.handlers.restore import restore
from support.fake_room_store import FakeRoomStore
from support.registry_records import peer_record, room_record


@pytest.fixture
def lost(store: FakeRoomStore) -> FakeRoomStore:
    """The store after it was lost."""
    store.store_room("r", None)
    store.identity = "second"
    return store


def request(claim_id: str | None = "c1") -> RestorePeer:
    return RestorePeer(
        store="second", room=room_record(closing=True), peer=peer_record("one", producers=2, claim_id=claim_id)
    )


async def test_room_and_peer_are_written_again(context: RegistryContext, lost: FakeRoomStore) -> None:
    for _ in range(2):
        await restore(context, request())
    room, peer = lost.rooms.get("r"), lost.rooms.find_peer("r", "one")
    assert room is not None
    assert room.settings is not None
    assert not room.settings.closing
    assert peer is not None
    assert [producer.producer_id for producer in peer.record.producers] == ["p0", "p1"]


async def test_a_replica_that_has_another_store_is_unavailable(context: RegistryContext, store: FakeRoomStore) -> None:
    with pytest.raises(HubbubError) as refused:
        await restore(context, request())
    assert (refused.value.code, refused.value.retryable) == (ErrorCode.UNAVAILABLE, True)
    assert store.rooms.find_peer("r", "one") is None


async def test_another_claim_is_not_overwritten(context: RegistryContext, lost: FakeRoomStore) -> None:
    await restore(context, request("c1"))
    with pytest.raises(HubbubError) as refused:
        await restore(context, request("c2"))
    assert refused.value.code is ErrorCode.CONFLICT


async def test_a_peer_that_has_left_is_not_restored(context: RegistryContext, lost: FakeRoomStore) -> None:
    lost.remove_peer("r", "one", "left")
    with pytest.raises(HubbubError) as refused:
        await restore(context, request())
    assert refused.value.code is ErrorCode.NOT_FOUND

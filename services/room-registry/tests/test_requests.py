"""The request handlers except `peer.join`, over a store without NATS."""

from __future__ import annotations

import hashlib
import time

import pytest

from hubbub_bus import KeyConflict, Operation, enter_operation
from hubbub_bus.retry import ATTEMPTS, retry_on_conflict
from hubbub_contracts import ErrorCode, HubbubError, ids
from hubbub_contracts.bus.catalogue import REGISTRY_REQUESTS
from hubbub_contracts.bus.peer import ClaimPeer, LeaveRoom, SetConnectionState
from hubbub_contracts.bus.producer import AddProducer, RemoveProducers
from hubbub_contracts.bus.records import Placement
from hubbub_contracts.bus.room import CreateRoom, GetRoom, ListRooms
from hubbub_contracts.bus.stats import GetStats
from hubbub_registry.domain.producers import remove_producers
from hubbub_registry.handlers import peer, producer, room, stats
from hubbub_registry.handlers.catalogue import HANDLERS
from hubbub_registry.handlers.context import RegistryContext
from support.fake_room_store import FakeRoomStore
from support.registry_records import A, B, encoded, peer_record, room_record

CALL = "call"
ROOM = ids.room_id(CALL)
C = Placement(node_id="c", epoch=3)
SECRET = "secret"
DIGEST = hashlib.sha256(SECRET.encode()).hexdigest()


def test_every_request_of_the_contract_has_a_handler() -> None:
    assert set(HANDLERS) == set(REGISTRY_REQUESTS)


async def test_a_room_is_created_once(context: RegistryContext, store: FakeRoomStore) -> None:
    first = await room.create(context, CreateRoom(call_id=CALL))
    written = store.sequence
    assert await room.create(context, CreateRoom(call_id=CALL)) == first
    assert (first.room_id, store.sequence) == (ROOM, written)


async def test_rooms_beyond_the_limit_are_refused(context: RegistryContext, store: FakeRoomStore) -> None:
    store.store_room("other", room_record("other"))
    with pytest.raises(HubbubError) as caught:
        await room.create(context, CreateRoom(call_id=CALL))
    assert caught.value.code is ErrorCode.QUOTA_EXCEEDED


async def test_a_room_that_exceeds_the_limit_by_a_concurrent_write_is_rolled_back(
    context: RegistryContext, store: FakeRoomStore
) -> None:
    store.before_write = [lambda: store.store_room("other", room_record("other"))]
    with pytest.raises(HubbubError) as caught:
        await room.create(context, CreateRoom(call_id=CALL))
    assert caught.value.code is ErrorCode.QUOTA_EXCEEDED
    assert store.rooms.get(ROOM) is None


async def test_a_list_of_rooms_shows_the_nodes_of_each(context: RegistryContext, store: FakeRoomStore) -> None:
    store.store_room(ROOM, room_record(ROOM))
    for number, placement in enumerate((B, A, None, C)):
        store.store_peer(peer_record(f"{number}", ROOM, placement))
    listed = {each.room.room_id: each.nodes for each in (await room.list_rooms(context, ListRooms())).rooms}
    assert listed[ROOM] == ["a", "b", "c"], "its home first, each once"


@pytest.mark.parametrize(
    ("closing", "idle", "occupied", "rewritten"),
    [
        (False, 7.4, False, False),
        (False, 7.5, False, True),
        (False, 7.5, True, False),
        (True, 0.0, False, True),
        (True, 0.0, True, True),
    ],
    ids=["young", "ageing", "occupied", "closing", "closing and occupied"],
)
async def test_creating_an_existing_room_keeps_it_open(
    context: RegistryContext, store: FakeRoomStore, closing: bool, idle: float, occupied: bool, rewritten: bool
) -> None:
    store.store_room(ROOM, room_record(ROOM, closing=closing))
    if occupied:
        store.store_peer(peer_record("one", ROOM))
    written, store.now = store.sequence, idle
    await room.create(context, CreateRoom(call_id=CALL))
    existing = store.rooms.get(ROOM)
    assert existing is not None
    assert existing.settings is not None
    assert not existing.settings.record.closing
    assert (store.sequence > written) is rewritten


async def test_creating_a_room_that_nobody_joined_keeps_it_open(context: RegistryContext, store: FakeRoomStore) -> None:
    store.store_room(ROOM, room_record(ROOM, placement=None))
    written, store.now = store.sequence, 4.0
    await room.create(context, CreateRoom(call_id=CALL))
    assert store.sequence > written


@pytest.mark.parametrize("occupied", [False, True])
async def test_creating_a_room_that_was_found_in_a_listing_restarts_its_time_to_live(
    context: RegistryContext, store: FakeRoomStore, occupied: bool
) -> None:
    """It may have been empty for long, as another replica knows."""
    written = store.store_room(ROOM, room_record(ROOM))
    store.rooms.apply_settings(ROOM, encoded(room_record(ROOM)), written, store.now, followed=False)
    if occupied:
        written = store.store_peer(peer_record("one", ROOM))
    for _ in range(2):  # the first one has seen its own write
        await room.create(context, CreateRoom(call_id=CALL))
        assert store.sequence == (written if occupied else written + 1)


async def test_get_returns_the_room_or_that_there_is_none(context: RegistryContext, store: FakeRoomStore) -> None:
    store.store_peer(peer_record("one"))
    snapshot = (await room.get(context, GetRoom(room_id="r"))).decode()
    assert ([each.peer_id for each in snapshot.peers], snapshot.revision) == (["one"], store.sequence)
    store.store_room("r", None)
    with pytest.raises(HubbubError) as caught:
        await room.get(context, GetRoom(room_id="r"))
    assert caught.value.code is ErrorCode.ROOM_NOT_FOUND


async def test_leave_removes_the_peer(context: RegistryContext, store: FakeRoomStore) -> None:
    store.store_peer(peer_record("one"))
    await peer.leave(context, LeaveRoom(room_id="r", peer_id="one", reason="left"))
    assert store.rooms.find_peer("r", "one") is None
    assert store.tombstones == {"one": "left"}


async def test_leave_of_an_unknown_peer_writes_a_tombstone_once(context: RegistryContext, store: FakeRoomStore) -> None:
    for reason in ("disconnected", "left"):
        await peer.leave(context, LeaveRoom(room_id="r", peer_id="late", reason=reason))
    assert store.tombstones == {"late": "disconnected"}


async def test_leave_removes_a_peer_that_joins_at_the_same_moment(
    context: RegistryContext, store: FakeRoomStore
) -> None:
    store.before_write = [lambda: store.store_peer(peer_record("late"))]
    await peer.leave(context, LeaveRoom(room_id="r", peer_id="late", reason="left"))
    assert store.rooms.find_peer("r", "late") is None


@pytest.mark.parametrize(
    ("stored", "sent", "removed"),
    [
        pytest.param("new", "old", False, id="claimed since"),
        pytest.param("same", "same", True, id="the newest claim"),
        pytest.param(None, "old", True, id="a record of an older version"),
        pytest.param("new", None, True, id="a request of an older version"),
    ],
)
async def test_leave_removes_the_peer_under_its_newest_claim_only(
    context: RegistryContext, store: FakeRoomStore, stored: str | None, sent: str | None, removed: bool
) -> None:
    store.store_peer(peer_record("one", claim_id=stored))
    request = LeaveRoom(room_id="r", peer_id="one", reason="disconnected", claim_id=sent)
    if removed:
        await peer.leave(context, request)
    else:
        with pytest.raises(HubbubError) as caught:
            await peer.leave(context, request)
        assert (caught.value.code, caught.value.retryable) == (ErrorCode.CONFLICT, False)
    assert (store.rooms.find_peer("r", "one") is None) is removed


@pytest.mark.parametrize("stored", ["new", None], ids=["the stored claim", "a record without a claim"])
async def test_a_connection_state_is_stored_once(
    context: RegistryContext, store: FakeRoomStore, stored: str | None
) -> None:
    store.store_peer(peer_record("one", claim_id=stored))
    request = SetConnectionState(room_id="r", peer_id="one", claim_id="new", state="disconnected")
    await peer.set_connection_state(context, request)
    written = store.sequence
    await peer.set_connection_state(context, request)
    stored_peer = store.rooms.find_peer("r", "one")
    assert stored_peer is not None
    assert (stored_peer.record.connection_state, store.sequence) == ("disconnected", written)


async def test_a_connection_state_under_an_older_claim_is_refused(
    context: RegistryContext, store: FakeRoomStore
) -> None:
    store.store_peer(peer_record("one", claim_id="new"))
    with pytest.raises(HubbubError) as caught:
        await peer.set_connection_state(
            context, SetConnectionState(room_id="r", peer_id="one", claim_id="old", state="disconnected")
        )
    assert caught.value.code is ErrorCode.CONFLICT
    stored = store.rooms.find_peer("r", "one")
    assert stored is not None
    assert stored.record.connection_state == "connected"


async def test_leave_keeps_a_peer_that_is_claimed_at_the_same_moment(
    context: RegistryContext, store: FakeRoomStore
) -> None:
    store.store_peer(peer_record("one", claim_id="old"))
    store.before_write = [lambda: store.store_peer(peer_record("one", claim_id="new"))]
    with pytest.raises(HubbubError, match="conflict"):
        await peer.leave(context, LeaveRoom(room_id="r", peer_id="one", reason="left", claim_id="old"))
    assert store.rooms.find_peer("r", "one") is not None


async def test_claim_assigns_the_peer_to_the_caller(context: RegistryContext, store: FakeRoomStore) -> None:
    store.store_peer(peer_record("one", resume_digest=DIGEST))
    snapshot = await peer.claim(
        context,
        ClaimPeer(
            room_id="r",
            peer_id="one",
            signaling_id="new",
            signaling_epoch=7,
            claim_id="claim",
            resume_secret=SECRET,
            resume_digest="next",
        ),
    )
    (claimed,) = snapshot.decode().peers
    assert (claimed.signaling_id, claimed.resume_digest) == ("new", "next")
    assert (claimed.signaling_epoch, claimed.claim_id) == (7, "claim")


async def test_a_claim_of_who_follows_the_room_is_answered_with_the_peer_alone(
    context: RegistryContext, store: FakeRoomStore
) -> None:
    store.store_peer(peer_record("one", resume_digest=DIGEST))
    store.store_peer(peer_record("two"))
    request = ClaimPeer(
        room_id="r", peer_id="one", signaling_id="new", resume_secret=SECRET, known_revision=store.sequence
    )
    answer = (await peer.claim(context, request)).decode()
    assert ([each.peer_id for each in answer.peers], answer.partial) == (["one"], True)


async def test_a_claim_replaces_the_claim_of_the_same_instance(context: RegistryContext, store: FakeRoomStore) -> None:
    store.store_peer(peer_record("one", resume_digest=DIGEST, claim_id="old"))
    for claim_id in ("new", None):
        request = ClaimPeer(
            room_id="r", peer_id="one", signaling_id="s", claim_id=claim_id, resume_secret=SECRET, resume_digest=DIGEST
        )
        (claimed,) = (await peer.claim(context, request)).decode().peers
        assert claimed.claim_id == claim_id


async def test_a_repeated_claim_succeeds_although_the_secret_was_replaced(
    context: RegistryContext, store: FakeRoomStore
) -> None:
    store.store_peer(peer_record("one", resume_digest=DIGEST))
    enter_operation(Operation("op"))
    request = ClaimPeer(room_id="r", peer_id="one", signaling_id="new", resume_secret=SECRET, resume_digest="next")
    first = await peer.claim(context, request)
    assert await peer.claim(context, request) == first


@pytest.mark.parametrize(
    ("room_id", "peer_id", "digest", "secret", "code"),
    [
        ("none", "one", DIGEST, SECRET, ErrorCode.ROOM_NOT_FOUND),
        ("r", "none", DIGEST, SECRET, ErrorCode.NOT_FOUND),
        ("r", "one", DIGEST, "wrong", ErrorCode.NOT_ALLOWED),
        ("r", "one", None, SECRET, ErrorCode.NOT_ALLOWED),
        ("r", "one", DIGEST, SECRET, ErrorCode.NOT_ALLOWED),
    ],
    ids=["no room", "no peer", "wrong secret", "not resumable", "another user"],
)
async def test_claim_is_refused(
    context: RegistryContext,
    store: FakeRoomStore,
    room_id: str,
    peer_id: str,
    digest: str | None,
    secret: str,
    code: ErrorCode,
) -> None:
    store.store_peer(peer_record("one", resume_digest=digest))
    claim = ClaimPeer(
        room_id=room_id, peer_id=peer_id, signaling_id="new", resume_secret=secret, user_id="somebody else"
    )
    with pytest.raises(HubbubError) as caught:
        await peer.claim(context, claim)
    assert caught.value.code is code
    unchanged = store.rooms.find_peer("r", "one")
    assert unchanged is not None
    assert unchanged.record.signaling_id == "s"


async def test_a_producer_is_added_on_top_of_a_concurrent_change(
    context: RegistryContext, store: FakeRoomStore
) -> None:
    store.store_peer(peer_record("one"))
    store.before_write = [lambda: store.store_peer(peer_record("one", producers=1))]
    request = AddProducer(room_id="r", peer_id="one", producer_id="new", kind="audio", app_data={}, paused=False)
    answer = await producer.add(context, request)
    changed = store.rooms.find_peer("r", "one")
    assert changed is not None
    assert [each.producer_id for each in changed.record.producers] == ["p0", "new"]
    assert changed.revision == answer.revision


async def test_a_producer_that_would_exceed_the_bytes_of_a_room_is_refused(
    context: RegistryContext, store: FakeRoomStore
) -> None:
    store.store_peer(peer_record("one"))
    store.store_peer(peer_record("two"))

    def large(peer_id: str, producer_id: str) -> AddProducer:
        text = {"text": "x" * 4_400}
        return AddProducer(
            room_id="r", peer_id=peer_id, producer_id=producer_id, kind="audio", app_data=text, paused=False
        )

    first = large("one", "a")
    await producer.add(context, first)
    await producer.add(context, large("two", "b"))
    written = store.sequence
    with pytest.raises(HubbubError) as caught:
        await producer.add(context, large("two", "c"))
    assert caught.value.code is ErrorCode.QUOTA_EXCEEDED
    await producer.add(context, first)
    assert store.sequence == written, "a repeated request needs no more bytes"
    await producer.remove(context, RemoveProducers(room_id="r", peer_id="one", producer_ids=["a"]))
    await producer.add(context, large("two", "c"))


async def test_a_producer_that_is_removed_while_its_adding_times_out_is_not_added(
    context: RegistryContext, store: FakeRoomStore
) -> None:
    store.store_peer(peer_record("one"))
    store.before_write = [lambda: store.store_peer(remove_producers(peer_record("one"), ["new"]))]
    enter_operation(Operation("op", deadline=time.monotonic() - 1))
    request = AddProducer(room_id="r", peer_id="one", producer_id="new", kind="audio", app_data={}, paused=False)
    with pytest.raises(HubbubError) as caught:
        await producer.add(context, request)
    assert caught.value.code is ErrorCode.DEADLINE_EXCEEDED


async def test_a_producer_of_a_peer_that_leaves_at_the_same_moment_is_not_found(
    context: RegistryContext, store: FakeRoomStore
) -> None:
    store.store_peer(peer_record("one"))
    store.before_write = [lambda: store.remove_peer("r", "one", "left")]
    request = AddProducer(room_id="r", peer_id="one", producer_id="new", kind="audio", app_data={}, paused=False)
    with pytest.raises(HubbubError) as caught:
        await producer.add(context, request)
    assert caught.value.code is ErrorCode.NOT_FOUND


async def test_stats_count_rooms_with_peers_and_live_nodes(context: RegistryContext, store: FakeRoomStore) -> None:
    store.store_room("empty", room_record("empty"))
    store.store_peer(peer_record("one", producers=2))
    counts = await stats.get(context, GetStats())
    assert (counts.rooms, counts.peers, counts.producers, counts.nodes) == (1, 1, 2, 2)
    assert [worker.node_id for worker in counts.workers] == ["a", "b"]


async def test_a_write_that_always_loses_is_given_up() -> None:
    attempts = 0

    async def lose() -> None:
        nonlocal attempts
        attempts += 1
        raise KeyConflict("key")

    with pytest.raises(HubbubError) as caught:
        await retry_on_conflict(lose)
    assert (caught.value.code, caught.value.retryable) == (ErrorCode.UNAVAILABLE, True)
    assert attempts == ATTEMPTS

"""`peer.join`, also when the room or the peer changes during the join."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from hubbub_bus import Bus
from hubbub_contracts import ErrorCode, HubbubError, ids
from hubbub_contracts.bus.moderation_records import Moderation
from hubbub_contracts.bus.peer import JoinRoom
from hubbub_contracts.bus.records import PeerRecord, ProducerRecord
from hubbub_contracts.bus.room import CreateRoom
from hubbub_registry.adapters.room_store import KvRoomStore
from hubbub_registry.domain.limits import Limits
from hubbub_registry.domain.nodes import Nodes
from hubbub_registry.handlers import room
from hubbub_registry.handlers.context import RegistryContext
from hubbub_registry.handlers.join import join
from support.fake_room_store import FakeRoomStore
from support.nats_servers import NatsServer
from support.registry_fakes import FakeRevocationStore, FakeTelemetry
from support.registry_records import A, B, heartbeat, nodes_with, peer_record, room_record


def request(peer_id: str = "one", room_id: str = "r", user_id: str = "u") -> JoinRoom:
    return JoinRoom(room_id=room_id, peer_id=peer_id, user_id=user_id, display_name="U", app_data={}, signaling_id="s")


async def test_a_join_adds_the_peer_where_the_room_is(context: RegistryContext, store: FakeRoomStore) -> None:
    answer = (await join(context, request())).decode()
    assert [(peer.peer_id, peer.placement) for peer in answer.peers] == [("one", A)]
    assert answer.revision == store.sequence


async def test_a_join_of_who_follows_the_room_is_answered_with_the_peer_alone(
    context: RegistryContext, store: FakeRoomStore
) -> None:
    await join(context, request("other", user_id="v"))
    known = store.sequence
    answer = (await join(context, request().model_copy(update={"known_revision": known}))).decode()
    assert ([peer.peer_id for peer in answer.peers], answer.partial) == (["one"], True)
    assert answer.revision > known


async def test_a_refusal_is_checked_against_the_store(
    context: RegistryContext, store: FakeRoomStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.store_room("r", room_record().model_copy(update={"moderation": Moderation(locked=True)}))

    async def refresh(_room_id: str) -> None:
        store.store_room("r", room_record())

    monkeypatch.setattr(store, "refresh_room", refresh)
    answer = (await join(context, request())).decode()
    assert [peer.peer_id for peer in answer.peers] == ["one"]


async def test_a_join_that_nothing_refuses_asks_the_store_for_nothing(
    context: RegistryContext, store: FakeRoomStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refresh(_room_id: str) -> None:
        pytest.fail("the store was asked")

    monkeypatch.setattr(store, "refresh_room", refresh)
    await join(context, request())


async def test_a_repeated_join_returns_the_room_and_writes_nothing(
    context: RegistryContext, store: FakeRoomStore
) -> None:
    first = await join(context, request())
    written = store.sequence
    assert await join(context, request()) == first
    assert store.sequence == written


async def test_a_join_places_a_room_without_a_placement(context: RegistryContext, store: FakeRoomStore) -> None:
    store.store_room("r", room_record(placement=None))
    answer = (await join(context, request())).decode()
    assert answer.room.placement in (A, B)
    assert [peer.placement for peer in answer.peers] == [answer.room.placement]


async def test_hidden_peers_and_participants_do_not_take_each_others_places(
    context: RegistryContext, store: FakeRoomStore
) -> None:
    viewers = [f"viewer{number}" for number in range(context.limits.peers_per_room)]
    for viewer in viewers:
        await join(context, request(viewer).model_copy(update={"role": "viewer"}))
    with pytest.raises(HubbubError, match="full"):
        await join(context, request("more").model_copy(update={"role": "viewer"}))
    answer = (await join(context, request())).decode()
    assert {peer.peer_id for peer in answer.peers if peer.hidden} == set(viewers)


async def test_a_hidden_peer_does_not_stop_the_close_of_a_room(context: RegistryContext, store: FakeRoomStore) -> None:
    store.store_room("r", room_record(closing=True))
    await join(context, request("viewer").model_copy(update={"role": "viewer"}))
    assert [room_id for room_id, _ in store.rooms.closing] == ["r"]
    await join(context, request())
    assert list(store.rooms.closing) == []


def leave_before(store: FakeRoomStore) -> None:
    store.remove_peer("r", "one", "left")


def belong_to_another_user(store: FakeRoomStore) -> None:
    store.store_peer(peer_record("one", signaling_id="other"))


def fill(store: FakeRoomStore) -> None:
    store.store_peer(peer_record("two"))
    store.store_peer(peer_record("three"))


def close(store: FakeRoomStore) -> None:
    store.store_room("r", None)


@pytest.mark.parametrize(
    ("prepare", "code"),
    [
        (leave_before, ErrorCode.INVALID_STATE),
        (belong_to_another_user, ErrorCode.CONFLICT),
        (fill, ErrorCode.QUOTA_EXCEEDED),
        (close, ErrorCode.ROOM_NOT_FOUND),
    ],
)
async def test_a_join_is_refused(
    context: RegistryContext, store: FakeRoomStore, prepare: Callable[[FakeRoomStore], None], code: ErrorCode
) -> None:
    prepare(store)
    written = store.sequence
    with pytest.raises(HubbubError) as caught:
        await join(context, request())
    assert caught.value.code is code
    assert store.sequence == written


@pytest.mark.parametrize(("length", "fits"), [(9_000, True), (9_700, False)])
async def test_a_join_that_would_exceed_the_bytes_of_a_room_is_refused(
    context: RegistryContext, store: FakeRoomStore, length: int, fits: bool
) -> None:
    text = {"text": "x" * (length // 2)}
    producers = [ProducerRecord(producer_id="p", kind="audio", app_data=text, paused=False)]
    store.store_peer(peer_record("two").model_copy(update={"app_data": text, "producers": producers}))
    if fits:
        assert len((await join(context, request())).decode().peers) == 2
        return
    written = store.sequence
    with pytest.raises(HubbubError) as caught:
        await join(context, request())
    assert (caught.value.code, caught.value.retryable) == (ErrorCode.QUOTA_EXCEEDED, False)
    assert store.sequence == written


async def test_a_join_is_refused_without_a_media_node(context: RegistryContext, store: FakeRoomStore) -> None:
    store.store_room("r", room_record(placement=None))
    for node_id in ("a", "b"):
        context.nodes.lease_removed(node_id, 1.0, released=True)
    with pytest.raises(HubbubError) as caught:
        await join(context, request())
    assert (caught.value.code, caught.value.retryable) == (ErrorCode.UNAVAILABLE, True)


@pytest.mark.parametrize(
    ("interfere", "code", "reason"),
    [(fill, ErrorCode.QUOTA_EXCEEDED, "removed"), (close, ErrorCode.ROOM_NOT_FOUND, "room_closed")],
)
async def test_a_join_is_rolled_back_when_the_room_fills_or_closes_before_its_write(
    context: RegistryContext,
    store: FakeRoomStore,
    interfere: Callable[[FakeRoomStore], None],
    code: ErrorCode,
    reason: str,
) -> None:
    store.before_write = [lambda: interfere(store)]
    with pytest.raises(HubbubError) as caught:
        await join(context, request())
    assert caught.value.code is code
    assert store.tombstones == {"one": reason}


async def test_a_join_stays_when_the_room_fills_after_its_write(context: RegistryContext, store: FakeRoomStore) -> None:
    store.after_write = [lambda: fill(store)]
    answer = (await join(context, request())).decode()
    assert "one" in [peer.peer_id for peer in answer.peers]


async def test_a_join_removes_a_closing_marker(context: RegistryContext, store: FakeRoomStore) -> None:
    store.before_write = [lambda: store.store_room("r", room_record(closing=True))]
    answer = (await join(context, request())).decode()
    assert not answer.room.closing


async def test_a_join_gets_another_node_when_its_own_ends(context: RegistryContext, store: FakeRoomStore) -> None:
    def end() -> None:
        context.nodes.lease_removed("a", 1.0, released=True)

    store.after_write = [end]
    answer = (await join(context, request())).decode()
    assert (answer.room.placement, [peer.placement for peer in answer.peers]) == (B, [B])


async def test_a_join_stays_on_its_node_when_the_home_of_the_room_moves(
    context: RegistryContext, store: FakeRoomStore
) -> None:
    store.after_write = [lambda: store.store_room("r", room_record(placement=B))]
    answer = (await join(context, request())).decode()
    assert [peer.placement for peer in answer.peers] == [A]


async def test_a_join_in_a_room_with_enough_peers_gets_another_node(
    context: RegistryContext, store: FakeRoomStore
) -> None:
    store.store_peer(peer_record("first"))
    answer = (await join(replace(context, room_peers_per_node=1), request())).decode()
    assert {peer.peer_id: peer.placement for peer in answer.peers} == {"first": A, "one": B}
    assert answer.room.placement == A


@pytest.mark.parametrize("limit", [None, 800], ids=["a node a room", "several"])
async def test_the_first_in_a_room_whose_home_drains_gets_another_node(
    context: RegistryContext, store: FakeRoomStore, limit: int | None
) -> None:
    context = replace(context, room_peers_per_node=limit)
    context.nodes.heartbeat(heartbeat(A, drain_deadline=30_000), 1.0)
    for peer_id in ("one", "two"):
        answer = (await join(context, request(peer_id))).decode()
        assert answer.room.placement == B
        assert {peer.placement for peer in answer.peers} == {B}


async def test_a_room_on_one_node_stays_whole_while_that_drains(context: RegistryContext, store: FakeRoomStore) -> None:
    await join(context, request("one"))
    context.nodes.heartbeat(heartbeat(A, drain_deadline=30_000), 1.0)
    answer = (await join(context, request("two"))).decode()
    assert [peer.placement for peer in answer.peers] == [A, A], "peer one is not reached from another node"


async def test_a_node_that_drains_is_taken_where_no_other_is(context: RegistryContext, store: FakeRoomStore) -> None:
    for placement in (A, B):
        context.nodes.heartbeat(heartbeat(placement, drain_deadline=30_000), 1.0)
    answer = (await join(context, request())).decode()
    assert [peer.placement for peer in answer.peers] == [A]


async def test_a_join_is_cancelled_when_the_peer_is_removed_after_its_write(
    context: RegistryContext, store: FakeRoomStore
) -> None:
    store.after_write = [lambda: store.remove_peer("r", "one", "left")]
    with pytest.raises(HubbubError) as caught:
        await join(context, request())
    assert caught.value.code is ErrorCode.CANCELLED


class InterferingStore(KvRoomStore):
    """The real store. The node ends once a peer is written, and the peer leaves before it can move."""

    def __init__(self, bus: Bus, nodes: Nodes) -> None:
        super().__init__(bus)
        self.nodes = nodes

    async def put_peer(self, record: PeerRecord, last: int) -> int:
        """Writes the peer, then ends its node; for an existing peer, removes it first."""
        if last:
            await self.purge_peer(record.room_id, record.peer_id, last, "left")
            return await super().put_peer(record, last)
        revision = await super().put_peer(record, last)
        await self.wait_for(revision)  # until the view has the room's home, which the join has just written
        assert record.placement is not None
        self.nodes.lease_removed(record.placement.node_id, 1.0, released=True)
        return revision


@pytest.fixture
async def interfering_store(nats_server: NatsServer) -> AsyncIterator[InterferingStore]:
    """Complete."""
    bus = await Bus.connect(nats_server.url, name="test", timeout=20)
    store = InterferingStore(bus, nodes_with(A, B))
    store.start()
    await store.complete()
    yield store
    await store.stop()
    await bus.close()


async def test_a_join_is_cancelled_when_the_peer_leaves_while_it_moves(
    interfering_store: InterferingStore,
) -> None:
    context = RegistryContext(
        interfering_store,
        interfering_store.nodes,
        Limits(1_000, 5, 2, 10_000),
        empty_room_ttl=30.0,
        reconnect_grace=30.0,
        revocations=FakeRevocationStore(),
        revocation_ttl=3600.0,
        telemetry=FakeTelemetry(),
    )
    created = await room.create(context, CreateRoom(call_id=ids.mint()))
    with pytest.raises(HubbubError) as caught:
        await join(context, request(room_id=created.room_id))
    assert caught.value.code is ErrorCode.CANCELLED

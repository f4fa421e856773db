"""Peers that only watch."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hubbub_contracts import ErrorCode, HubbubError, ids
from hubbub_contracts.bus.moderation import AdmitPeer, MuteSource, RemovePeer
from hubbub_contracts.bus.moderation_records import Moderation
from hubbub_contracts.bus.peer import JoinRoom
from hubbub_contracts.bus.producer import AddProducer
from hubbub_contracts.bus.room import ListRooms
from hubbub_contracts.bus.stats import GetStats
from hubbub_registry.domain.placement import Placer
from hubbub_registry.domain.relocation import beginning_moves, move_peer, peer_moves, room_moves
from hubbub_registry.domain.sweep import rooms_to_close
from hubbub_registry.handlers import lobby, producer, room, stats
from hubbub_registry.handlers.context import RegistryContext
from hubbub_registry.handlers.join import join
from hubbub_registry.handlers.moderation import mute, remove
from support.fake_room_store import FakeRoomStore
from support.registry_records import A, B, encoded, heartbeat, nodes_with, peer_record, room_record, rooms_with


def request(peer_id: str = "ann", **changed: object) -> JoinRoom:
    watches = JoinRoom(
        room_id="r", peer_id=peer_id, user_id=peer_id, display_name="U", app_data={}, signaling_id="s", role="audience"
    )
    return watches.model_copy(update=changed)


def roles(store: FakeRoomStore) -> dict[str, str]:
    found = store.rooms.get("r")
    return {} if found is None else {peer_id: peer.record.role for peer_id, peer in found.peers.items()}


async def refusal(attempt: object) -> HubbubError:
    with pytest.raises(HubbubError) as caught:
        await attempt  # type: ignore[misc]
    return caught.value


async def test_the_audience_is_counted_apart_and_keeps_no_room_open(
    context: RegistryContext, store: FakeRoomStore
) -> None:
    await join(context, request())
    store.store_peer(peer_record("bob"))
    counts = await stats.get(context, GetStats())
    assert (counts.peers, counts.audience, counts.rooms) == (1, 1, 1)
    store.remove_peer("r", "bob", "left")
    assert (await stats.get(context, GetStats())).rooms == 0
    assert rooms_to_close(rooms_with(peer_record("ann", role="audience")), 100.0, 30.0) == ["r"]


async def test_a_list_of_rooms_shows_how_many_watch(context: RegistryContext, store: FakeRoomStore) -> None:
    room_id = ids.room_id("call")
    store.store_room(room_id, room_record(room_id))
    for peer in (peer_record("ann", room_id, role="audience"), peer_record("bob", room_id)):
        store.store_peer(peer)
    listed = {each.room.room_id: each for each in (await room.list_rooms(context, ListRooms())).rooms}
    assert (listed[room_id].participants, listed[room_id].audience) == (1, 1)


async def test_the_audience_has_a_limit_of_its_own(context: RegistryContext, store: FakeRoomStore) -> None:
    context = replace(context, limits=replace(context.limits, audience_per_room=3))
    for number in range(3):
        await join(context, request(f"{number}"))
    assert (await refusal(join(context, request()))).limit == "audienceOfRoom"
    await join(context, request("bob", role="participant"))
    await join(context, request("recorder", role="recorder"))
    assert sorted(roles(store).values()) == ["audience"] * 3 + ["participant", "recorder"]


async def test_the_last_of_a_full_audience_that_joined_at_once_is_rolled_back(
    context: RegistryContext, store: FakeRoomStore
) -> None:
    context = replace(context, limits=replace(context.limits, audience_per_room=1))
    store.before_write = [lambda: store.store_peer(peer_record("first", role="audience"))]
    assert (await refusal(join(context, request()))).limit == "audienceOfRoom"
    assert list(roles(store)) == ["first"]


async def test_a_peer_in_the_audience_cannot_produce(context: RegistryContext, store: FakeRoomStore) -> None:
    await join(context, request())
    add = AddProducer(room_id="r", peer_id="ann", producer_id="p", kind="audio", app_data={}, paused=False)
    error = await refusal(producer.add(context, add))
    assert (error.code, "audience" in error.message) == (ErrorCode.NOT_ALLOWED, True)


async def test_a_lobby_admits_to_the_audience(context: RegistryContext, store: FakeRoomStore) -> None:
    store.store_room("r", room_record().model_copy(update={"moderation": Moderation(lobby=True)}))
    answer = (await join(context, request(may_wait=True))).decode()
    assert [(each.role, each.admit_as) for each in answer.peers] == [("waiting", "audience")]
    for peer_id in ("one", "two"):  # the participants' places are taken
        store.store_peer(peer_record(peer_id))
    for _ in range(2):
        await lobby.admit(context, AdmitPeer(room_id="r", peer_id="ann"))
    assert roles(store)["ann"] == "audience"
    assert (await join(context, request(may_wait=True))).decode().revision == store.sequence
    assert roles(store)["ann"] == "audience"
    assert (await refusal(join(context, request("cid")))).code is ErrorCode.NOT_ADMITTED


async def test_nobody_is_admitted_to_a_full_audience(context: RegistryContext, store: FakeRoomStore) -> None:
    context = replace(context, limits=replace(context.limits, audience_per_room=1))
    store.store_room("r", room_record().model_copy(update={"moderation": Moderation(lobby=True)}))
    await join(context, request(may_wait=True))
    store.store_peer(peer_record("first", role="audience"))
    assert (await refusal(lobby.admit(context, AdmitPeer(room_id="r", peer_id="ann")))).limit == "audienceOfRoom"


async def test_a_lobby_that_is_switched_on_during_the_join_holds_the_audience(
    context: RegistryContext, store: FakeRoomStore
) -> None:
    locked = room_record().model_copy(update={"moderation": Moderation(lobby=True)})
    store.before_write = [lambda: store.store_room("r", locked)]
    await join(context, request(may_wait=True))
    assert roles(store) == {"ann": "waiting"}


@pytest.mark.parametrize(
    ("moderation", "error"),
    [
        (Moderation(locked=True), ErrorCode.ROOM_LOCKED),
        (Moderation(banned=["ann"]), ErrorCode.BANNED),
        (Moderation(ended=True), ErrorCode.ROOM_NOT_FOUND),
    ],
)
async def test_locks_and_bans_hold_the_audience(
    context: RegistryContext, store: FakeRoomStore, moderation: Moderation, error: ErrorCode
) -> None:
    store.store_room("r", room_record().model_copy(update={"moderation": moderation}))
    assert (await refusal(join(context, request()))).code is error


async def test_a_moderator_who_knows_the_id_removes_one_of_the_audience(
    context: RegistryContext, store: FakeRoomStore
) -> None:
    await join(context, request())
    await mute(context, MuteSource(room_id="r", peer_id="ann", source="camera"))
    await remove(context, RemovePeer(room_id="r", peer_id="ann", ban=False))
    assert store.tombstones == {"ann": "kicked"}
    await join(context, request("ann2", user_id="ann"))
    await remove(context, RemovePeer(room_id="r", user_id="ann", ban=True))
    assert store.tombstones == {"ann": "kicked", "ann2": "banned"}


async def test_an_audience_counts_in_the_quota_of_its_tenant(context: RegistryContext, store: FakeRoomStore) -> None:
    """Whoever may join may join an audience: the quota could be evaded."""
    context = replace(context, limits=replace(context.limits, peers_per_tenant=2))
    await join(context, request("one"))
    await join(context, request("two", role="participant"))
    assert (await refusal(join(context, request("three")))).limit == "peersOfTenant"
    await join(context, request("viewer", role="viewer"))


def test_the_audience_leaves_a_node_as_others_do() -> None:
    watching = peer_record("ann", role="audience", make_before_break=True)
    rooms, nodes = rooms_with(watching), nodes_with(A, B)
    nodes.heartbeat(heartbeat(A, drain_deadline=30_000), 1.0)
    [move] = beginning_moves(rooms, nodes, Placer(nodes, rooms, 800), 1_000)
    assert (move.peer.peer_id, move.placement) == ("ann", B)
    nodes.lease_removed("a", 1.0, released=True)
    [room_move] = room_moves(rooms, nodes, Placer(nodes, rooms, None))
    rooms.apply_settings("r", encoded(room_record(placement=room_move.placement)), 10, 0.0)
    [peer_move] = peer_moves(rooms, nodes, Placer(nodes, rooms, None))
    moved = move_peer(watching, peer_move.placement, "op")
    assert (moved.role, moved.placement) == ("audience", B)

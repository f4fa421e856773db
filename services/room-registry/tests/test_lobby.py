"""Locks, lobbies, and rooms that moderators close; also when peers join at the same moment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hubbub_contracts import ErrorCode, HubbubError, ids
from hubbub_contracts.bus.moderation import AdmitPeer, CloseRoom, RefusePeer, SetRoomAccess
from hubbub_contracts.bus.moderation_records import Moderation
from hubbub_contracts.bus.peer import JoinRoom
from hubbub_contracts.bus.room import CreateRoom
from hubbub_registry.domain.sweep import orphaned_peers, rooms_to_close
from hubbub_registry.handlers import lobby, room
from hubbub_registry.handlers.close_room import close_room
from hubbub_registry.handlers.context import RegistryContext
from hubbub_registry.handlers.join import join
from support.fake_room_store import FakeRoomStore
from support.registry_records import peer_record, room_record, rooms_with

LOBBY, LOCKED = Moderation(lobby=True), Moderation(locked=True)
ADMIT, REFUSE = AdmitPeer(room_id="r", peer_id="ann"), RefusePeer(room_id="r", peer_id="ann")


def decide(store: FakeRoomStore, moderation: Moderation | None) -> None:
    store.store_room("r", room_record().model_copy(update={"moderation": moderation}))


def request(peer_id: str = "ann", *, may_wait: bool = True, exempt: bool = False) -> JoinRoom:
    return JoinRoom(
        room_id="r",
        peer_id=peer_id,
        user_id=peer_id,
        display_name="U",
        app_data={},
        signaling_id="s",
        may_wait=may_wait,
        exempt=exempt,
    )


async def refused(attempt: object) -> ErrorCode:
    with pytest.raises(HubbubError) as caught:
        await attempt  # type: ignore[misc]
    return caught.value.code


def role(store: FakeRoomStore, peer_id: str = "ann") -> str:
    found = store.rooms.find_peer("r", peer_id)
    assert found is not None
    return found.record.role


async def test_a_room_that_is_closed_while_a_peer_is_sent_to_its_lobby_is_not_found(
    context: RegistryContext, store: FakeRoomStore
) -> None:
    """The lobby was switched on during the join, so the peer is written twice."""
    store.before_write = [lambda: decide(store, LOBBY)]
    store.after_write = [lambda: None, lambda: store.store_room("r", None)]
    assert await refused(join(context, request())) is ErrorCode.ROOM_NOT_FOUND
    assert store.tombstones == {"ann": "room_closed"}


async def test_a_peer_waits_until_it_is_admitted(context: RegistryContext, store: FakeRoomStore) -> None:
    await lobby.set_access(context, SetRoomAccess(room_id="r", lobby=True))
    answer = (await join(context, request())).decode()
    assert [(each.role, each.hidden) for each in answer.peers] == [("waiting", True)]
    await lobby.admit(context, ADMIT)
    await lobby.admit(context, ADMIT)
    assert role(store) == "participant"
    assert (await join(context, request())).decode().peers[0].role == "participant", (
        "a repeated join does not send it back"
    )


async def test_a_refused_peer_is_gone(context: RegistryContext, store: FakeRoomStore) -> None:
    decide(store, LOBBY)
    await join(context, request())
    await lobby.refuse(context, REFUSE)
    assert await refused(lobby.refuse(context, REFUSE)) is ErrorCode.NOT_FOUND
    assert store.tombstones == {"ann": "refused"}
    assert await refused(lobby.admit(context, ADMIT)) is ErrorCode.NOT_FOUND
    store.store_peer(peer_record("bob"))
    assert await refused(lobby.refuse(context, REFUSE.model_copy(update={"peer_id": "bob"}))) is (
        ErrorCode.INVALID_STATE
    )


async def test_a_peer_that_leaves_before_the_write_is_not_admitted(
    context: RegistryContext, store: FakeRoomStore
) -> None:
    decide(store, LOBBY)
    await join(context, request())
    store.before_write = [lambda: store.remove_peer("r", "ann", "left")]
    assert await refused(lobby.admit(context, ADMIT)) is ErrorCode.NOT_FOUND
    assert store.rooms.find_peer("r", "ann") is None


async def test_nobody_is_admitted_to_a_full_room(context: RegistryContext, store: FakeRoomStore) -> None:
    decide(store, LOBBY)
    await join(context, request())
    for peer_id in ("one", "two"):
        store.store_peer(peer_record(peer_id))
    assert await refused(lobby.admit(context, ADMIT)) is ErrorCode.QUOTA_EXCEEDED
    assert role(store) == "waiting"


async def test_a_lobby_that_is_switched_off_admits_as_many_as_fit(
    context: RegistryContext, store: FakeRoomStore
) -> None:
    decide(store, LOBBY)
    for peer_id in ("ann", "bob", "cid"):
        await join(context, request(peer_id))
    await lobby.set_access(context, SetRoomAccess(room_id="r", lobby=False))
    assert [role(store, each) for each in ("ann", "bob", "cid")] == ["participant", "participant", "waiting"]


@pytest.mark.parametrize(
    ("before", "then", "role_after"),
    [(None, LOBBY, "waiting"), (LOBBY, None, "participant"), (LOBBY, Moderation(lobby=True, muted=[]), "waiting")],
    ids=["switched on", "switched off", "unchanged"],
)
async def test_a_lobby_that_changes_before_the_write_of_a_join(
    context: RegistryContext,
    store: FakeRoomStore,
    before: Moderation | None,
    then: Moderation | None,
    role_after: str,
) -> None:
    decide(store, before)
    store.before_write = [lambda: decide(store, then)]
    answer = (await join(context, request())).decode()
    assert [each.role for each in answer.peers] == [role_after]


async def test_a_lock_before_the_write_of_a_join_rolls_it_back(context: RegistryContext, store: FakeRoomStore) -> None:
    store.before_write = [lambda: decide(store, LOCKED)]
    assert await refused(join(context, request())) is ErrorCode.ROOM_LOCKED
    assert store.tombstones == {"ann": "removed"}


async def test_those_who_wait_have_a_limit_of_their_own(context: RegistryContext, store: FakeRoomStore) -> None:
    decide(store, LOBBY)
    context = replace(context, limits=replace(context.limits, waiting_per_room=3))
    for number in range(3):
        await join(context, request(f"ann{number}"))
    assert await refused(join(context, request("more"))) is ErrorCode.QUOTA_EXCEEDED
    assert "moderator" in {
        each.peer_id for each in (await join(context, request("moderator", exempt=True))).decode().peers
    }


def test_who_waits_keeps_the_room_open() -> None:
    waiting = peer_record("ann").model_copy(update={"role": "waiting"})
    rooms = rooms_with(waiting)
    assert rooms_to_close(rooms, 100.0, 30.0) == []
    assert rooms.counts().peers == 0
    rooms.apply_peer("r", "ann", None, 9, 100.0)
    assert rooms_to_close(rooms, 129.0, 30.0) == []
    assert rooms_to_close(rooms, 130.0, 30.0) == ["r"]


async def test_a_room_is_closed_with_everybody_in_it(context: RegistryContext, store: FakeRoomStore) -> None:
    for record in (peer_record("one"), peer_record("recorder", role="recorder")):
        store.store_peer(record)
    await close_room(context, CloseRoom(room_id="r"))
    await close_room(context, CloseRoom(room_id="r"))
    assert store.rooms.get("r") is None
    assert store.tombstones == {"one": "room_closed", "recorder": "room_closed"}
    assert store.room_removals == ["closed"]


async def test_nobody_enters_a_room_while_it_is_closed(context: RegistryContext, store: FakeRoomStore) -> None:
    store.before_write = [lambda: decide(store, Moderation(ended=True))]
    assert await refused(join(context, request(exempt=True))) is ErrorCode.ROOM_NOT_FOUND
    assert store.tombstones == {"ann": "room_closed"}
    assert await refused(lobby.set_access(context, SetRoomAccess(room_id="r", locked=True))) is (
        ErrorCode.ROOM_NOT_FOUND
    )


async def test_creating_a_room_finishes_a_close_that_was_abandoned(
    context: RegistryContext, store: FakeRoomStore
) -> None:
    room_id = ids.room_id("call")
    ended = room_record(room_id).model_copy(update={"moderation": Moderation(ended=True)})
    store.store_room(room_id, ended)
    store.store_peer(peer_record("one", room_id))
    await room.create(context, CreateRoom(call_id="call"))
    assert store.tombstones == {"one": "room_closed"}
    created = store.rooms.get(room_id)
    assert created is not None
    assert created.settings is not None
    assert not created.settings.ended


def test_an_abandoned_close_is_finished_by_the_sweep() -> None:
    ended = room_record().model_copy(update={"moderation": Moderation(ended=True)})
    rooms = rooms_with(peer_record("one"), settings=ended)
    assert orphaned_peers(rooms, 4.9) == []
    assert [each.peer_id for each in orphaned_peers(rooms, 5.0)] == ["one"]
    rooms.apply_peer("r", "one", None, 9, 6.0)
    assert rooms_to_close(rooms, 10.9, 30.0) == []
    assert rooms_to_close(rooms, 11.0, 30.0) == ["r"]

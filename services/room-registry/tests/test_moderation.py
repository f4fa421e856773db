"""Decisions about users, also when their peers join or produce at the same moment."""

from __future__ import annotations

import pytest

from hubbub_contracts import ErrorCode, HubbubError, ids
from hubbub_contracts.bus.moderation import (
    LiftBan,
    MuteSource,
    RemovePeer,
    SetGrantedRole,
    SetHand,
    SetRole,
    StopSource,
    UnmuteSource,
)
from hubbub_contracts.bus.moderation_records import Moderation, MutedSource
from hubbub_contracts.bus.peer import JoinRoom
from hubbub_contracts.bus.producer import AddProducer, SetProducerPaused
from hubbub_contracts.bus.records import PeerRecord, ProducerRecord
from hubbub_contracts.bus.revocation import Revoke
from hubbub_registry.handlers import moderation, producer
from hubbub_registry.handlers.context import RegistryContext
from hubbub_registry.handlers.join import join
from hubbub_registry.handlers.revocation import revoke
from support.fake_room_store import FakeRoomStore
from support.registry_fakes import FakeRevocationStore
from support.registry_records import peer_record, room_record

MUTE = MuteSource(room_id="r", peer_id="one", source="microphone")
BAN = RemovePeer(room_id="r", peer_id="one", ban=True)


def rules(store: FakeRoomStore) -> Moderation:
    room = store.rooms.get("r")
    assert room is not None
    assert room.settings is not None
    return room.settings.record.rules


def peer(store: FakeRoomStore, peer_id: str = "one") -> PeerRecord:
    found = store.rooms.find_peer("r", peer_id)
    assert found is not None
    return found.record


def add(producer_id: str = "new", *, paused: bool = False) -> AddProducer:
    return AddProducer(room_id="r", peer_id="one", producer_id=producer_id, kind="audio", app_data={}, paused=paused)


def user(peer_id: str, user_id: str = "u", producers: int = 0) -> PeerRecord:
    return peer_record(peer_id, producers=producers).model_copy(update={"user_id": user_id})


async def refused(attempt: object) -> ErrorCode:
    with pytest.raises(HubbubError) as caught:
        await attempt  # type: ignore[misc]
    return caught.value.code


async def test_a_mute_pauses_the_source_of_all_peers_of_the_user(
    context: RegistryContext, store: FakeRoomStore
) -> None:
    for record in (user("one", producers=2), user("two", producers=1), user("bob", "bob", producers=1)):
        store.store_peer(record)
    answer = await moderation.mute(context, MUTE)
    assert rules(store).muted_sources("u") == ["microphone"]
    assert answer.revision <= store.sequence
    running = {each: [one.paused for one in peer(store, each).producers] for each in ("one", "two", "bob")}
    assert running == {"one": [True, True], "two": [True], "bob": [False]}
    written = store.sequence
    await moderation.mute(context, MUTE)
    assert store.sequence == written, "a repetition writes nothing"


async def test_a_user_who_is_not_there_is_muted_by_id(context: RegistryContext, store: FakeRoomStore) -> None:
    await moderation.mute(context, MuteSource(room_id="r", user_id="u", source="microphone"))
    store.store_peer(user("one"))
    assert (await producer.add(context, add())).paused
    assert peer(store).producers[0].paused


async def test_a_producer_of_a_muted_source_comes_up_paused_and_cannot_be_resumed(
    context: RegistryContext, store: FakeRoomStore
) -> None:
    store.store_peer(user("one"))
    await moderation.mute(context, MUTE)
    assert (await producer.add(context, add())).paused
    resume = SetProducerPaused(room_id="r", peer_id="one", producer_id="new", paused=False)
    assert await refused(producer.set_paused(context, resume)) is ErrorCode.MUTED
    assert [each.paused for each in peer(store).producers] == [True]
    await moderation.unmute(context, UnmuteSource(room_id="r", user_id="u", source="microphone"))
    assert [each.paused for each in peer(store).producers] == [True], "nothing is switched on"
    assert not (await producer.set_paused(context, resume)).paused
    assert [each.paused for each in peer(store).producers] == [False]


async def test_another_source_is_resumed_although_a_muted_one_is_not_paused_yet(
    context: RegistryContext, store: FakeRoomStore
) -> None:
    await moderation.mute(context, MuteSource(room_id="r", user_id="u", source="microphone"))
    camera = ProducerRecord(producer_id="camera", kind="video", app_data={}, paused=True)
    record = user("one", producers=1)
    store.store_peer(record.model_copy(update={"producers": [*record.producers, camera]}))
    resume = SetProducerPaused(room_id="r", peer_id="one", producer_id="camera", paused=False)
    assert not (await producer.set_paused(context, resume)).paused
    assert [each.paused for each in peer(store).producers] == [True, False]


@pytest.mark.parametrize("mute_first", [True, False])
async def test_a_mute_and_a_producer_at_the_same_moment(
    context: RegistryContext, store: FakeRoomStore, mute_first: bool
) -> None:
    store.store_peer(user("one"))
    muted = Moderation(muted=[MutedSource(user_id="u", source="microphone")])
    record = store.rooms.get("r")
    assert record is not None
    assert record.settings is not None
    settings = record.settings.record.model_copy(update={"moderation": muted})
    if mute_first:  # between the decision about the producer and its write
        store.before_write = [lambda: store.store_room("r", settings)]
        assert (await producer.add(context, add())).paused
    else:  # the producer is written after the decision about the mute, before its write
        running = user("one", producers=1)
        store.before_write = [lambda: store.store_peer(running)]
        await moderation.mute(context, MUTE)
    assert [each.paused for each in peer(store).producers] == [True]


async def test_a_moderator_asks_a_peer_to_unmute(context: RegistryContext, store: FakeRoomStore) -> None:
    store.store_peer(user("one"))
    await moderation.mute(context, MUTE)
    ask = UnmuteSource(room_id="r", peer_id="one", source="microphone", asked_by="mia")
    first = await moderation.unmute(context, ask)
    asked = peer(store).unmute_request
    assert asked is not None
    assert (asked.source, asked.asked_by, rules(store).muted) == ("microphone", "mia", [])
    assert first.revision == store.sequence
    await moderation.unmute(context, ask)
    again = peer(store).unmute_request
    assert again is not None
    assert again.request_id != asked.request_id


async def test_a_source_is_stopped_and_may_be_started_again(context: RegistryContext, store: FakeRoomStore) -> None:
    store.store_peer(user("one", producers=2))
    store.store_peer(user("two", producers=1))
    stop = StopSource(room_id="r", peer_id="one", source="microphone")
    await moderation.stop_source(context, stop)
    assert (peer(store).producers, len(peer(store, "two").producers)) == ([], 1)
    assert not (await producer.add(context, add())).paused


async def test_one_peer_is_removed_without_a_ban(
    context: RegistryContext, store: FakeRoomStore, revocations: FakeRevocationStore
) -> None:
    store.store_peer(user("one"))
    store.store_peer(user("two"))
    remove = RemovePeer(room_id="r", peer_id="one")
    await moderation.remove(context, remove)
    assert revocations.records == {}
    assert await refused(moderation.remove(context, remove)) is ErrorCode.NOT_FOUND
    assert store.tombstones == {"one": "kicked"}
    assert not rules(store).is_banned("u")


JOIN = JoinRoom(room_id="r", peer_id="three", user_id="u", display_name="U", app_data={}, signaling_id="s")


async def test_a_ban_removes_all_peers_of_the_user_and_refuses_new_ones(
    context: RegistryContext, store: FakeRoomStore, revocations: FakeRevocationStore
) -> None:
    for record in (user("one"), user("two"), user("bob", "bob")):
        store.store_peer(record)
    await moderation.remove(context, BAN)
    assert [(each.user_id, each.call_id) for each in revocations.records.values()] == [("u", "c")]
    assert store.tombstones == {"one": "banned", "two": "banned"}
    assert await refused(join(context, JOIN)) is ErrorCode.BANNED
    await moderation.lift_ban(context, LiftBan(room_id="r", user_id="u"))
    assert len((await join(context, JOIN)).decode().peers) == 2
    assert [each.not_before for each in revocations.records.values()] == [0]
    await moderation.lift_ban(context, LiftBan(room_id="r", user_id="u"))
    await revoke(context, Revoke(user_id="u", call_id="c"))
    await moderation.lift_ban(context, LiftBan(room_id="r", user_id="u"))
    assert sorted(each.not_before > 0 for each in revocations.records.values()) == [False, True]


async def test_a_ban_revokes_the_tokens_of_the_rooms_tenant(
    context: RegistryContext, store: FakeRoomStore, revocations: FakeRevocationStore
) -> None:
    room_id = ids.room_id("c", "acme")
    store.store_room(room_id, room_record(room_id))
    await moderation.remove(context, RemovePeer(room_id=room_id, user_id="u", ban=True))
    assert [(each.tenant, each.user_id) for each in revocations.records.values()] == [("acme", "u")]


async def test_a_ban_before_the_write_of_a_join_rolls_the_join_back(
    context: RegistryContext, store: FakeRoomStore
) -> None:
    store.store_peer(user("one"))

    def ban_now() -> None:
        room = store.rooms.get("r")
        assert room is not None
        assert room.settings is not None
        banned = room.settings.record.model_copy(update={"moderation": Moderation(banned=["u"])})
        store.store_room("r", banned)

    store.before_write = [ban_now]
    assert await refused(join(context, JOIN)) is ErrorCode.BANNED
    assert store.tombstones == {"three": "removed"}


async def test_a_join_before_the_write_of_a_ban_is_removed_by_the_ban(
    context: RegistryContext, store: FakeRoomStore
) -> None:
    store.store_peer(user("one"))
    store.before_write = [lambda: store.store_peer(user("three"))]
    await moderation.remove(context, BAN)
    assert store.tombstones == {"one": "banned", "three": "banned"}


async def test_roles_belong_to_the_user(context: RegistryContext, store: FakeRoomStore) -> None:
    store.store_peer(user("one"))
    await moderation.set_role(context, SetRole(room_id="r", peer_id="one", role="listener"))
    assert rules(store).role_of("u") == "listener"
    await moderation.set_granted_role(context, SetGrantedRole(room_id="r", peer_id="one", role="moderator"))
    assert peer(store).room_role == "moderator"


async def test_a_hand_is_raised_once_and_lowered(context: RegistryContext, store: FakeRoomStore) -> None:
    store.store_peer(user("one"))
    up, down = (SetHand(room_id="r", peer_id="one", raised=raised) for raised in (True, False))
    await moderation.set_hand(context, up)
    raised_at = peer(store).hand_raised_at
    await moderation.set_hand(context, up)
    assert raised_at is not None
    assert peer(store).hand_raised_at == raised_at
    await moderation.set_hand(context, down)
    assert peer(store).hand_raised_at is None


@pytest.mark.parametrize("peer_id", ["recorder", "nobody"])
async def test_services_and_strangers_are_no_targets(
    context: RegistryContext, store: FakeRoomStore, peer_id: str
) -> None:
    store.store_peer(peer_record("recorder", role="recorder"))
    written = store.sequence
    assert await refused(moderation.mute(context, MUTE.model_copy(update={"peer_id": peer_id}))) is ErrorCode.NOT_FOUND
    assert await refused(moderation.remove(context, BAN.model_copy(update={"peer_id": peer_id}))) is ErrorCode.NOT_FOUND
    remove = BAN.model_copy(update={"peer_id": peer_id, "ban": False})
    assert await refused(moderation.remove(context, remove)) is ErrorCode.NOT_FOUND
    assert store.sequence == written


async def test_a_decision_in_no_room_is_refused(context: RegistryContext, store: FakeRoomStore) -> None:
    store.store_room("r", None)
    assert await refused(moderation.mute(context, MUTE)) is ErrorCode.ROOM_NOT_FOUND

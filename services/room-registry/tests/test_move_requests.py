"""Requests about a peer that moves to another media node before it loses the former one."""

from __future__ import annotations

from typing import Any

import pytest

from hubbub_contracts import Done, ErrorCode, HubbubError
from hubbub_contracts.bus.moderation import MuteSource, StopSource
from hubbub_contracts.bus.peer import EndMove, JoinRoom
from hubbub_contracts.bus.producer import AddProducer, ReplaceProducer
from hubbub_contracts.bus.records import Leaving, PeerRecord, Placement
from hubbub_registry.domain.relocation import begin_move
from hubbub_registry.handlers import moderation, producer
from hubbub_registry.handlers.context import RegistryContext
from hubbub_registry.handlers.join import join
from hubbub_registry.handlers.peer import end_move
from support.fake_room_store import FakeRoomStore
from support.registry_records import A, B, peer_record

LEAVING = Leaving(placement=A, deadline=30_000)
END = EndMove(room_id="r", peer_id="one", claim_id="claim")


def replacement(producer_id: str = "p0", placement: Placement = B, *, paused: bool = False) -> ReplaceProducer:
    return ReplaceProducer(room_id="r", peer_id="one", producer_id=producer_id, paused=paused, placement=placement)


def peer(store: FakeRoomStore) -> PeerRecord:
    found = store.rooms.find_peer("r", "one")
    assert found is not None
    return found.record


def paused(store: FakeRoomStore) -> list[bool]:
    return [each.paused for each in peer(store).producers]


@pytest.fixture(autouse=True)
def moving(store: FakeRoomStore) -> None:
    """A peer with two producers moves from A to B."""
    store.store_peer(begin_move(peer_record("one", producers=2, claim_id="claim"), B, LEAVING, "op"))


async def refused(attempt: Any) -> ErrorCode:
    with pytest.raises(HubbubError) as caught:
        await attempt
    return caught.value.code


async def test_a_producer_changes_its_node_and_nothing_else(context: RegistryContext, store: FakeRoomStore) -> None:
    before = peer(store)
    answer = await producer.replace(context, replacement())
    after = peer(store)
    assert [after.placement_of(each) for each in after.producers] == [B, A]
    assert answer.revision == store.sequence
    assert not answer.paused
    assert [each.model_copy(update={"placement": None}) for each in before.producers] == [
        each.model_copy(update={"placement": None}) for each in after.producers
    ]
    await producer.replace(context, replacement())
    assert store.sequence == answer.revision, "a repetition writes nothing"


async def test_a_replacement_is_refused(context: RegistryContext, store: FakeRoomStore) -> None:
    before = store.sequence
    assert await refused(producer.replace(context, replacement("unknown"))) is ErrorCode.NOT_FOUND
    assert await refused(producer.replace(context, replacement(placement=A))) is ErrorCode.INVALID_STATE
    await end_move(context, END)
    assert await refused(producer.replace(context, replacement())) is ErrorCode.NOT_FOUND
    assert store.sequence == before + 1


async def test_a_producer_that_is_paused_stays_so(context: RegistryContext, store: FakeRoomStore) -> None:
    first, second = peer(store).producers
    producers = [first.model_copy(update={"paused": True}), second]
    store.store_peer(peer(store).model_copy(update={"producers": producers}))
    assert (await producer.replace(context, replacement())).paused, "against what the client asked for"
    assert not (await producer.replace(context, replacement("p1", paused=True))).paused, "as the client asked for"
    assert paused(store) == [True, True]


async def test_a_mute_and_a_replacement_at_the_same_moment(context: RegistryContext, store: FakeRoomStore) -> None:
    """Whichever is written first: the producer is paused, and on the new node."""
    mute = MuteSource(room_id="r", peer_id="one", source="microphone")
    await moderation.mute(context, mute)
    await producer.replace(context, replacement())
    assert paused(store) == [True, True]

    store.store_peer(begin_move(peer_record("one", producers=2, claim_id="claim"), B, LEAVING, "op"))
    assert (await producer.replace(context, replacement())).paused, "the peer's record did not say so yet"
    assert (paused(store), peer(store).producers[0].placement) == ([True, True], None)


async def test_a_source_that_is_stopped_is_not_replaced(context: RegistryContext, store: FakeRoomStore) -> None:
    await moderation.stop_source(context, StopSource(room_id="r", peer_id="one", source="microphone"))
    assert await refused(producer.replace(context, replacement())) is ErrorCode.NOT_FOUND
    assert (peer(store).producers, peer(store).leaving) == ([], LEAVING)


async def test_a_new_producer_is_on_the_new_node(context: RegistryContext, store: FakeRoomStore) -> None:
    await producer.replace(context, replacement())
    await end_move(context, END)
    store.store_peer(begin_move(peer(store), A, Leaving(placement=B, deadline=30_000), "op"))
    add = AddProducer(
        room_id="r", peer_id="one", producer_id="new", kind="audio", app_data={}, paused=False, placement=B
    )
    assert await refused(producer.add(context, add)) is ErrorCode.INVALID_STATE
    await producer.add(context, add.model_copy(update={"placement": A}))
    after = peer(store)
    assert [after.placement_of(each) for each in after.producers] == [B, A]


async def test_the_end_of_a_move_is_written_once(context: RegistryContext, store: FakeRoomStore) -> None:
    await producer.replace(context, replacement())
    assert await refused(end_move(context, END.model_copy(update={"claim_id": "older"}))) is ErrorCode.CONFLICT
    assert peer(store).leaving == LEAVING
    assert await end_move(context, END) == Done()
    after, written = peer(store), store.sequence
    assert (after.placement, after.leaving, [each.producer_id for each in after.producers]) == (B, None, ["p0"])
    assert await end_move(context, END) == Done()
    assert store.sequence == written
    gone = END.model_copy(update={"peer_id": "unknown"})
    assert await refused(end_move(context, gone)) is ErrorCode.NOT_FOUND


@pytest.mark.parametrize("named", [True, False])
async def test_a_join_says_whether_the_client_makes_before_it_breaks(context: RegistryContext, *, named: bool) -> None:
    answer = await join(
        context,
        JoinRoom(
            room_id="r",
            peer_id="two",
            user_id="u",
            display_name="U",
            app_data={},
            signaling_id="s",
            make_before_break=named,
        ),
    )
    assert {each.peer_id: each.make_before_break for each in answer.decode().peers} == {"one": False, "two": named}

"""Requests about a peer's standby."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from hubbub_contracts import Done, ErrorCode, HubbubError
from hubbub_contracts.bus.moderation import StopSource
from hubbub_contracts.bus.peer import ChooseStandby, ClaimPeer, EndStandby, JoinRoom
from hubbub_contracts.bus.producer import AddProducer, AddStandbyProducer, RemoveProducers
from hubbub_contracts.bus.records import Leaving, PeerRecord, Placement, Standby
from hubbub_contracts.resume_secret import digest
from hubbub_registry.domain.choice_rate import NODE_CHOICES_PER_SECOND, PEER_CHOICES, PEER_CHOICES_PER_SECOND
from hubbub_registry.domain.relocation import begin_move
from hubbub_registry.handlers import join, moderation, producer, standby
from hubbub_registry.handlers import peer as claims
from hubbub_registry.handlers.context import RegistryContext
from support.fake_room_store import FakeRoomStore
from support.registry_records import A, B, heartbeat, nodes_with, peer_record

C = Placement(node_id="c", epoch=3)
CHOOSE = ChooseStandby(room_id="r", peer_id="one")


@pytest.fixture(autouse=True)
def one(store: FakeRoomStore) -> None:
    """A peer on A with two producers."""
    store.store_peer(peer_record("one", producers=2))


@pytest.fixture
def context(context: RegistryContext) -> RegistryContext:
    """Rooms may be on several nodes."""
    return replace(context, room_peers_per_node=800)


def peer(store: FakeRoomStore, peer_id: str = "one") -> PeerRecord:
    found = store.rooms.find_peer("r", peer_id)
    assert found is not None
    return found.record


def copy_of(producer_id: str, placement: Placement = B) -> AddStandbyProducer:
    return AddStandbyProducer(room_id="r", peer_id="one", producer_id=producer_id, placement=placement)


async def refused(attempt: Any) -> tuple[ErrorCode, bool]:
    """The code, and whether it is retryable."""
    with pytest.raises(HubbubError) as caught:
        await attempt
    return caught.value.code, caught.value.retryable


async def test_a_standby_is_chosen_once(context: RegistryContext, store: FakeRoomStore) -> None:
    answer = await standby.choose(context, CHOOSE)
    assert (answer.placement, answer.revision) == (B, store.sequence)
    assert peer(store).standby == Standby(placement=B)
    await standby.add_producer(context, copy_of("p0"))
    again = await standby.choose(context, CHOOSE)
    assert (again.placement, again.revision) == (B, store.sequence)
    assert peer(store).standby == Standby(placement=B, producers=["p0"]), "its copies stay"


async def test_who_cannot_have_one_now(context: RegistryContext, store: FakeRoomStore) -> None:
    store.store_peer(peer_record("one").model_copy(update={"role": "waiting"}))
    assert await refused(standby.choose(context, CHOOSE)) == (ErrorCode.INVALID_STATE, False)
    store.store_peer(begin_move(peer_record("one"), B, Leaving(placement=A, deadline=30_000), "op"))
    assert await refused(standby.choose(context, CHOOSE)) == (ErrorCode.INVALID_STATE, True)
    store.store_peer(peer_record("one", placement=None))
    assert await refused(standby.choose(context, CHOOSE)) == (ErrorCode.INVALID_STATE, True)
    store.store_peer(peer_record("one"))
    context.nodes.lease_removed("a", 1.0, released=True)
    assert await refused(standby.choose(context, CHOOSE)) == (ErrorCode.INVALID_STATE, True)
    unknown = CHOOSE.model_copy(update={"peer_id": "unknown"})
    assert await refused(standby.choose(context, unknown)) == (ErrorCode.NOT_FOUND, False)
    assert peer(store).standby is None


async def test_no_node_takes_it(context: RegistryContext, store: FakeRoomStore) -> None:
    context.nodes.heartbeat(heartbeat(B, cpu=0.8), 1.0)
    assert await refused(standby.choose(context, CHOOSE)) == (ErrorCode.UNAVAILABLE, True)
    store.store_peer(peer_record("one", placement=A).model_copy(update={"standby": Standby(placement=B)}))
    assert (await standby.choose(context, CHOOSE)).placement == B, "a busy one is kept"
    context.nodes.heartbeat(heartbeat(B, drain_deadline=30_000), 2.0)
    assert await refused(standby.choose(context, CHOOSE)) == (ErrorCode.UNAVAILABLE, True), "it ends first"
    assert peer(store).standby == Standby(placement=B)


@pytest.mark.parametrize("switched_off", [{"standby": False}, {"room_peers_per_node": None}])
async def test_where_nobody_has_one_a_client_need_not_ask_again(
    context: RegistryContext, store: FakeRoomStore, switched_off: dict[str, Any]
) -> None:
    assert await refused(standby.choose(replace(context, **switched_off), CHOOSE)) == (ErrorCode.UNAVAILABLE, False)
    assert peer(store).standby is None


async def chooses(context: RegistryContext, peer_id: str) -> Placement | None:
    """The standby of a peer; None: the registry asks it to come again."""
    try:
        return (await standby.choose(context, CHOOSE.model_copy(update={"peer_id": peer_id}))).placement
    except HubbubError as error:
        if (error.code, error.retryable) != (ErrorCode.UNAVAILABLE, True):
            raise
        return None


async def ends(context: RegistryContext, peer_id: str) -> None:
    await standby.end(context, EndStandby(room_id="r", peer_id=peer_id, placement=B))


async def test_a_node_is_chosen_a_few_times_a_second(context: RegistryContext, store: FakeRoomStore) -> None:
    names = [f"p{number}" for number in range(NODE_CHOICES_PER_SECOND + 3)]
    for name in names:
        store.store_peer(peer_record(name))
    *first, refused_one, second, third = names
    store.now = 100.0
    assert [await chooses(context, name) for name in [*first, refused_one]] == [B] * len(first) + [None]
    assert await chooses(context, first[0]) == B, "who has one does not choose"
    store.now += 1 / NODE_CHOICES_PER_SECOND
    assert [await chooses(context, name) for name in (second, third)] == [B, None]


async def test_the_next_node_is_chosen_when_the_best_one_was_too_often(
    context: RegistryContext, store: FakeRoomStore
) -> None:
    context = replace(context, nodes=nodes_with(A, B, C, cpu={"c": 0.5}))
    names = [f"p{number}" for number in range(2 * NODE_CHOICES_PER_SECOND + 1)]
    for name in names:
        store.store_peer(peer_record(name))
    chosen = [await chooses(context, name) for name in names]
    assert chosen == [B] * NODE_CHOICES_PER_SECOND + [C] * NODE_CHOICES_PER_SECOND + [None]


async def test_a_node_that_is_avoided_is_chosen_when_there_is_no_other(
    context: RegistryContext, store: FakeRoomStore
) -> None:
    avoiding = CHOOSE.model_copy(update={"avoid": B})
    assert (await standby.choose(context, avoiding)).placement == B
    await ends(context, "one")
    context = replace(context, nodes=nodes_with(A, B, C, cpu={"c": 0.5}))
    assert (await standby.choose(context, CHOOSE)).placement == B
    await ends(context, "one")
    assert (await standby.choose(context, avoiding)).placement == C


async def test_a_peer_that_ends_its_standby_again_and_again_leaves_the_node_to_others(
    context: RegistryContext, store: FakeRoomStore
) -> None:
    store.store_peer(peer_record("honest"))
    store.now, chosen = 100.0, list[Placement | None]()
    for _ in range(50):
        chosen.append(await chooses(context, "one"))
        await ends(context, "one")
        store.now += 0.1
    assert chosen.count(B) == PEER_CHOICES
    assert await chooses(context, "honest") == B
    store.now += 1 / PEER_CHOICES_PER_SECOND
    assert await chooses(context, "one") == B


async def test_a_refusal_by_the_nodes_costs_the_peer_nothing(context: RegistryContext, store: FakeRoomStore) -> None:
    for number in range(NODE_CHOICES_PER_SECOND):
        store.store_peer(peer_record(f"p{number}"))
        assert await chooses(context, f"p{number}") == B
    for _ in range(PEER_CHOICES + 1):
        assert await chooses(context, "one") is None
    store.now += 1
    assert await chooses(context, "one") == B


async def test_a_choice_that_loses_to_another_write_counts_once(context: RegistryContext, store: FakeRoomStore) -> None:
    for number in range(NODE_CHOICES_PER_SECOND):
        name = f"p{number}"
        store.store_peer(peer_record(name))
        store.before_write = [partial(store.store_peer, peer_record(name, producers=1))]
        assert await chooses(context, name) == B
        assert (peer(store, name).standby, len(peer(store, name).producers)) == (Standby(placement=B), 1)
    for _ in range(PEER_CHOICES):
        store.before_write = [lambda: store.store_peer(peer_record("one", producers=1))]
        store.now += 1
        assert await chooses(context, "one") == B
        await ends(context, "one")


async def test_copies_are_of_the_peers_producers_on_its_standby(context: RegistryContext, store: FakeRoomStore) -> None:
    assert await refused(standby.add_producer(context, copy_of("p0"))) == (ErrorCode.INVALID_STATE, False)
    await standby.choose(context, CHOOSE)
    assert await refused(standby.add_producer(context, copy_of("p0", C))) == (ErrorCode.INVALID_STATE, False)
    assert await refused(standby.add_producer(context, copy_of("unknown"))) == (ErrorCode.NOT_FOUND, False)
    answer = await standby.add_producer(context, copy_of("p1"))
    assert answer.revision == store.sequence
    assert await standby.add_producer(context, copy_of("p1")) == answer
    before = peer(store)
    assert before.standby == Standby(placement=B, producers=["p1"])

    add = AddProducer(room_id="r", peer_id="one", producer_id="p0", kind="audio", app_data={}, paused=False)
    await producer.remove(context, RemoveProducers(room_id="r", peer_id="one", producer_ids=["p0"]))
    await producer.add(context, add.model_copy(update={"placement": A}))
    assert peer(store).standby == before.standby
    await producer.remove(context, RemoveProducers(room_id="r", peer_id="one", producer_ids=["p1"]))
    assert peer(store).standby == Standby(placement=B)


async def test_a_source_that_is_stopped_has_no_copy(context: RegistryContext, store: FakeRoomStore) -> None:
    await standby.choose(context, CHOOSE)
    await standby.add_producer(context, copy_of("p1"))
    await moderation.stop_source(context, StopSource(room_id="r", peer_id="one", source="microphone"))
    assert (peer(store).producers, peer(store).standby) == ([], Standby(placement=B))


async def test_a_standby_ends_once(context: RegistryContext, store: FakeRoomStore) -> None:
    await standby.choose(context, CHOOSE)
    written = store.sequence
    end = EndStandby(room_id="r", peer_id="one", placement=B)
    assert await standby.end(context, end.model_copy(update={"placement": C})) == Done()
    assert (store.sequence, peer(store).standby) == (written, Standby(placement=B))
    assert await standby.end(context, end) == Done()
    assert (peer(store).standby, len(peer(store).producers)) == (None, 2)
    assert await standby.end(context, end) == Done()
    assert store.sequence == written + 1
    assert await refused(standby.end(context, end.model_copy(update={"peer_id": "unknown"}))) == (
        ErrorCode.NOT_FOUND,
        False,
    )


async def test_a_standby_ends_when_the_session_is_resumed(context: RegistryContext, store: FakeRoomStore) -> None:
    store.store_peer(peer_record("one", producers=2, resume_digest=digest("secret")))
    await standby.choose(context, CHOOSE)
    claim = ClaimPeer(room_id="r", peer_id="one", signaling_id="s", claim_id="claim", resume_secret="secret")
    await claims.claim(context, claim)
    assert (peer(store).claim_id, peer(store).standby, len(peer(store).producers)) == ("claim", None, 2)


async def test_a_room_that_is_nearly_full_gets_no_standbys(context: RegistryContext, store: FakeRoomStore) -> None:
    room = store.rooms.get("r")
    assert room is not None

    def of_bytes(limit: float) -> RegistryContext:
        return replace(context, limits=replace(context.limits, room_bytes=int(limit)))

    assert await refused(standby.choose(of_bytes(room.size / 0.9), CHOOSE)) == (ErrorCode.UNAVAILABLE, True)
    assert peer(store).standby is None
    await standby.choose(context, CHOOSE)
    full = of_bytes(room.size / 0.9)
    assert (await standby.choose(full, CHOOSE)).placement == B, "what it has is no addition"
    assert await refused(standby.add_producer(full, copy_of("p0"))) == (ErrorCode.UNAVAILABLE, True)
    await standby.add_producer(of_bytes((room.size + 200) / 0.9), copy_of("p0"))
    assert peer(store).standby == Standby(placement=B, producers=["p0"])


async def test_standbys_take_no_bytes_from_joins_and_producers(context: RegistryContext, store: FakeRoomStore) -> None:
    room = store.rooms.get("r")
    assert room is not None
    before = room.size
    large = Standby(placement=B, producers=[f"producer-{number}" for number in range(100)])
    store.store_peer(peer(store).model_copy(update={"standby": large}))
    assert room.size_without_standbys == pytest.approx(before, abs=30)
    full = replace(context, limits=replace(context.limits, room_bytes=room.size))
    joins = JoinRoom(room_id="r", peer_id="two", user_id="u", display_name="U", app_data={}, signaling_id="s")
    await join.join(full, joins)
    add = AddProducer(room_id="r", peer_id="two", producer_id="q", kind="audio", app_data={}, paused=False)
    await producer.add(full, add.model_copy(update={"placement": peer(store, "two").placement}))
    full = replace(context, limits=replace(context.limits, room_bytes=room.size_without_standbys))
    again = add.model_copy(update={"producer_id": "r", "placement": peer(store, "two").placement})
    assert await refused(producer.add(full, again)) == (ErrorCode.QUOTA_EXCEEDED, False)


async def test_of_two_choices_the_first_that_is_written_holds(context: RegistryContext, store: FakeRoomStore) -> None:
    other = replace(context, nodes=nodes_with(A, B, C))
    store.before_write = [lambda: store.store_peer(peer(store).model_copy(update={"standby": Standby(placement=C)}))]
    assert (await standby.choose(other, CHOOSE)).placement == C

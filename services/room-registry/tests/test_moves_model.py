"""Any sequence of joins, drains, deaths and requests leaves each peer with one home, or with two while it moves.

A standby is not one of them, until the node of its peer ends.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Iterator
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hubbub_bus import unix_ms
from hubbub_contracts import ErrorCode, HubbubError, ids
from hubbub_contracts.bus.lease import LeaseRecord
from hubbub_contracts.bus.peer import ChooseStandby, EndMove, EndStandby, JoinRoom
from hubbub_contracts.bus.producer import AddProducer, AddStandbyProducer, RemoveProducers, ReplaceProducer
from hubbub_contracts.bus.records import PeerRecord, Placement
from hubbub_registry.domain.limits import Limits
from hubbub_registry.domain.nodes import Nodes
from hubbub_registry.handlers import peer, producer, standby
from hubbub_registry.handlers.context import RegistryContext
from hubbub_registry.handlers.join import join
from hubbub_registry.handlers.relocation import Relocator
from support.fake_room_store import FakeRoomStore
from support.registry_fakes import FakeRevocationStore, FakeTelemetry
from support.registry_records import heartbeat, nodes_with, room_record

MAX_PEERS, PEERS_PER_NODE = 6, 2
DRAIN_TIMEOUT = 1_000
"""Milliseconds."""
NAMES = ("a", "b", "c")
ANY = st.integers(0, 99)
"""Selects one of those that exist."""

ResultT = TypeVar("ResultT")


class MovesMachine(RuleBasedStateMachine):
    """One replica with one room; a pass runs when the machine says so."""

    loop: asyncio.AbstractEventLoop

    def __init__(self) -> None:
        super().__init__()
        self.now = unix_ms()
        self.epoch = 1
        self.live = {Placement(node_id=name, epoch=1) for name in NAMES}
        self.deadlines: dict[Placement, int] = {}
        """Of the nodes that drain."""
        self.nodes: Nodes = nodes_with(*sorted(self.live, key=lambda each: each.node_id))
        self.store = FakeRoomStore()
        self.store.store_room("r", room_record(placement=None))
        self.context = RegistryContext(
            self.store,
            self.nodes,
            Limits(rooms=1, peers_per_room=MAX_PEERS, producers_per_peer=2, room_bytes=100_000),
            empty_room_ttl=30.0,
            reconnect_grace=30.0,
            revocations=FakeRevocationStore(),
            revocation_ttl=3600.0,
            telemetry=FakeTelemetry(),
            room_peers_per_node=PEERS_PER_NODE,
            clock=itertools.count().__next__,  # each choice is a second after the last one
        )
        self.relocator = Relocator(self.store, self.nodes, PEERS_PER_NODE)

    @property
    def records(self) -> list[PeerRecord]:
        room = self.store.rooms.get("r")
        assert room is not None
        return [each.record for each in room.peers.values()]

    @property
    def moving(self) -> list[PeerRecord]:
        return [each for each in self.records if each.leaving is not None]

    @property
    def prepared(self) -> list[PeerRecord]:
        return [each for each in self.records if each.standby is not None]

    @staticmethod
    def copies(record: PeerRecord) -> list[str]:
        return [] if record.standby is None else record.standby.producers

    def wait(self, work: Awaitable[ResultT]) -> ResultT:
        async def run() -> ResultT:
            return await work

        return self.loop.run_until_complete(run())

    def code(self, work: Awaitable[object]) -> ErrorCode | None:
        """The code of its error; None: it succeeded."""
        try:
            self.wait(work)
        except HubbubError as error:
            return error.code
        return None

    @initialize(movers=st.lists(st.booleans(), max_size=MAX_PEERS))
    def begin(self, movers: list[bool]) -> None:
        for index, mover in enumerate(movers):
            self.join(features=mover)
            self.produce(index)

    @precondition(lambda self: self.live - self.deadlines.keys() and len(self.records) < MAX_PEERS)
    @rule(features=st.booleans())
    def join(self, *, features: bool) -> None:
        message = JoinRoom(
            room_id="r",
            peer_id=ids.mint(),
            user_id="u",
            display_name="U",
            app_data={},
            signaling_id="s",
            claim_id=ids.mint(),
            make_before_break=features,
        )
        self.wait(join(self.context, message))

    @precondition(lambda self: self.records)
    @rule(index=ANY)
    def produce(self, index: int) -> None:
        record = self.records[index % len(self.records)]
        if len(record.producers) < 2:
            self.wait(
                producer.add(
                    self.context,
                    AddProducer(
                        room_id="r",
                        peer_id=record.peer_id,
                        producer_id=ids.mint(),
                        kind="audio",
                        app_data={},
                        paused=False,
                        placement=record.placement,
                    ),
                )
            )

    @precondition(lambda self: self.records)
    @rule(index=ANY)
    def remove(self, index: int) -> None:
        record = self.records[index % len(self.records)]
        producers = [each.producer_id for each in record.producers[:1]]
        self.wait(
            producer.remove(self.context, RemoveProducers(room_id="r", peer_id=record.peer_id, producer_ids=producers))
        )
        assert self.copies(self.of(record)) == [each for each in self.copies(record) if each not in producers]

    @precondition(lambda self: self.records)
    @rule(index=ANY)
    def choose_standby(self, index: int) -> None:
        record = self.records[index % len(self.records)]
        code = self.code(standby.choose(self.context, ChooseStandby(room_id="r", peer_id=record.peer_id)))
        taking = self.live - self.deadlines.keys() - {record.placement}
        if record.leaving is not None or record.placement not in self.live:
            assert code is ErrorCode.INVALID_STATE
        elif record.standby is None:
            assert code is (None if taking else ErrorCode.UNAVAILABLE)
        else:
            assert code is (None if record.standby.placement in taking else ErrorCode.UNAVAILABLE), "it ends first"
            assert self.of(record) == record
        if code is None:
            chosen = self.of(record).standby
            assert chosen is not None
            assert chosen.placement in taking
        else:
            assert self.of(record) == record

    @precondition(lambda self: self.prepared)
    @rule(index=ANY, late=st.booleans())
    def add_copy(self, index: int, *, late: bool) -> None:
        record = self.prepared[index % len(self.prepared)]
        assert record.standby is not None
        former = Placement(node_id=record.standby.placement.node_id, epoch=record.standby.placement.epoch - 1)
        for each in record.producers:
            message = AddStandbyProducer(
                room_id="r",
                peer_id=record.peer_id,
                producer_id=each.producer_id,
                placement=former if late else record.standby.placement,
            )
            code = self.code(standby.add_producer(self.context, message))
            assert code is (ErrorCode.INVALID_STATE if late else None)
        copies = self.copies(record) if late else [each.producer_id for each in record.producers]
        assert set(self.copies(self.of(record))) == set(copies)

    @precondition(lambda self: self.prepared)
    @rule(index=ANY, late=st.booleans())
    def end_standby(self, index: int, *, late: bool) -> None:
        record = self.prepared[index % len(self.prepared)]
        assert record.standby is not None
        named = record.standby.placement if not late else Placement(node_id="d", epoch=1)
        message = EndStandby(room_id="r", peer_id=record.peer_id, placement=named)
        assert self.code(standby.end(self.context, message)) is None
        assert self.of(record).standby == (record.standby if late else None)

    @precondition(lambda self: self.moving)
    @rule(index=ANY)
    def replace(self, index: int) -> None:
        record = self.moving[index % len(self.moving)]
        assert record.placement is not None
        for each in record.producers:
            message = ReplaceProducer(
                room_id="r",
                peer_id=record.peer_id,
                producer_id=each.producer_id,
                paused=False,
                placement=record.placement,
            )
            self.wait(producer.replace(self.context, message))
        assert all(each.placement is None for each in self.of(record).producers)
        assert self.of(record).leaving == record.leaving

    @precondition(lambda self: self.records)
    @rule(index=ANY, late=st.booleans())
    def end(self, index: int, *, late: bool) -> None:
        record = self.records[index % len(self.records)]
        message = EndMove(room_id="r", peer_id=record.peer_id, claim_id=ids.mint() if late else record.claim_id or "")
        assert self.code(peer.end_move(self.context, message)) == (ErrorCode.CONFLICT if late else None)
        kept = [each for each in record.producers if late or each.placement is None]
        leaving = record.leaving if late else None
        assert (self.of(record).leaving, self.of(record).producers) == (leaving, kept)

    @precondition(lambda self: self.live - self.deadlines.keys())
    @rule(index=ANY, at_once=st.booleans())
    def drain(self, index: int, *, at_once: bool) -> None:
        node = self.pick(self.live - self.deadlines.keys(), index)
        self.deadlines[node] = self.now + DRAIN_TIMEOUT
        self.nodes.heartbeat(heartbeat(node, drain_deadline=self.deadlines[node]), 0.0)
        if at_once:
            self.relocate()

    @precondition(lambda self: self.live)
    @rule(index=ANY)
    def node_ends(self, index: int) -> None:
        node = self.pick(self.live, index)
        self.live.discard(node)
        self.deadlines.pop(node, None)
        self.nodes.lease_removed(node.node_id, 0.0, released=True)

    @precondition(lambda self: len(self.live) < len(NAMES))
    @rule()
    def node_starts(self) -> None:
        name = next(name for name in NAMES if all(each.node_id != name for each in self.live))
        self.epoch += 1
        node = Placement(node_id=name, epoch=self.epoch)
        self.live.add(node)
        self.nodes.lease_written(name, LeaseRecord(holder=name, instance="i", epoch=node.epoch), 0.0)
        self.nodes.heartbeat(heartbeat(node), 0.0)

    @rule(milliseconds=st.sampled_from([1, DRAIN_TIMEOUT // 2, DRAIN_TIMEOUT]))
    def time_passes(self, milliseconds: int) -> None:
        self.now += milliseconds

    @rule()
    def relocate(self) -> None:
        before = {each.peer_id: each for each in self.records}
        while not self.wait(self.relocator.run(self.now)):
            pass
        taking = self.live - self.deadlines.keys()
        for record in self.records:
            self.check_pass(before[record.peer_id], record, taking)

    def check_pass(self, before: PeerRecord, after: PeerRecord, taking: set[Placement]) -> None:
        if taking:
            assert after.placement in self.live
        if after.leaving is not None:
            assert after.leaving.deadline > self.now, "a move ends with the pass after its deadline"
            assert after.leaving.placement in self.live
        if after.placement != before.placement and after.leaving is None:
            assert before.placement not in self.live, "nobody is moved by force from a node that lives"
            self.check_placed_again(before, after, taking)
        if after.placement == before.placement:
            stays = before.standby is not None and before.standby.placement in taking
            assert after.standby == (before.standby if stays else None)
        if after.placement != before.placement and after.leaving is not None:
            assert after.make_before_break
            assert (after.leaving.placement, after.placement in taking) == (before.placement, True)
            # A former move that has ended in this pass takes what it did not replace.
            kept = [each.producer_id for each in before.producers if each.placement is None]
            assert [each.producer_id for each in after.producers] == kept
        deadline = None if after.placement is None else self.deadlines.get(after.placement)
        if taking and after.make_before_break and deadline is not None and deadline > self.now:
            assert after.leaving is not None, "it leaves, or it has come from another node that drains"

    @staticmethod
    def check_placed_again(before: PeerRecord, after: PeerRecord, taking: set[Placement]) -> None:
        assert after.standby is None
        if before.standby is None or before.standby.placement not in taking:
            assert after.producers == []
            return
        assert after.placement == before.standby.placement, "its standby is its home"
        kept = [each for each in before.producers if each.producer_id in before.standby.producers]
        assert after.producers == [each.model_copy(update={"placement": None}) for each in kept]

    @invariant()
    def a_standby_is_another_node_of_a_peer_that_stays(self) -> None:
        for record in self.prepared:
            assert record.standby is not None
            assert (record.standby.placement == record.placement, record.leaving) == (False, None)
            assert set(self.copies(record)) <= {each.producer_id for each in record.producers}
            assert len(set(self.copies(record))) == len(self.copies(record))

    @invariant()
    def the_index_has_those_with_a_standby(self) -> None:
        rooms = self.store.rooms
        found = {(each.peer_id, node) for node in rooms.standby_placements for each in rooms.prepared_on(node)}
        assert found == {(each.peer_id, each.standby.placement) for each in self.prepared if each.standby is not None}

    @invariant()
    def two_homes_are_two(self) -> None:
        for record in self.records:
            former = None if record.leaving is None else record.leaving.placement
            assert former is None or former != record.placement
            assert {each.placement for each in record.producers} <= {None, former}

    @invariant()
    def the_index_has_those_who_move(self) -> None:
        assert {each.peer_id for each in self.store.rooms.leaving} == {each.peer_id for each in self.moving}

    def of(self, record: PeerRecord) -> PeerRecord:
        """The record as it is now."""
        return next(each for each in self.records if each.peer_id == record.peer_id)

    @staticmethod
    def pick(nodes: set[Placement], index: int) -> Placement:
        return sorted(nodes, key=lambda each: each.node_id)[index % len(nodes)]


@pytest.fixture
def machine() -> Iterator[type[MovesMachine]]:
    """The machine with an event loop."""
    loop = asyncio.new_event_loop()
    yield type("MovesMachineWithLoop", (MovesMachine,), {"loop": loop})
    loop.close()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("examples", [100, pytest.param(500, marks=pytest.mark.long)])
def test_any_sequence_keeps_one_home_or_two(machine: type[MovesMachine], examples: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )

"""Rooms on several media nodes: each peer is placed at its join, and only the peers of a node that ends move."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from hubbub_contracts.bus.node_list import ListNodes
from hubbub_contracts.bus.records import Placement
from hubbub_contracts.bus.room import RoomSnapshot
from support.registry_machine import RegistryMachine, connected, run
from support.registry_rig import FakeNode, FakeSignaling, Replicas, replicas

PEERS_PER_NODE = 2
NODES = 3
ANY = st.integers(0, 99)
"""Selects one of those that exist."""


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    """Two replicas that let two peers of a room share a node."""
    with replicas(tmp_path_factory.mktemp("registry"), room_peers_per_node=PEERS_PER_NODE) as running:
        yield running


def placed(snapshot: RoomSnapshot) -> dict[str, Placement | None]:
    return {peer.peer_id: peer.placement for peer in snapshot.peers}


class PlacementMachine(RegistryMachine):
    """Peers join and leave one room, which nobody else uses."""

    @initialize()
    def create(self) -> None:
        self.room_id = self.loop.run_until_complete(self.signaling.create())
        self.home: Placement | None = None
        self.peers: dict[str, Placement] = {}
        """In the order of their joins."""

    def expected(self) -> set[Placement]:
        """Where the next peer may go."""
        own = list(dict.fromkeys((self.home, *self.peers.values()))) if self.home is not None else []
        counts = Counter(self.peers.values())
        for each in own:
            if counts[each] < PEERS_PER_NODE:
                return {each}
        return self.nodes - set(own) or self.nodes

    @rule()
    def join(self) -> None:
        expected = self.expected()
        peer_id, snapshot = self.loop.run_until_complete(self.signaling.join(self.room_id))
        placement = placed(snapshot)[peer_id]
        assert placement in expected
        self.peers[peer_id] = placement
        self.home = self.home or placement

    @precondition(lambda self: self.peers)
    @rule(index=ANY)
    def leave(self, index: int) -> None:
        peer_id = list(self.peers)[index % len(self.peers)]
        self.loop.run_until_complete(self.signaling.leave(self.room_id, peer_id))
        del self.peers[peer_id]

    @invariant()
    def nobody_has_moved(self) -> None:
        for _ in range(2):  # either replica answers
            snapshot = self.loop.run_until_complete(self.signaling.room(self.room_id))
            assert placed(snapshot) == self.peers
            assert snapshot.room.placement == self.home


@pytest.fixture
def machine(registry: Replicas) -> Iterator[type[PlacementMachine]]:
    """The machine, connected."""
    with connected(PlacementMachine, registry.nats.url, NODES) as machine:
        yield machine


@pytest.mark.timeout(600)
@pytest.mark.parametrize("examples", [10, pytest.param(300, marks=pytest.mark.long)])
def test_peers_fill_the_nodes_of_their_room_one_after_the_other(machine: type[PlacementMachine], examples: int) -> None:
    run(machine, examples, 15)


async def test_the_death_of_a_node_moves_its_peers_alone(registry: Replicas, signaling: FakeSignaling) -> None:
    await registry.failure_detection_ready()
    async with FakeNode(registry.nats.url) as one, FakeNode(registry.nats.url) as two:
        await signaling.wait_for_nodes(one, two)
        room = await signaling.create()
        joined = [(await signaling.join(room))[0] for _ in range(4)]
        for peer in joined:
            await signaling.request(signaling.add_producer_request(room, peer))
        before = await signaling.room(room)
        home = before.room.placement
        assert Counter(placed(before).values()) == {one.placement: 2, two.placement: 2}
        listed: dict[str, tuple[int, int]] = {}
        async with asyncio.timeout(20):  # the answering replica may be behind
            while [listed.get(each.node_id) for each in (one, two)] != [(1, 2), (1, 2)]:
                nodes = (await signaling.request(ListNodes())).nodes
                listed = {each.node_id: (each.rooms, each.peers) for each in nodes}
        dying, staying = (one, two) if one.placement == home else (two, one)
        async with FakeNode(registry.nats.url) as spare:
            await signaling.wait_for_nodes(spare)
            await dying.kill()
            after = await signaling.wait_for_room(
                room, lambda snapshot: dying.placement not in {snapshot.room.placement, *placed(snapshot).values()}
            )
            assert after.room.placement == staying.placement, "the home moves to a node that the room has"
            for record in after.peers:
                stays = placed(before)[record.peer_id] == staying.placement
                assert record.placement == (staying if stays else spare).placement
                assert len(record.producers) == stays, "who moves makes its producers anew"


async def test_a_draining_node_gets_no_more_peers(registry: Replicas, signaling: FakeSignaling) -> None:
    async with FakeNode(registry.nats.url) as one:
        await signaling.wait_for_nodes(one)
        room = await signaling.create()
        await signaling.join(room)
        async with FakeNode(registry.nats.url) as two:
            await signaling.wait_for_nodes(two)
            one.draining = True
            await signaling.wait_draining(one)
            peer, snapshot = await signaling.join(room)
            assert placed(snapshot)[peer] == two.placement


async def test_peers_are_placed_in_their_region_and_move_within_it(
    registry: Replicas, signaling: FakeSignaling
) -> None:
    await registry.failure_detection_ready()
    async with (
        FakeNode(registry.nats.url, region="us") as far,
        FakeNode(registry.nats.url, region="eu") as near,
        FakeNode(registry.nats.url) as nowhere,
    ):
        await signaling.wait_for_nodes(far, near, nowhere)
        listed = {each.node_id: each.region for each in (await signaling.request(ListNodes())).nodes}
        assert [listed[node.node_id] for node in (far, near, nowhere)] == ["us", "eu", None]
        room = await signaling.create()
        joined = {name: await joined_from(signaling, room, name) for name in ("us", "eu", "mars")}
        assert joined == {"us": far.placement, "eu": near.placement, "mars": far.placement}, "its home is no worse"
        assert (await signaling.room(room)).room.placement == far.placement, "that of the first peer"
        [european] = [peer for peer in (await signaling.room(room)).peers if peer.region == "eu"]

        async with FakeNode(registry.nats.url, region="eu") as spare:
            await signaling.wait_for_nodes(spare)
            await near.kill()
            await signaling.wait_for_room(room, lambda snapshot: placed(snapshot)[european.peer_id] == spare.placement)
            spare.draining = True
            await signaling.wait_draining(spare)
            assert await joined_from(signaling, room, "eu") != spare.placement, "a node that drains counts no more"
            assert placed(await signaling.room(room))[european.peer_id] == spare.placement, "who is there stays"


async def joined_from(signaling: FakeSignaling, room: str, region: str) -> Placement | None:
    """Where a new peer of this region is placed."""
    peer, snapshot = await signaling.join(room, region)
    return placed(snapshot)[peer]

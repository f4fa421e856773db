"""The registry against a model of it: any sequence of requests to two replicas gives what the model says.

After each request, both replicas show the room as the model has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from hubbub_contracts import ErrorCode, HubbubError, Request, ids
from hubbub_contracts.bus.moderation import LiftBan, MuteSource, RemovePeer, SetRoomAccess, UnmuteSource
from hubbub_contracts.bus.peer import LeaveRoom
from hubbub_contracts.bus.producer import RemoveProducers, SetProducerPaused
from hubbub_contracts.bus.room import CreateRoom
from hubbub_contracts.room_options import RoomOptions
from support.registry_machine import RegistryMachine, connected, run
from support.registry_rig import Replicas

MAX_PEERS, MAX_PRODUCERS = 5, 2
"""As the fixture `registry` sets them."""
USERS = ("ann", "ben", "cid")
READS = 2
"""Snapshots after each request: either replica may answer."""
ANY = st.integers(0, 99)
"""Selects one of those that exist."""


@dataclass(slots=True)
class ModelPeer:
    """A peer as the model has it."""

    user: str
    claim: str
    producers: dict[str, bool] = field(default_factory=dict)
    """Producer id -> whether it is paused."""


@dataclass(slots=True)
class ModelRoom:
    """A room as the model has it."""

    peers: dict[str, ModelPeer] = field(default_factory=dict)
    departed: dict[str, ModelPeer] = field(default_factory=dict)
    muted: set[str] = field(default_factory=set)
    banned: set[str] = field(default_factory=set)
    locked: bool = False

    def refusal(self, user: str) -> ErrorCode | None:
        """Why somebody may not join; None: it may."""
        if user in self.banned:
            return ErrorCode.BANNED
        if self.locked:
            return ErrorCode.ROOM_LOCKED
        return ErrorCode.QUOTA_EXCEEDED if len(self.peers) >= MAX_PEERS else None

    def remove(self, peer_id: str) -> None:
        """The peer is gone for good."""
        self.departed[peer_id] = self.peers.pop(peer_id)

    def shown(self) -> dict[str, tuple[str, dict[str, bool]]]:
        """Peer id -> user and producers, to compare."""
        return {peer_id: (peer.user, peer.producers) for peer_id, peer in self.peers.items()}


class RoomMachine(RegistryMachine):
    """Requests about one room, which nobody else uses."""

    def send(self, message: Request[Any]) -> ErrorCode | None:
        """Sends a request to either replica. Returns the code of its error; None: it succeeded."""
        try:
            self.loop.run_until_complete(self.signaling.request(message))
        except HubbubError as error:
            return error.code
        return None

    @initialize(users=st.lists(st.sampled_from(USERS), max_size=MAX_PEERS))
    def create(self, users: list[str]) -> None:
        self.room = ModelRoom()
        # The model has no clock: the room must not end, however long this machine takes.
        message = CreateRoom(call_id=ids.mint(), options=RoomOptions(empty_ttl=600))
        self.room_id = self.loop.run_until_complete(self.signaling.request(message)).room_id
        for user in users:
            self.join(user)
        for index in range(len(users)):
            self.produce(index, 1)

    @rule(user=st.sampled_from(USERS))
    def join(self, user: str) -> None:
        message = self.signaling.join_request(self.room_id).model_copy(update={"user_id": user})
        expected = self.room.refusal(user)
        assert self.send(message) == expected
        if expected is None:
            assert message.claim_id is not None
            self.room.peers[message.peer_id] = ModelPeer(user, message.claim_id)

    @precondition(lambda self: self.room.peers and not self.room.locked)
    @rule(index=ANY, same_claim=st.booleans())
    def join_again(self, index: int, *, same_claim: bool) -> None:
        """A repeated join succeeds, another one with the same peer id does not."""
        peer_id, peer = self._pick(self.room.peers, index)
        message = self.signaling.join_request(self.room_id, peer_id)
        claim = peer.claim if same_claim else message.claim_id
        message = message.model_copy(update={"user_id": peer.user, "claim_id": claim})
        assert self.send(message) == (None if same_claim else ErrorCode.CONFLICT)

    @precondition(lambda self: self.room.departed and not self.room.locked and len(self.room.peers) < MAX_PEERS)
    @rule(index=ANY)
    def join_after_leaving(self, index: int) -> None:
        """A peer id is used once."""
        peer_id, peer = self._pick(self.room.departed, index)
        message = self.signaling.join_request(self.room_id, peer_id)
        expected = ErrorCode.BANNED if peer.user in self.room.banned else ErrorCode.INVALID_STATE
        assert self.send(message.model_copy(update={"user_id": peer.user, "claim_id": peer.claim})) == expected

    @precondition(lambda self: self.room.peers and self.room.locked)
    @rule(index=ANY)
    def join_again_after_the_lock(self, index: int) -> None:
        """Nobody repeats a join that was acknowledged, so it is refused like a new one, and leaves nothing behind."""
        peer_id, peer = self._pick(self.room.peers, index)
        message = self.signaling.join_request(self.room_id, peer_id)
        message = message.model_copy(update={"user_id": peer.user, "claim_id": peer.claim})
        assert self.send(message) is ErrorCode.ROOM_LOCKED
        self.room.remove(peer_id)

    @precondition(lambda self: self.room.peers)
    @rule(index=ANY, times=st.integers(1, 2))
    def leave(self, index: int, times: int) -> None:
        peer_id, peer = self._pick(self.room.peers, index)
        for _ in range(times):
            message = LeaveRoom(room_id=self.room_id, peer_id=peer_id, reason="left", claim_id=peer.claim)
            assert self.send(message) is None
        self.room.remove(peer_id)

    @precondition(lambda self: self.room.peers)
    @rule(index=ANY)
    def leave_late(self, index: int) -> None:
        """A departure under another claim removes nobody."""
        peer_id, _ = self._pick(self.room.peers, index)
        message = LeaveRoom(room_id=self.room_id, peer_id=peer_id, reason="disconnected", claim_id=ids.mint())
        assert self.send(message) is ErrorCode.CONFLICT

    @precondition(lambda self: self.room.peers)
    @rule(index=ANY, times=st.integers(1, 2))
    def produce(self, index: int, times: int) -> None:
        peer_id, peer = self._pick(self.room.peers, index)
        message = self.signaling.add_producer_request(self.room_id, peer_id)
        expected = ErrorCode.QUOTA_EXCEEDED if len(peer.producers) >= MAX_PRODUCERS else None
        for _ in range(times):
            assert self.send(message) is expected
        if expected is None:
            peer.producers[message.producer_id] = peer.user in self.room.muted

    @precondition(lambda self: self._producers())
    @rule(index=ANY, paused=st.booleans())
    def set_paused(self, index: int, *, paused: bool) -> None:
        peer_id, peer, producer_id = self._pick_producer(index)
        message = SetProducerPaused(room_id=self.room_id, peer_id=peer_id, producer_id=producer_id, paused=paused)
        expected = ErrorCode.MUTED if not paused and peer.user in self.room.muted else None
        assert self.send(message) is expected
        if expected is None:
            peer.producers[producer_id] = paused

    @precondition(lambda self: self._producers())
    @rule(index=ANY)
    def close_producer(self, index: int) -> None:
        peer_id, peer, producer_id = self._pick_producer(index)
        message = RemoveProducers(room_id=self.room_id, peer_id=peer_id, producer_ids=[producer_id, ids.mint()])
        assert self.send(message) is None
        del peer.producers[producer_id]

    @rule(user=st.sampled_from(USERS))
    def mute(self, user: str) -> None:
        assert self.send(MuteSource(room_id=self.room_id, user_id=user, source="microphone")) is None
        self.room.muted.add(user)
        for peer in self.room.peers.values():
            if peer.user == user:
                peer.producers = dict.fromkeys(peer.producers, True)

    @rule(user=st.sampled_from(USERS))
    def unmute(self, user: str) -> None:
        """Nothing is switched on."""
        assert self.send(UnmuteSource(room_id=self.room_id, user_id=user, source="microphone")) is None
        self.room.muted.discard(user)

    @rule(user=st.sampled_from(USERS), ban=st.booleans())
    def remove_user(self, user: str, *, ban: bool) -> None:
        assert self.send(RemovePeer(room_id=self.room_id, user_id=user, ban=ban)) is None
        for peer_id in [peer_id for peer_id, peer in self.room.peers.items() if peer.user == user]:
            self.room.remove(peer_id)
        if ban:
            self.room.banned.add(user)

    @rule(user=st.sampled_from(USERS))
    def lift_ban(self, user: str) -> None:
        assert self.send(LiftBan(room_id=self.room_id, user_id=user)) is None
        self.room.banned.discard(user)

    @rule(locked=st.booleans())
    def lock(self, *, locked: bool) -> None:
        assert self.send(SetRoomAccess(room_id=self.room_id, locked=locked)) is None
        self.room.locked = locked

    @invariant()
    def every_replica_shows_the_room(self) -> None:
        for _ in range(READS):
            snapshot = self.loop.run_until_complete(self.signaling.room(self.room_id))
            shown = {
                peer.peer_id: (peer.user_id, {each.producer_id: each.paused for each in peer.producers})
                for peer in snapshot.peers
            }
            assert shown == self.room.shown()
            assert {peer.placement for peer in snapshot.peers} <= {snapshot.room.placement}

    def _producers(self) -> list[tuple[str, ModelPeer, str]]:
        return [(peer_id, peer, each) for peer_id, peer in self.room.peers.items() for each in peer.producers]

    def _pick_producer(self, index: int) -> tuple[str, ModelPeer, str]:
        producers = self._producers()
        return producers[index % len(producers)]

    @staticmethod
    def _pick(peers: dict[str, ModelPeer], index: int) -> tuple[str, ModelPeer]:
        return list(peers.items())[index % len(peers)]


@pytest.fixture
def machine(registry: Replicas) -> Iterator[type[RoomMachine]]:
    """The machine, connected."""
    with connected(RoomMachine, registry.nats.url) as machine:
        yield machine


@pytest.mark.timeout(600)
@pytest.mark.parametrize("examples", [40, pytest.param(500, marks=pytest.mark.long)])
def test_any_sequence_of_requests_gives_what_the_model_says(machine: type[RoomMachine], examples: int) -> None:
    run(machine, examples, 30)
